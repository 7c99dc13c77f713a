"""The button of a manuscript that makes a sending of it, or brings its text to the one it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import manuscripts
from mailer.letter.drafts import rows
from pli.errors import PliError
from pli.language import N_, say
from web.office.draft_page import sending_options
from web.office.office_routes import OfficeRoute
from web.office.visit import Visit


async def lists_of_manuscript(
    session: AsyncSession, values: Mapping[str, Any]
) -> Collection[int] | None:
    """The list of the manuscript in the path."""
    return await rows.lists_of(session, values["id"])


class FromManuscript:
    """The address /office/letters/ID/send."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Who writes a manuscript makes a sending of it; to release it is another right."""
        return [
            OfficeRoute(
                "/letters/{id:number}/send",
                self.send,
                Ability.WRITE_DRAFTS,
                lists_of_manuscript,
                methods=("POST",),
            )
        ]

    async def send(self, visit: Visit) -> Response:
        """Freeze the manuscript as it is saved now; its faults are told, each in a line."""
        options, draft_id = sending_options(visit), visit.number("id")
        try:
            frozen = await manuscripts.frozen_draft(
                visit.context.database,
                draft_id,
                identity=options.identity,
                sizes=visit.context.options.sizes,
                themes=visit.context.options.themes,
            )
            async with visit.context.database.begin() as session:
                sent = await manuscripts.send(
                    session,
                    draft_id=draft_id,
                    frozen=frozen,
                    policy=options.policy,
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return visit.page(
                "not_sent",
                status_code=422,
                told=[it.tell(visit.language) for it in error.sentences],
                heading=say(N_("This manuscript cannot be sent yet")).tell(visit.language),
                back=f"/office/letters/{draft_id}",
            )
        path = f"/office/sendings/{sent.campaign_id}"
        if sent.anew:
            return visit.go(path, done="approval_lost" if sent.approval_lost else "saved")
        return visit.go(f"{path}/who")
