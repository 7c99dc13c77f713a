"""Takes a mail from a door: it is stored under its hash, with a row that waits to be worked.

Nothing is read here but the header's beginning, for a slow reader must not hold a relay. A door may
let go of a mail once the transaction that took it is committed.
"""

from __future__ import annotations

import enum
import hashlib
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake import tallies
from mailer.intake.glances import address_in, glance_at, is_of_a_token
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli.chore_offers import hint
from pli.chore_rows import SCHEDULE
from pli.upsert import insert_into

LARGEST = 1_000_000
"""Octets of a mail that are kept: a larger one is known, and judged, by its beginning."""
MAIL = "mail"
CHORE = "mailbox"
"""The kind of chore that works on mails (pli/chores.py)."""
LINE = SCHEDULE
"""The row of that chore: all that waits is one line. Like a schedule, it cannot be forgotten."""
MOST_TO_ONE = 10
"""Mails of a sort to one token within `NOISY`: a server that repeats itself is heard no more."""
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
    glance: str | None = None,
    place: Place | None = None,
    now: datetime,
) -> Taken:
    """Store a mail that a door brought; the same mail again changes nothing.

    `came_to` is the address of its envelope, "" if it is not known; `by` names the door. `form` is
    the kind of relay whose event this is: then `came_to` is what names the copy, and `glance` what
    the event is called.
    """
    raw = raw[:LARGEST]
    # A command's argument may be any octets, and PostgreSQL keeps no NUL.
    came_to = came_to.encode("utf-8", "replace").decode().replace("\0", "")[:320]
    if form == MAIL:
        came_to = came_to or address_in(raw)
        if is_of_a_token(came_to):
            came_to = came_to.lower()
            glance = glance_at(raw)
    digest = digest_of(raw, came_to)
    values = {
        "digest": digest, "at": now, "door": by, "form": form, "glance": (glance or "")[:16],
        "tries": 0, "uidvalidity": place and place.uidvalidity, "uid": place and place.uid,
    }  # fmt: skip
    if glance is not None and came_to and await _is_noise(session, came_to, values, now):
        return await _drop(session, values, now)
    added = await session.scalar(
        insert_into(session, IntakeMail)
        # Due since the day before, in case a clock is set back.
        .values(**values, came_to=came_to, due_at=now - timedelta(days=1), raw=raw)
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(IntakeMail.id)
    )
    if added is not None:
        await hint(session, CHORE, LINE)
        return Taken.NEW
    if place is not None:
        await _place(session, values, place)
    return Taken.KNOWN


def digest_of(raw: bytes, came_to: str) -> bytes:
    """The hash by which a mail is known again.

    Two people may send the same octets to leave: there the address is what a mail says.
    """
    said = came_to.encode() + b"\0" if came_to.startswith("leave+") else b""
    return hashlib.sha256(said + raw).digest()


async def is_known(session: AsyncSession, mark: bytes) -> bool:
    """Whether what `mark` stands for was noted already."""
    found = exists().where(IntakeMail.digest == digest_of(mark, ""))
    return bool(await session.scalar(select(found)))


async def note(
    session: AsyncSession, mark: bytes, *, by: str, kind: Sort, text: str = "", now: datetime
) -> None:
    """Note, and count, something of a door that is no mail to be worked; once for each `mark`."""
    added = await session.scalar(
        insert_into(session, IntakeMail)
        .values(
            digest=digest_of(mark, ""), at=now, door=by, form=MAIL, came_to="", tries=0,
            kind=kind.value, note=text[:200], raw=b"",
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(IntakeMail.id)
    )  # fmt: skip
    if added is not None:
        await tallies.count(session, door=by, kind=kind.value, at=now)


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


async def _is_noise(
    session: AsyncSession, came_to: str, values: dict[str, Any], now: datetime
) -> bool:
    """Whether so many of this sort came to one token lately; the last of them counts this one."""
    lately = (
        IntakeMail.came_to == came_to,
        IntakeMail.glance == values["glance"],
        IntakeMail.at > now - NOISY,
        # All probes go to one address: the doctor may be asked again and again.
        IntakeMail.kind != Sort.PROBE.value,
    )
    if (await session.scalar(select(func.count()).where(*lately)) or 0) < MOST_TO_ONE:
        return False
    # The same octets again are no further mail.
    if await session.scalar(select(exists().where(IntakeMail.digest == values["digest"]))):
        return False
    last = select(func.max(IntakeMail.id)).where(*lately).scalar_subquery()
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == last)
        .values(dropped=IntakeMail.dropped + 1)
        .execution_options(synchronize_session=False)
    )
    return True


async def _drop(session: AsyncSession, values: dict[str, Any], now: datetime) -> Taken:
    """Count a mail that is not heard; of a mailbox it is noted, so that it is filed there."""
    await tallies.count(session, door=values["door"], kind=Sort.NOISE.value, at=now)
    if values["uid"] is not None:
        await session.execute(
            insert_into(session, IntakeMail)
            .values(**values, came_to="", kind=Sort.NOISE.value, acted=True, raw=b"")
            .on_conflict_do_nothing(index_elements=["digest"])
        )
    return Taken.DROPPED


async def _place(session: AsyncSession, values: dict[str, Any], place: Place) -> None:
    """Note where a known mail lies: it was numbered anew, or lies there twice.

    A second copy in one mailbox has a row of its own, which is filed when the first is acted on.
    """
    digest, by = values["digest"], values["door"]
    known = (
        await session.execute(
            select(IntakeMail.id, IntakeMail.door, IntakeMail.uidvalidity, IntakeMail.uid).where(
                IntakeMail.digest == digest
            )
        )
    ).one()
    if (known.door, known.uidvalidity) != (by, place.uidvalidity) or known.uid is None:
        await session.execute(
            update(IntakeMail)
            .where(IntakeMail.id == known.id)
            .values(door=by, uidvalidity=place.uidvalidity, uid=place.uid, filed=False)
            .execution_options(synchronize_session=False)
        )
    elif known.uid != place.uid:
        mark = f"{by} {place.uidvalidity} {place.uid}".encode()
        copy = {**values, "digest": digest_of(digest + mark, ""), "again_of": known.id}
        await session.execute(
            insert_into(session, IntakeMail)
            .values(**copy, came_to="", raw=b"")
            .on_conflict_do_nothing(index_elements=["digest"])
        )
