"""The sendings: their list, and the one address of each, whose page changes with its state."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.models import CampaignState
from mailer.report import html_page, standing, summary
from pli.language import N_
from web.live import MOVING
from web.office import cookies, draft_page, reporting, watching
from web.office.approving import Approving
from web.office.before_release import BeforeRelease
from web.office.checking import Checker, Checking
from web.office.choosing import Choosing
from web.office.counting import Counting
from web.office.draft_page import DECIDED, OPEN, closed
from web.office.from_manuscript import FromManuscript
from web.office.letter_frame import LetterFrame
from web.office.office_routes import Lists, OfficeRoute
from web.office.releasing import Releasing
from web.office.reporting import REFRESH_SECONDS, outlook_of
from web.office.seen_lists import seen
from web.office.visit import Visit

SENDINGS = f"{cookies.PATH}/sendings"
SHOWN = 50
LOOKED_AHEAD = 5
"""For so many running campaigns the list says when they arrive."""


class SendingPages:
    """The pages /office/sendings and /office/sendings/ID, and the addresses that lead there."""

    def __init__(self, counting: Counting, checker: Checker) -> None:
        self._before = BeforeRelease(counting)
        self._parts = (
            Choosing(counting),
            Checking(checker),
            Approving(checker),
            Releasing(checker, self._before),
            LetterFrame(),
            FromManuscript(),
        )

    def office_routes(self) -> Sequence[OfficeRoute]:
        """The page of a sending judges by its state what one has to be allowed to see it."""
        some = Lists.THOSE_GRANTED
        return [
            OfficeRoute("/sendings", self.listed, Ability.SEE_NUMBERS, some, title=N_("Sendings")),
            OfficeRoute("/sendings/{id:number}", self.page, Ability.SEE_SENDINGS, some),
            OfficeRoute("/campaigns", self.to_list, Ability.SEE_NUMBERS, some),
            OfficeRoute("/report/{id:number}", self.to_page, Ability.SEE_SENDINGS, some),
            *(route for part in self._parts for route in part.office_routes()),
        ]

    async def listed(self, visit: Visit) -> Response:
        """The latest sendings, each with a bar of its outcomes."""
        async with visit.context.database.reading() as session:
            latest = await standing.latest(
                session,
                list_ids=None if visit.lists.every else visit.lists.ids,
                limit=SHOWN,
            )
            lists = await standing.lists_of(session, [it.progress.campaign for it in latest])
            running = [it.progress for it in latest if it.progress.state is CampaignState.RUNNING]
            ahead = {
                it.campaign: await outlook_of(session, visit, it) for it in running[:LOOKED_AHEAD]
            }
        still = "still" in visit.request.query_params
        return visit.page(
            "sendings",
            campaigns=[
                (it.progress, html_page.bar(it.progress), it.further_lists) for it in latest
            ],
            closed=closed((it.progress for it in latest), lists, visit.who.granted),
            ahead=ahead,
            state=reasons.state,
            counted=reasons.counted,
            order=html_page.ORDER,
            refresh=REFRESH_SECONDS if running and not still else None,
        )

    async def page(self, visit: Visit) -> Response:
        """The page of the state that the sending is in."""
        campaign_id = visit.number("id")
        async with visit.context.database.reading() as session:
            lists = await summary.lists_of(session, campaign_id)
            if lists is None:
                raise HTTPException(404)
            state = (await summary.progress(session, campaign_id)).state
        granted = visit.who.granted
        decides = granted.lists_for(Ability.SEE_DRAFTS)
        if state in DECIDED and decides.among(lists):
            return await self._before.page(visit, own=seen(granted, Ability.SEE_DRAFTS, lists))
        if state in OPEN:
            raise HTTPException(404)
        if decides.cover(lists) and not granted.lists_for(Ability.SEE_NUMBERS).among(lists):
            return await _begun(visit)
        # Of several lists one may be enough: these pages show its numbers, and that there is more.
        seen(granted, Ability.SEE_NUMBERS, lists)
        if state in MOVING:
            return await watching.page(visit, campaign_id)
        return await reporting.page(visit, campaign_id)

    async def to_list(self, visit: Visit) -> Response:
        """The former address of the list."""
        return visit.go(SENDINGS)

    async def to_page(self, visit: Visit) -> Response:
        """The former address of a report."""
        return visit.go(f"{SENDINGS}/{visit.number('id')}")


async def _begun(visit: Visit) -> Response:
    """What an author is told of the own letter once it is sent: its state, and no number."""
    async with visit.context.database.reading() as session:
        draft = await draft_page.load(session, visit)
    return draft_page.page(visit, draft, "begun")
