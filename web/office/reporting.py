"""The report of a sending, as a page of the office."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.models import CampaignState
from mailer.report import html_page, summary
from mailer.report.outlook import Outlook, outlook
from mailer.report.summary import Progress
from pli import audit
from pli.audit import AuditAction, AuditObject
from web.office.visit import Visit

REFRESH_SECONDS = 3
# Counting a million rows takes a second, so a large report reloads less often.
COPIES_A_SECOND = 20_000
NOTED_EVERY = timedelta(hours=1)
"""A report that reloads by itself is one look an hour in the audit, if it shows no more people."""
_STILL = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.DRAFT)


async def page(visit: Visit, campaign_id: int) -> Response:
    """One report, which reloads by itself while its copies move."""
    async with visit.context.database.reading() as session:
        report = await summary.report(session, campaign_id)
        lists = await summary.lists_of(session, campaign_id) or ()
        shows_people = visit.who.granted.may(Ability.SEE_COPIES, lists)
        ahead = await outlook_of(session, visit, await summary.progress(session, campaign_id))
        refresh = None
        if report.state not in _STILL and "still" not in visit.request.query_params:
            refresh = max(REFRESH_SECONDS, report.candidates // COPIES_A_SECOND)
        page = await html_page.render(
            session,
            report,
            language=visit.language,
            refresh=refresh,
            waits_for=[it.sentence for it in ahead.held_by],
            arrives_at=ahead.arrives_at,
            people=shows_people,
            frame=visit.frame(layout="office/base.html.j2"),
        )
    if shows_people and (listed := html_page.listed(report)):
        await _note(visit, campaign_id, listed)
    return visit.html(page)


async def _note(visit: Visit, campaign_id: int, people: int) -> None:
    """Write down that somebody saw who got what, once an hour while nobody is added."""
    async with visit.context.database.begin() as session:
        seen = await audit.events(
            session,
            account_id=visit.who.account_id,
            action=AuditAction.PEOPLE_VIEWED,
            kind=AuditObject.CAMPAIGN,
            object_id=campaign_id,
            limit=1,
        )
        if seen.events:
            last = seen.events[0]
            if visit.now - last.at < NOTED_EVERY and (last.count or 0) >= people:
                return
        audit.record(
            session,
            by=visit.who.actor,
            action=AuditAction.PEOPLE_VIEWED,
            kind=AuditObject.CAMPAIGN,
            object_id=campaign_id,
            count=people,
            now=visit.now,
        )


async def outlook_of(session: AsyncSession, visit: Visit, progress: Progress) -> Outlook:
    """What holds a running campaign back, and when it arrives."""
    if progress.state is not CampaignState.RUNNING:
        return Outlook()
    return await outlook(
        session,
        campaign_id=progress.campaign,
        plans=visit.context.options.plans,
        providers=visit.context.options.providers,
        zone=visit.zone,
    )
