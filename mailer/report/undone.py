"""What the engine could not do for a campaign: start it, close it, or pause it at its end."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.chore_names import END, FINISH, LAUNCH
from mailer.campaign.holds import Hold
from pli.language import N_, say
from pli.tables import Chore, ChoreState

_HELD = {
    LAUNCH: N_(
        "its hour has come, but the sending could not be started ({code}): "
        'an operator finds out why, then "pli queue retry launch:{id}"'
    ),
    FINISH: N_(
        "all copies are settled, but the sending could not be closed ({code}): "
        'an operator finds out why, then "pli queue retry finish:{id}"'
    ),
    END: N_(
        "its end has passed, but the sending could not be paused ({code}): "
        'an operator finds out why, then "pli queue retry end:{id}"'
    ),
}
_TRIED_AGAIN = {
    LAUNCH: N_(
        "its hour has come, but the sending could not be started ({code}): "
        "it is tried again at {time}"
    ),
    FINISH: N_(
        "all copies are settled, but the sending could not be closed ({code}): "
        "it is tried again at {time}"
    ),
    END: N_(
        "its end has passed, but the sending could not be paused ({code}): "
        "it is tried again at {time}"
    ),
}


async def undone(session: AsyncSession, campaign_id: int, zone: tzinfo | None = None) -> list[Hold]:
    """The chores of a campaign that failed: tried again by themselves, held, or given up.

    `zone`: by whose clocks hours are told; None: this machine's.
    """
    rows = await session.execute(
        select(Chore.kind, Chore.state, Chore.code, Chore.due_at)
        .where(
            Chore.kind.in_(sorted(_HELD)),
            Chore.row_id == campaign_id,
            or_(Chore.state != ChoreState.WAITING, Chore.tries > 0),
        )
        .order_by(Chore.kind)
    )
    return [
        Hold("undone", say(_HELD[row.kind], code=row.code, id=campaign_id))
        if row.state is not ChoreState.WAITING
        else Hold(
            "undone",
            say(
                _TRIED_AGAIN[row.kind],
                code=row.code,
                time=f"{row.due_at.astimezone(zone):%H:%M}",
            ),
            row.due_at,
        )
        for row in rows
    ]
