"""A person's card: all letters to one person, how the address stands, and each copy's story."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.report import persons_letters, story, viewing
from mailer.report.story import NoStory
from subscribers.state_words import BARRED, STATES
from web.office import cookies
from web.office.office_routes import OfficeRoute
from web.office.visit import Visit

PEOPLE = f"{cookies.PATH}/people"


async def lists_of_person(
    session: AsyncSession, values: Mapping[str, Any]
) -> Collection[int] | None:
    """The lists of the person in the path; None if there is nobody."""
    return await persons_letters.lists_of(session, values["id"])


class PersonCard:
    """The pages under /office/people/ID."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For those who may see who got what, on one of the person's lists: they see those."""
        at, sees = "/people/{id:number}", Ability.SEE_COPIES
        return [
            OfficeRoute(at, self.card, sees, lists_of_person, partly=True),
            OfficeRoute(
                f"{at}/sendings/{{sending:number}}",
                self.story,
                sees,
                lists_of_person,
                partly=True,
            ),
        ]

    async def card(self, visit: Visit) -> Response:
        """Who it is, on which lists, and all letters, page by page."""
        person_id, on = visit.number("id"), _on(visit)
        after = visit.request.query_params.get("after", "")
        is_place = after.isascii() and after.isdecimal() and len(after) < 10
        async with visit.context.database.begin() as session:
            standing = await persons_letters.standing(session, person_id, list_ids=on)
            page = await persons_letters.letters(
                session, person_id, list_ids=on, after=int(after) if is_place else None
            )
            viewing.note_person_seen(
                session, person_id=person_id, how="card", by=visit.who.actor, now=visit.now
            )
            its = await persons_letters.lists_of(session, person_id) or ()
        return visit.page(
            "person",
            person=standing,
            letters=page.letters,
            after=page.after,
            is_first=not is_place,
            hidden=len(its) - len(visit.lists.among(its)),
            status=reasons.status_of_one,
            states=STATES,
            barred=BARRED,
            path=f"{PEOPLE}/{person_id}",
        )

    async def story(self, visit: Visit) -> Response:
        """What became of one copy."""
        person_id, sending = visit.number("id"), visit.number("sending")
        async with visit.context.database.begin() as session:
            try:
                found = await story.story_of_person(
                    session,
                    sending,
                    person_id=person_id,
                    zone=visit.who.zone,
                    list_ids=_on(visit),
                )
            except NoStory:
                raise HTTPException(404) from None
            viewing.note_person_seen(
                session, person_id=person_id, how="story", by=visit.who.actor, now=visit.now
            )
        return visit.page("person_story", found=found, path=f"{PEOPLE}/{person_id}")


def _on(visit: Visit) -> frozenset[int] | None:
    """The lists whose copies are shown; None: all."""
    return None if visit.lists.every else visit.lists.ids
