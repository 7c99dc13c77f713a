"""A person decides about a wish to leave that nothing proves."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli.errors import PliError
from pli.language import N_


class IntakeError(PliError):
    """What came in cannot be treated so."""


async def dismiss(session: AsyncSession, *, mail_id: int) -> None:
    """Take a wish off the list; raises IntakeError if it is not on it."""
    done = await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == mail_id, IntakeMail.kind == Sort.STOP.value)
        .values(kind=Sort.REPLY.value, note="")
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise IntakeError(N_("mail {number} waits for no decision"), number=mail_id)
