"""What the audit tells: who looked at people, for the rights; everything, for operators."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from starlette.responses import Response

from accounts import people
from accounts.abilities import Ability
from pli import audit, audit_words
from pli.actor import kept
from pli.audit import AuditAction, AuditObject, Event
from pli.language import N_
from subscribers import lists
from web.office import words
from web.office.office_routes import Lists, OfficeRoute
from web.office.visit import Visit

SHOWN = 50
_LONGEST_NUMBER = 18


class Traces:
    """The pages /office/looked and /office/audit."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """The first for the rights, the second for operators."""
        return [
            OfficeRoute(
                "/looked", self.looked, Ability.WHO_LOOKED, Lists.NONE, title=N_("Who looked")
            ),
            OfficeRoute("/audit", self.everything, Ability.AUDIT, Lists.NONE, title=N_("Audit")),
        ]

    async def looked(self, visit: Visit) -> Response:
        """Who looked at people."""
        return await self._page(visit, N_("Who looked"), words.LOOKS)

    async def everything(self, visit: Visit) -> Response:
        """Everything that left a trace; people of lists are named by their numbers only."""
        return await self._page(visit, N_("Audit"), None)

    async def _page(
        self, visit: Visit, heading: str, actions: Collection[AuditAction] | None
    ) -> Response:
        asked = visit.request.query_params.get("before", "")
        is_number = asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST_NUMBER
        async with visit.context.database.reading() as session:
            page = await audit.events(
                session,
                actions=actions,
                before=int(asked) if is_number else None,
                limit=SHOWN,
            )
            named = {
                AuditObject.ACCOUNT: {it.id: it.name for it in await people.everybody(session)},
                AuditObject.LIST: {it.id: it.name for it in await lists.everything(session)},
            }
        return visit.page(
            "audit",
            heading=heading,
            page=page,
            who=lambda text: audit_words.who(kept(text)),
            told=lambda event: _told(event, named, visit.language),
            why=words.why,
        )


def _told(event: Event, named: Mapping[AuditObject, Mapping[int, str]], language: str) -> list[str]:
    """What was done, and to what: by its number, and by its name where that is no subscriber's."""
    told = [audit_words.action(event.action).tell(language)]
    objects = {event.kind: event.object_id}
    if event.list_id is not None:
        objects[AuditObject.LIST] = event.list_id
    for kind, object_id in objects.items():
        if (what := audit_words.what(kind, object_id)) is not None:
            name = named.get(kind, {}).get(object_id or 0)
            told.append(what.tell(language) + (f" ({name})" if name else ""))
    return told
