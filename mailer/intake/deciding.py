"""A person decides about what waits for one: a wish that nothing proves, or a mail in the way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.report import Kind
from mailer.intake.taking import CHORE, LINE
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli.chore_offers import hint
from pli.errors import PliError
from pli.language import N_

_DISMISSED = {Sort.STOP: Sort.REPLY, Sort.FAULT: Kind.OTHER, Sort.UNREADABLE: Kind.OTHER}
"""What waits for a person, and what it is once that person has decided that nothing follows."""


class IntakeError(PliError):
    """What came in cannot be treated so."""


async def dismiss(session: AsyncSession, *, mail_id: int) -> None:
    """Take a mail off the list of what waits for a person; raises IntakeError if it is not on it.

    Of a mail that could not be worked nothing is kept any more.
    """
    kind = await session.scalar(select(IntakeMail.kind).where(IntakeMail.id == mail_id))
    if kind not in _DISMISSED:
        raise IntakeError(N_("mail {number} waits for no decision"), number=mail_id)
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == mail_id, IntakeMail.kind == kind)
        .values(kind=_DISMISSED[Sort(kind)].value, note="", raw=b"")
        .execution_options(synchronize_session=False)
    )


async def work_again(session: AsyncSession, *, mail_id: int, now: datetime) -> None:
    """Let a mail be worked again that a fault of ours kept from it; raises IntakeError."""
    found = await session.scalar(
        update(IntakeMail)
        .where(IntakeMail.id == mail_id, IntakeMail.kind == Sort.FAULT.value)
        .values(kind="", tries=0, due_at=now)
        .returning(IntakeMail.id)
        .execution_options(synchronize_session=False)
    )
    if found is None:
        raise IntakeError(N_("mail {number} is none that could not be worked"), number=mail_id)
    await hint(session, CHORE, LINE)
