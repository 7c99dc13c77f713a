"""The report of a sending, as a page of the office, on paper, and as JSON."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign.finding import find_campaign
from mailer.models import CampaignState
from mailer.report import html_page, summary
from mailer.report.outlook import HAS_OUTLOOK, Outlook, outlook
from mailer.report.summary import Progress, Report
from web.office import draft_page
from web.office.acts import settling_acts
from web.office.office_routes import OfficeRoute
from web.office.seen_lists import lists_of_sending, seen
from web.office.story_form import StoryForm
from web.office.visit import Visit
from web.pages import given_out

REFRESH_SECONDS = 3
"""The list of sendings is loaded again so often while one of them runs."""


class Reporting:
    """Other forms of a report: /office/sendings/ID/paper and /office/sendings/ID/report.json."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Numbers only, for whoever sees the numbers of one of its lists."""
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/{name}",
                endpoint,
                Ability.SEE_NUMBERS,
                lists_of_sending,
                partly=True,
            )
            for name, endpoint in (("paper", self.paper), ("report.json", self.numbers))
        ]

    async def paper(self, visit: Visit) -> Response:
        """The report for the minutes, complete in one file: it holds its style, and no address."""
        async with visit.context.database.reading() as session:
            report, list_ids, _lists = await _report(session, visit, visit.number("id"))
            body = await html_page.render(
                session,
                report,
                language=visit.language,
                people=False,
                zone=visit.zone,
                list_ids=list_ids,
                providers=visit.context.options.providers,
                template="reports/paper.html.j2",
                frame={"identity": visit.context.pages.identity, "now": visit.now},
            )
        return given_out(body, visit.language)

    async def numbers(self, visit: Visit) -> Response:
        """The document of `pli report --json`."""
        async with visit.context.database.reading() as session:
            report, _list_ids, _lists = await _report(session, visit, visit.number("id"))
        return visit.json_file(report.as_json(), f"lettre-{report.letter}.json")


async def page(visit: Visit, campaign_id: int) -> Response:
    """The report, in numbers; who got what is asked and listed on pages of its own."""
    async with visit.context.database.reading() as session:
        report, list_ids, lists = await _report(session, visit, campaign_id)
        granted = visit.who.granted
        extras: dict[str, Any] = {
            "layout": "office/base.html.j2",
            "manuscript": await draft_page.manuscript_of(
                session, visit, await find_campaign(session, campaign_id)
            ),
            "may_ask": bool(granted.lists_for(Ability.SEE_COPIES).among(lists)),
            "story_form": StoryForm.empty(visit),
            "acts": [it for it in settling_acts(report) if granted.may(it.needs, lists)]
            if report.state is CampaignState.FINISHED
            else (),
        }
        body = await html_page.render(
            session,
            report,
            language=visit.language,
            people=False,
            list_ids=list_ids,
            providers=visit.context.options.providers,
            template="office/report.html.j2",
            frame=visit.frame(**extras),
        )
    return visit.html(body)


async def _report(
    session: AsyncSession, visit: Visit, campaign_id: int
) -> tuple[Report, frozenset[int] | None, Collection[int]]:
    """The report on the lists that the visitor sees; 404 for none."""
    lists = await summary.lists_of(session, campaign_id)
    if lists is None:
        raise HTTPException(404)
    list_ids = seen(visit.who.granted, Ability.SEE_NUMBERS, lists)
    return await summary.report(session, campaign_id, list_ids=list_ids), list_ids, lists


async def outlook_of(session: AsyncSession, visit: Visit, progress: Progress) -> Outlook:
    """What holds a campaign back, and when it arrives."""
    if progress.state not in HAS_OUTLOOK:
        return Outlook()
    return await outlook(
        session,
        campaign_id=progress.campaign,
        plans=visit.context.options.plans,
        providers=visit.context.options.providers,
        zone=visit.zone,
    )
