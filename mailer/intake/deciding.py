"""A person decides about what waits for one: a wish that nothing proves, or a mail in the way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.report import Kind
from mailer.intake.leaving_by_word import SOURCE
from mailer.intake.taking import CHORE, LINE
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.chore_offers import hint
from pli.errors import PliError
from pli.language import N_
from subscribers import optout
from subscribers.models import Subscriber

_WAITING = (Sort.STOP.value, Sort.FAULT.value, Sort.UNREADABLE.value)


class IntakeError(PliError):
    """What came in cannot be treated so."""


async def leave(session: AsyncSession, *, mail_id: int, by: Actor, now: datetime) -> int:
    """Let whoever wrote a wish that nothing proves leave every list; how many lists they left.

    All that waits of this person is decided by that. Raises IntakeError if no wish waits there.
    """
    found = await _waiting(session, mail_id)
    if found.kind != Sort.STOP.value:
        raise IntakeError(N_("mail {number} is no wish to leave"), number=mail_id)
    subscriber_id = await _writer(session, found.sender_key)
    lists = []
    if subscriber_id is not None:
        lists = await optout.still_on(session, subscriber_id=subscriber_id)
    for it in lists:
        await optout.unsubscribe(
            session,
            subscriber_id=subscriber_id or 0,
            list_id=it.id,
            source=SOURCE,
            by=by,
            now=now,
        )
    await _decide_all(session, found.sender_key, Sort.LEFT, acted=bool(lists))
    return len(lists)


async def dismiss(session: AsyncSession, *, mail_id: int, by: Actor, now: datetime) -> None:
    """Take a mail off the list of what waits for a person; raises IntakeError if it is not on it.

    With a wish to leave, all others of the same person go. Of a mail that could not be worked
    nothing is kept any more.
    """
    found = await _waiting(session, mail_id)
    if found.kind == Sort.STOP.value:
        await _decide_all(session, found.sender_key, Sort.REPLY, acted=False)
        audit.record(
            session,
            by=by,
            action=AuditAction.WISH_DISMISSED,
            kind=AuditObject.PERSON,
            object_id=await _writer(session, found.sender_key),
            now=now,
        )
        return
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == mail_id)
        .values(kind=Kind.OTHER.value, note="", raw=b"")
        .execution_options(synchronize_session=False)
    )


async def _waiting(session: AsyncSession, mail_id: int) -> Row[str, bytes | None]:
    """What waits for a person, locked: two who decide at once decide one after the other."""
    found = (
        await session.execute(
            select(IntakeMail.kind, IntakeMail.sender_key)
            .where(IntakeMail.id == mail_id, IntakeMail.kind.in_(_WAITING))
            .with_for_update()
        )
    ).one_or_none()
    if found is None:
        raise IntakeError(N_("mail {number} waits for no decision"), number=mail_id)
    return found


async def _writer(session: AsyncSession, sender_key: bytes | None) -> int | None:
    """Who wrote a wish; None: nobody is known under that address any more."""
    found = select(Subscriber.id).where(Subscriber.address_key == sender_key)
    return await session.scalar(found)


async def _decide_all(
    session: AsyncSession, sender_key: bytes | None, sort: Sort, *, acted: bool
) -> None:
    """Note what became of all wishes of one person."""
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.kind == Sort.STOP.value, IntakeMail.sender_key == sender_key)
        .values(kind=sort.value, acted=acted, note="")
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
