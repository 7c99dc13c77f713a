"""Takes a mail from a door: it is stored under its hash, with a row that waits to be worked.

Nothing is read here, for a slow reader must not hold a relay. A door may let go of a mail once the
transaction that took it is committed.
"""

from __future__ import annotations

import enum
import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake import tallies
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli.chore_offers import hint
from pli.upsert import insert_into

LARGEST = 1_000_000
"""Octets of a mail that are kept: a larger one is known, and judged, by its beginning."""
MAIL = "mail"
CHORE = "mailbox"
"""The kind of chore that works on a mail (pli/chores.py)."""
MOST_TO_ONE = 10
"""Mails to one token within `NOISY`: a server that repeats itself is heard no more."""
NOISY = timedelta(hours=1)
KEPT_LONGER = timedelta(days=2)
"""A mailbox is read back to a day; the proof that a mail was taken outlives it."""


class Taken(enum.Enum):
    """What became of a mail at the door; in each case the door may let go of it."""

    NEW = "new"
    KNOWN = "known"
    DROPPED = "dropped"


class Place(NamedTuple):
    """Where a mail lies in a mailbox (RFC 9051 2.3.1.1)."""

    uidvalidity: int
    uid: int


async def take(
    session: AsyncSession,
    *,
    raw: bytes,
    came_to: str,
    by: str,
    form: str = MAIL,
    place: Place | None = None,
    now: datetime,
) -> Taken:
    """Store a mail that a door brought; the same mail again changes nothing.

    `came_to` is the address of its envelope, "" if it is not known; `by` names the door. `form` is
    the kind of relay whose event this is.
    """
    raw = raw[:LARGEST]
    # A command's argument may be any octets, and PostgreSQL keeps no NUL.
    came_to = came_to.encode("utf-8", "replace").decode().replace("\0", "")[:320]
    if is_of_a_token(came_to):
        came_to = came_to.lower()
        if await _is_noise(session, came_to, now):
            await tallies.count(session, door=by, kind=Sort.NOISE.value, at=now)
            return Taken.DROPPED
    digest = digest_of(raw, came_to)
    where = {"uidvalidity": place.uidvalidity, "uid": place.uid} if place else {}
    added = await session.scalar(
        insert_into(session, IntakeMail)
        .values(
            digest=digest,
            at=now,
            door=by,
            form=form,
            came_to=came_to,
            # Due since the day before, in case a clock is set back.
            due_at=now - timedelta(days=1),
            tries=0,
            raw=raw,
            **where,
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(IntakeMail.id)
    )
    if added is not None:
        await hint(session, CHORE, added)
        return Taken.NEW
    if place is not None:  # the mailbox gave it another number, or another door was first
        await session.execute(
            update(IntakeMail)
            .where(IntakeMail.digest == digest)
            .values(door=by, **where)
            .execution_options(synchronize_session=False)
        )
    return Taken.KNOWN


def digest_of(raw: bytes, came_to: str) -> bytes:
    """The hash by which a mail is known again.

    Two people may send the same octets to leave: there the address is what a mail says.
    """
    said = came_to.encode() + b"\0" if came_to.startswith("leave+") else b""
    return hashlib.sha256(said + raw).digest()


def is_of_a_token(address: str) -> bool:
    """Whether an address has the form of those that carry a token of ours."""
    return address[:7].lower() == "bounce+" or address[:6].lower() == "leave+"


async def delete_old(session: AsyncSession, *, before: datetime) -> int:
    """Delete what was taken before, and the proof that it was; how many.

    What waits stays, and so does what staff have not decided.
    """
    done = await session.execute(
        delete(IntakeMail).where(
            IntakeMail.at < before - KEPT_LONGER,
            IntakeMail.due_at.is_(None),
            IntakeMail.kind.not_in((Sort.STOP.value, Sort.FAULT.value)),
        )
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


async def _is_noise(session: AsyncSession, came_to: str, now: datetime) -> bool:
    lately = select(func.count()).where(
        IntakeMail.came_to == came_to,
        IntakeMail.at > now - NOISY,
        # All probes go to one address: the doctor may be asked again and again.
        IntakeMail.kind != Sort.PROBE.value,
    )
    return (await session.scalar(lately) or 0) >= MOST_TO_ONE
