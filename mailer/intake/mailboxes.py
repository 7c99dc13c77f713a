"""How far each mailbox was read, by whom, and what is wrong with it; what its mails became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.intake_models import IntakeDoor, IntakeMail
from pli.columns import clock
from pli.language import Sentence, as_document
from pli.upsert import insert_into

LEASE_SECONDS = 180.0


async def hold(session: AsyncSession, name: str, holder: int) -> bool:
    """Take, or keep, a mailbox for LEASE_SECONDS; False: another process reads it.

    Two readers would do no harm, but each would fetch every mail.
    """
    await session.execute(
        insert_into(session, IntakeDoor)
        .values(name=name, uid=0, fault={})
        .on_conflict_do_nothing(index_elements=["name"])
    )
    taken = await session.execute(
        update(IntakeDoor)
        .where(
            IntakeDoor.name == name,
            or_(
                IntakeDoor.holder == holder,
                IntakeDoor.lease_until.is_(None),
                IntakeDoor.lease_until < clock(),
                # The clock was set back: nobody holds a mailbox for so long.
                IntakeDoor.lease_until > clock(2 * LEASE_SECONDS),
            ),
        )
        .values(holder=holder, lease_until=clock(LEASE_SECONDS))
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return bool(taken.rowcount)


async def let_go(session: AsyncSession, name: str, holder: int) -> None:
    """Give a mailbox back, for the next process to read it at once."""
    await session.execute(
        update(IntakeDoor)
        .where(IntakeDoor.name == name, IntakeDoor.holder == holder)
        .values(holder=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


async def read_up_to(session: AsyncSession, name: str) -> tuple[int | None, int]:
    """The UIDVALIDITY under which a mailbox was read, and the last UID that was taken."""
    row = (
        await session.execute(
            select(IntakeDoor.uidvalidity, IntakeDoor.uid).where(IntakeDoor.name == name)
        )
    ).one_or_none()
    return (row.uidvalidity, row.uid) if row else (None, 0)


async def advance(session: AsyncSession, name: str, uidvalidity: int, uid: int) -> None:
    """Note that all up to `uid` is taken: in the transaction that took the last of them."""
    await _set(session, name, uidvalidity=uidvalidity, uid=uid)


async def seen(session: AsyncSession, name: str) -> None:
    """Note that a mailbox answered just now."""
    await _set(session, name, seen_at=clock(), fault={})


async def failed(session: AsyncSession, name: str, fault: Sentence) -> None:
    """Note why a mailbox cannot be read."""
    await _set(session, name, fault=as_document(fault))


async def _set(session: AsyncSession, name: str, **values: Any) -> None:
    await session.execute(
        update(IntakeDoor)
        .where(IntakeDoor.name == name)
        .values(values)
        .execution_options(synchronize_session=False)
    )


async def to_be_filed(
    session: AsyncSession, name: str, uidvalidity: int, limit: int = 100
) -> Mapping[int, int]:
    """The mails of a mailbox that were acted on and still lie in it: each UID, and its row."""
    done = (IntakeMail.due_at.is_(None), IntakeMail.acted.is_(True))
    first = aliased(IntakeMail)
    acted_first = exists().where(
        first.id == IntakeMail.again_of, first.due_at.is_(None), first.acted.is_(True)
    )
    rows = await session.execute(
        select(IntakeMail.uid, IntakeMail.id)
        .where(
            IntakeMail.door == name,
            IntakeMail.uidvalidity == uidvalidity,
            IntakeMail.filed.is_(False),
            or_(and_(*done), acted_first),
        )
        .order_by(IntakeMail.uid)
        .limit(limit)
    )
    return {row.uid: row.id for row in rows}


async def filed(session: AsyncSession, ids: Sequence[int]) -> None:
    """Note that the mailbox has been told of these mails."""
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id.in_(ids))
        .values(filed=True)
        .execution_options(synchronize_session=False)
    )
