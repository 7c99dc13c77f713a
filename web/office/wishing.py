"""Wishes to leave that nothing proves: who they are of, and what staff decide about each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.intake import deciding, unproven
from mailer.intake.deciding import IntakeError
from mailer.report import intake, viewing
from pli.language import N_
from web.office import cookies
from web.office.office_routes import Lists, OfficeRoute
from web.office.visit import Visit

PATH = f"{cookies.PATH}/wishes"
TITLE = N_("Wishes to leave")


class Wishing:
    """The pages under /office/wishes."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For who writes down a no, of all lists: a wish may be about each of them."""
        deciding_routes = {"leave": self.leave, "dismiss": self.dismiss}
        return [
            OfficeRoute("/wishes", self.listed, Ability.NOES, Lists.NONE, title=TITLE),
            *(
                OfficeRoute(
                    f"/wishes/{{id:number}}/{name}",
                    endpoint,
                    Ability.NOES,
                    Lists.NONE,
                    methods=("POST",),
                )
                for name, endpoint in deciding_routes.items()
            ),
        ]

    async def listed(self, visit: Visit) -> Response:
        """Everybody whose wish waits, the oldest first."""
        async with visit.context.database.begin() as session:
            wishes = await intake.wishes(session)
            more = await unproven.people(session) - len(wishes)
            viewing.note_people(
                session, count=len(wishes), how="wishes", by=visit.who.actor, now=visit.now
            )
        sees = visit.who.granted.may(Ability.SEE_COPIES)
        return visit.page("wishes", wishes=wishes, more=more, path=PATH, sees_cards=sees)

    async def leave(self, visit: Visit) -> Response:
        """Let a person leave every list."""

        async def leave(session: AsyncSession, mail_id: int) -> None:
            await deciding.leave(session, mail_id=mail_id, by=visit.who.actor, now=visit.now)

        return await _decided(visit, leave, "left")

    async def dismiss(self, visit: Visit) -> Response:
        """Let nothing follow."""

        async def dismiss(session: AsyncSession, mail_id: int) -> None:
            await deciding.dismiss(session, mail_id=mail_id, by=visit.who.actor, now=visit.now)

        return await _decided(visit, dismiss, "dismissed")


async def _decided(
    visit: Visit, decide: Callable[[AsyncSession, int], Awaitable[None]], done: str
) -> Response:
    """Decide in one transaction, and go back; whoever comes second is told so."""
    try:
        async with visit.context.database.begin() as session:
            await decide(session, visit.number("id"))
    except IntakeError:
        return visit.go(PATH, done="too_late")
    return visit.go(PATH, done=done)
