"""Works on what the doors took: each mail once, in one transaction with what follows from it.

What came back is recorded some hundreds at a time. What people wrote is worked on mail by mail, and
so is whatever could not be recorded together: one bad mail harms itself alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.bounces.mail import Mail, words_of
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.tokens import Tokens
from mailer.campaign import coming_back, leaving_by_link, recording_pace
from mailer.campaign.recording_pace import RecordingPace, Room
from mailer.intake import forwarding, probes, sorting, waiting, wishes
from mailer.intake.authenticated import is_proven
from mailer.intake.forwarding import Forward
from mailer.intake.leaving_by_word import leave_by_word
from mailer.intake.sorting import CameBack
from mailer.intake.taking import CHORE
from mailer.intake.tallies import Sort
from mailer.intake.waiting import Waiting, Worked
from pli import chores
from pli.chores import Again
from pli.database import Database, DatabaseAway
from pli.faults import place_of
from pli.keys import Keys
from subscribers.address import Address, AddressError

log = logging.getLogger("pli.intake")

TURN_SECONDS = 5.0
"""For so long one chore works on what waits; then its process may end, or another goes on."""
READ_TOGETHER = 8
READING_REST = 0.016
"""While something is sent, so many mails are read, some 0.2 ms each, before the event loop has so
many seconds for all else: each wait costs as much as half a mail."""
SMALL = 64 * 1024
"""Octets of a mail that is read on the event loop; a larger one is read in a thread.

