"""All findings about a draft in one list, and the warnings that somebody lets pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import ticking
from mailer.campaign.finding import find_campaign
from mailer.campaign.ticking import Ticked
from mailer.report import readiness
from mailer.report.foresee import Foreseen
from mailer.report.readiness import Point
from pli.errors import PliError
from pli.language import N_, say
from web.office import draft_page
from web.office.counting import ASKED_SECONDS, Counting, Overtaken
from web.office.draft_page import LetterPoints, OpenSending, lists_of_sending, sending_options
from web.office.office_routes import OfficeRoute
from web.office.visit import Visit

MACHINE_SECONDS = 4.0
"""A page waits for the doctor for so long; a release waits longer."""
ABOUT = {
    readiness.LETTER: N_("The letter"),
    readiness.LISTS: N_("The lists and the hour"),
    readiness.MACHINE: N_("The machine"),
}


NOT_COUNTED = N_(
    "the people were not counted to the end, as another of your pages counts, too, or it took too "
    "long: try again in a moment"
)


class CheckError(PliError):
    """A finding is not there any more, or the machine could not be asked."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings now; `ticked` by their keys.

    `is_asked`: the machine has not answered yet. `is_counted`: the people were counted; where they
    were not, the findings about lists are missing.
    """

    points: Sequence[Point]
    ticked: dict[str, Ticked]
    foreseen: Foreseen | None
    is_asked: bool
    is_counted: bool

    @property
    def open(self) -> list[Point]:
        """What stands in the way: errors, and warnings that nobody let pass."""
        return [it for it in self.points if it.stops or it.key not in self.ticked]


class Checker:
    """Finds what stands in the way of a sending."""

    def __init__(self, counting: Counting) -> None:
        self._letters = LetterPoints()
        self._counting = counting

    async def findings(
        self, visit: Visit, draft: OpenSending, *, at: datetime, within: float = MACHINE_SECONDS
    ) -> Findings:
        """The findings if the sending began at an hour; the machine is asked once a minute."""
        options = sending_options(visit)
        async with visit.context.database.reading() as session:
            of_letter = await self._letters.of(session, visit, draft.campaign)
            ticked = {it.key: it for it in await ticking.ticked(session, draft.campaign.id)}
        counted = await self._of_lists(visit, draft, at)
        of_lists, foreseen = counted or ([], None)
        checks = await options.machine.found(within=within)
        points = readiness.worst_first([*of_letter, *of_lists, *readiness.of_machine(checks or ())])
        return Findings(points, ticked, foreseen, checks is None, counted is not None)

    async def is_open(self, visit: Visit, campaign_id: int) -> bool:
        """Whether a sending has findings in its way, without counting its people or waiting."""
        options = sending_options(visit)
        async with visit.context.database.reading() as session:
            campaign = await find_campaign(session, campaign_id)
            points = list(await self._letters.of(session, visit, campaign))
            points += await readiness.beside_the_count(
                session, campaign, at=visit.now, notified=options.notified
            )
            ticked = {it.key for it in await ticking.ticked(session, campaign_id)}
        points += readiness.of_machine(await options.machine.found(within=0) or ())
        return any(it.stops or it.key not in ticked for it in points)

    async def _of_lists(
        self, visit: Visit, draft: OpenSending, at: datetime
    ) -> tuple[list[Point], Foreseen | None] | None:
        """The findings about the lists; None if the people could not be counted to the end."""

        async def found(session: AsyncSession) -> tuple[list[Point], Foreseen | None]:
            return await readiness.of_lists(
                session,
                draft.campaign,
                at=at,
                notified=sending_options(visit).notified,
                providers=visit.context.options.providers,
            )

        try:
            return await self._counting.count(
                visit.context.database, visit.who.account_id, found, within=ASKED_SECONDS
            )
        except Overtaken:
            return None


class Checking:
    """The pages under /office/sendings/ID/check."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Authors and senders of all lists of the sending."""
        at, needs = "/sendings/{id:number}", Ability.SEE_DRAFTS
        return [
            OfficeRoute(f"{at}/check", self.check, needs, lists_of_sending),
            OfficeRoute(f"{at}/tick", self.tick, needs, lists_of_sending, methods=("POST",)),
        ]

    async def check(self, visit: Visit) -> Response:
        """The list, worst first."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        return await self._page(visit, draft)

    async def tick(self, visit: Visit) -> Response:
        """Let one warning pass; an error has no such way."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        found = await self._checker.findings(visit, draft, at=visit.now)
        key = str(visit.form.get("key", ""))
        warnings = {it.key: it.sentence for it in found.points if not it.stops and it.key == key}
        if not warnings:
            error = CheckError(N_("this warning is not there any more: look at the list again"))
            return await self._page(visit, draft, error=error)
        async with visit.context.database.begin() as session:
            await ticking.tick(
                session,
                campaign_id=draft.campaign.id,
                warnings=warnings,
                by=visit.who.actor,
                now=visit.now,
            )
        return visit.go(f"{draft.path}/check", done="ticked")

    async def _page(
        self, visit: Visit, draft: OpenSending, *, error: PliError | None = None
    ) -> Response:
        found = await self._checker.findings(visit, draft, at=visit.now)
        return draft_page.page(
            visit, draft, "check", "check", error=error, found=found, about=ABOUT
        )


def refuse_open(found: Findings) -> None:
    """Raise CheckError for what stands in the way of a release, a sentence each."""
    told = [it.sentence for it in found.open]
    if not found.is_counted:
        told.append(say(NOT_COUNTED))
    if found.is_asked:
        told.append(say(N_("the machine has not answered yet: try again in a moment")))
    if told:
        raise CheckError.listing(told)
