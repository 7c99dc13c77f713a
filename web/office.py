"""The staff's pages: sendings and their reports. No accounts yet, so for this machine only."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer import reasons
from mailer.models import CampaignState
from mailer.report import html_page, relays_away, summary
from mailer.report.summary import ReportError
from web.pages import Pages, given_out, number_of, only_from_here

SHOWN = 50
REFRESH_SECONDS = 3
# Counting a million rows takes a second, so a large report reloads less often.
COPIES_A_SECOND = 20_000
_STILL = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.DRAFT)


class Office:
    """The pages /campaigns and /report/ID."""

    def __init__(self, pages: Pages, *, inbox: bool, relays: Sequence[str]) -> None:
        """`relays`: their names in the settings, in order."""
        self._pages = pages
        self._inbox = inbox
        self._relays = relays

    def routes(self) -> list[Route]:
        """The routes; each answers only under this machine's own name."""
        return [
            Route("/campaigns", only_from_here(self.campaigns), methods=["GET"]),
            Route("/report/{id:number}", only_from_here(self.report), methods=["GET"]),
        ]

    async def campaigns(self, request: Request) -> Response:
        """The latest sendings, each with a bar of its outcomes."""
        async with self._pages.database.reading() as session:
            latest = await summary.campaigns(session, limit=SHOWN)
            waiting = await relays_away.waits(session, self._relays, zone=self._pages.zone)
        moving = any(it.state is CampaignState.RUNNING for it in latest)
        return self._pages.page(
            "office/campaigns.html.j2",
            self._pages.language_for(request),
            campaigns=[(it, html_page.bar(it)) for it in latest],
            waiting=waiting,
            state=reasons.state,
            status=reasons.status,
            order=html_page.ORDER,
            refresh=REFRESH_SECONDS if moving and "still" not in request.query_params else None,
            office=True,
            inbox=self._inbox,
        )

    async def report(self, request: Request) -> Response:
        """One report, which reloads by itself while its copies move."""
        language = self._pages.language_for(request)
        async with self._pages.database.reading() as session:
            page = await self._page(session, request, language)
        if page is None:
            return self._pages.page("office/no_campaign.html.j2", language, status_code=404)
        return given_out(page, language)

    async def _page(self, session: AsyncSession, request: Request, language: str) -> str | None:
        try:
            campaign_id = await summary.find(session, str(number_of(request, "id")))
        except ReportError:
            return None
        report = await summary.report(session, campaign_id)
        waiting = await relays_away.waits(
            session, self._relays, campaign_id=campaign_id, zone=self._pages.zone
        )
        refresh = None
        if report.state not in _STILL and "still" not in request.query_params:
            refresh = max(REFRESH_SECONDS, report.candidates // COPIES_A_SECOND)
        return await html_page.render(
            session,
            report,
            language=language,
            refresh=refresh,
            office=True,
            waits_for=[it.sentence for it in waiting.get(campaign_id, ())],
            zone=self._pages.zone,
        )