A thread and the event loop of a sending would wait for the interpreter's lock from each other, at
each of the loop's callbacks: that costs the sending more than to wait for one mail.
"""
AFTER_A_FAULT = 5.0
_DIVIDED = 4
"""Fewer mails than these are worked on one by one, if they cannot be recorded together."""


@dataclass(frozen=True, slots=True)
class Means:
    """What is needed to work: keys, the numbers of bounces, whom to believe and to tell.

    `server` is the receiving server whose Authentication-Results are believed; "": none.
    """

    keys: Keys
    tokens: Tokens
    rules: BounceRules = USUAL
    server: str = ""
    forward: Forward | None = None


class _Looked(NamedTuple):
    """The ids of mails that were due, and how many of them were worked."""

    ids: tuple[int, ...]
    worked: int


async def work_all(database: Database, means: Means) -> int:
    """Work on everything that is due now; how many. A campaign that is sent goes first."""
    pace = RecordingPace(database)
    done = 0
    before: tuple[int, ...] = ()
    # Another process works on those that are still due after a look; what was put off is not.
    while (looked := await _work_some(database, means, pace)).ids != before:
        done += looked.worked
        before = looked.ids
    return done


def kinds(database: Database, means: Means) -> Sequence[chores.Kind]:
    """The chore that works on mails, for the process that does chores: one for all that wait."""
    pace = RecordingPace(database)

    async def work_on(_line: int) -> Again | None:
        ends = time.monotonic() + TURN_SECONDS
        before: tuple[int, ...] = ()
        try:
            while time.monotonic() < ends:
                looked = await _work_some(database, means, pace)
                if looked.ids == before:
                    return None
                before = looked.ids
        except DatabaseAway:
            raise
        # A fault of ours in one mail is that mail's own. This one came before any mail was known;
        # a chore that failed would be held at last, and all mails with it.
        except Exception as error:
            log.error(
                "intake.line_fault", extra={"error": type(error).__name__, "at": place_of(error)}
            )
            return Again(AFTER_A_FAULT)
        return Again(0.0)

    return [chores.Kind(CHORE, work_on, concurrency=1, source=waiting.line)]


async def _work_some(database: Database, means: Means, pace: RecordingPace) -> _Looked:
    """Work on the oldest mails that are due."""
    async with database.reading() as session:
        rows = await session.run_sync(waiting.first, recording_pace.TOGETHER)
    if not rows:
        return _Looked((), 0)
    room = Room(pace, sending=await pace.is_sending())
    came_back, others = await _parted(rows, means, room)
    done = await _recorded(database, came_back, means, room)
    for row_id in others:
        done += await work(database, means, row_id, room)
    return _Looked(tuple(it.id for it in rows), done)


async def _parted(
    rows: Sequence[Waiting], means: Means, room: Room
) -> tuple[list[CameBack], list[int]]:
    """What came back, and the ids of what is worked on by itself."""
    came_back: list[CameBack] = []
    others: list[int] = []
    for place, row in enumerate(rows, 1):
        small = len(row.raw) <= SMALL
        found = _sorted(row, means) if small else await asyncio.to_thread(_sorted, row, means)
        if found is None:
            others.append(row.id)
        else:
            came_back.append(found)
        if room.sending and place % READ_TOGETHER == 0:
            await asyncio.sleep(READING_REST)
    return came_back, others


def _sorted(row: Waiting, means: Means) -> CameBack | None:
    """What came back; None for what is worked on by itself, a mail of which we cannot say it, too.

    Whatever is wrong with that one is told, and noted, when it is worked on.
    """
    try:
        return sorting.came_back(row, means.tokens)
    except Exception as error:
        log.warning("intake.not_sorted", extra={"mail": row.id, "error": type(error).__name__})
        return None


async def _recorded(database: Database, some: Sequence[CameBack], means: Means, room: Room) -> int:
    """Record in one transaction, and in smaller ones if anything stands in the way; how many."""
    if not some:
        return 0
    try:
        done, begun = await database.perform(_record, some, means.rules, datetime.now(UTC))
    # A mail of which we know no more than that it fails, or somebody who waits for us while we wait
    # for them: halves find out which it is, and the others are still recorded together. A database
    # that is away says so at the first mail.
    except Exception as error:
        log.warning("intake.divided", extra={"error": type(error).__name__, "mails": len(some)})
        if isinstance(error, DatabaseAway) or len(some) < _DIVIDED:
            return sum([await work(database, means, it.row.id, room) for it in some])
        half = len(some) // 2
        parts = (some[:half], some[half:])
        return sum([await _recorded(database, it, means, room) for it in parts])
    log.info("intake.worked_together", extra={"mails": done})
    await room.leave(begun)
    return done


def _record(
    session: Session, some: Sequence[CameBack], rules: BounceRules, now: datetime
) -> tuple[int, float]:
    """How many were recorded, and since when that held what it locks."""
    # The wait for SQLite's writer is over by now, and does not count.
    begun = time.monotonic()
    ours = {row.id for row in waiting.locked(session, [it.row.id for it in some])}
    mine = [it for it in some if it.row.id in ours]
    arrivals = [one for it in mine for one in it.arrivals]
    coming_back.take_in_all(session, arrivals, rules=rules, now=now)
    waiting.note(session, [(it.row, it.worked) for it in mine], now)
    return len(mine), begun


async def work(database: Database, means: Means, row_id: int, room: Room | None = None) -> bool:
    """Work on one mail, unless it was worked on already; whether it was.

    A fault of ours puts the mail off; after the last of waiting.DELAYS it is kept for a person.
    """
    begun = time.monotonic()
    try:
        async with database.begin() as session:
            begun = time.monotonic()
            row = await session.run_sync(_locked, row_id)
            if row is None:
                return False
            now = datetime.now(UTC)
            found = await _worked(session, row, means, now)
            await session.run_sync(waiting.note, [(row, found)], now)
    except DatabaseAway:
        raise
    # Any fault of ours concerns this mail alone: the others go on. What the error says may hold
    # addresses, so its class and its place are kept.
    except Exception as error:
        log.error(
            "intake.not_worked",
            extra={"mail": row_id, "error": type(error).__name__, "at": place_of(error)},
        )
        await database.perform(_put_off, row_id)
        return False
    finally:
        if room is not None:
            await room.leave(begun, recording_pace.OF_ONE)
    log.info("intake.worked", extra={"mail": row_id, "door": row.door, "kind": found.kind})
    return True


def _locked(session: Session, row_id: int) -> Waiting | None:
    return next(iter(waiting.locked(session, [row_id])), None)


def _put_off(session: Session, row_id: int) -> None:
    if (row := _locked(session, row_id)) is not None:
        waiting.put_off(session, row, datetime.now(UTC))


async def _worked(session: AsyncSession, row: Waiting, means: Means, now: datetime) -> Worked:
    came_back = sorting.came_back(row, means.tokens)
    if came_back is not None:
        await session.run_sync(
            coming_back.take_in_all, came_back.arrivals, rules=means.rules, now=now
        )
        return came_back.worked
    mail, _, number, leaving = sorting.open_mail(row, means.tokens)
    if number == probes.NUMBER:
        return Worked(Sort.PROBE.value, acted=True, note=probes.mark_of(mail))
    if leaving is not None:
        await leaving_by_link.leave(session, token=leaving, source="mail", now=now)
        return Worked(Sort.LEFT.value, acted=True)
    return await _of_a_person(session, row, mail, means, now)


async def _of_a_person(
    session: AsyncSession, row: Waiting, mail: Mail, means: Means, now: datetime
) -> Worked:
    """A mail that somebody wrote: a wish to leave is done if its sender is proven."""
    sender = wishes.sender_of(mail)
    try:
        address = Address.parse(sender)
    except AddressError:
        return await _passed_on(session, row, mail, None, means, now)
    key = means.keys.address_key(address.folded)
    if wishes.wants_to_leave(mail):
        proven = is_proven(mail, sender, means.server)
        found = await leave_by_word(
            session, address_key=key, mail=mail, tokens=means.tokens, proven=proven, now=now
        )
        if found is not None:
            note = "" if proven else words_of(mail.first("subject"))
            return Worked(found.value, found is Sort.LEFT, key, note)
    return await _passed_on(session, row, mail, key, means, now)


async def _passed_on(
    session: AsyncSession, row: Waiting, mail: Mail, key: bytes | None, means: Means, now: datetime
) -> Worked:
    if means.forward is None:
        return Worked(Sort.REPLY.value, sender_key=key)
    passed = await forwarding.order(
        session, forward=means.forward, raw=row.raw, mail=mail, sender_key=key, keys=means.keys,
        now=now,
    )  # fmt: skip
    # Kept where it lies: what was passed on is still somebody's to answer.
    return Worked((Sort.FORWARDED if passed else Sort.NOISE).value, sender_key=key)
