"""The mails that wait to be worked on: which are due, who holds them, and what each of them was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, literal, select, update
from sqlalchemy.orm import Session

from mailer.intake import tallies
from mailer.intake.taking import LINE
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli.columns import clock
from pli.packing import among, packed_ids

DELAYS = tuple(timedelta(seconds=it) for it in (5, 60, 600, 3600))
"""Before each further try of a mail that could not be worked; then it waits for a person."""
OCTETS = 4_000_000
"""So many octets of mails are looked at together, and one mail at least."""

Waiting = Row[int, datetime, str, str, str, bytes, int]
"""A mail that waits: its id, when and by which door it came, its form, address, octets, tries."""


class Worked(NamedTuple):
    """What a mail was: its kind, whether something followed from it, who wrote it, and a note."""

    kind: str
    acted: bool = False
    sender_key: bytes | None = None
    note: str = ""


def due() -> Select[int]:
    """The ids of what waits and is due, the oldest first."""
    return (
        select(IntakeMail.id)
        .where(IntakeMail.due_at.is_not(None), IntakeMail.due_at <= clock())
        .order_by(IntakeMail.id)
    )


def line() -> Select[int]:
    """LINE, as long as any mail is due: the source of the chore that works on all of them."""
    return select(literal(LINE)).where(due().exists())


def first(session: Session, most: int) -> Sequence[Waiting]:
    """The oldest mails that are due, so many at most, and OCTETS of them."""
    sizes = due().add_columns(func.length(IntakeMail.raw)).limit(most)
    ids: list[int] = []
    octets = 0
    for row_id, size in session.execute(sizes):
        octets += size
        if ids and octets > OCTETS:
            break
        ids.append(row_id)
    return session.execute(_OF_IDS, {"ids": packed_ids(ids)}).all()


def locked(session: Session, ids: Sequence[int]) -> Sequence[Waiting]:
    """Those of these mails that still wait and that nobody else works on; locked."""
    held = _OF_IDS.with_for_update(skip_locked=True)
    return session.execute(held, {"ids": packed_ids(ids)}).all()


_OF_IDS = (
    select(
        IntakeMail.id,
        IntakeMail.at,
        IntakeMail.door,
        IntakeMail.form,
        IntakeMail.came_to,
        IntakeMail.raw,
        IntakeMail.tries,
    )
    .where(IntakeMail.id.in_(among("ids")), IntakeMail.due_at.is_not(None))
    .order_by(IntakeMail.id)
)


def note(session: Session, found: Sequence[tuple[Waiting, Worked]], now: datetime) -> None:
    """Note what mails were, and count them: they wait no more, and their octets are let go."""
    alike: defaultdict[Worked, list[int]] = defaultdict(list)
    mails: Counter[tuple[str, str]] = Counter()
    seconds: Counter[tuple[str, str]] = Counter()
    for row, it in found:
        alike[it].append(row.id)
        mails[row.door, it.kind] += 1
        seconds[row.door, it.kind] += max(0.0, (now - row.at).total_seconds())
    for it, ids in alike.items():
        session.execute(
            update(IntakeMail)
            .where(IntakeMail.id.in_(among("ids")))
            .values(
                due_at=None,
                kind=it.kind,
                acted=it.acted,
                sender_key=it.sender_key,
                note=it.note[:200],
                raw=b"",
            )
            .execution_options(synchronize_session=False),
            {"ids": packed_ids(ids)},
        )
    for (door, kind), n in sorted(mails.items()):
        tallies.add(session, door=door, kind=kind, mails=n, seconds=seconds[door, kind], at=now)


def put_off(session: Session, row: Waiting, now: datetime) -> None:
    """A mail could not be worked, by a fault of ours: it is tried later, then kept for a person."""
    values: dict[str, Any] = {"due_at": None, "kind": Sort.FAULT.value}
    if row.tries < len(DELAYS):
        values = {"due_at": now + DELAYS[row.tries]}
    else:
        tallies.add(session, door=row.door, kind=Sort.FAULT.value, at=now)
    session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == row.id)
        .values(tries=row.tries + 1, **values)
        .execution_options(synchronize_session=False)
    )
