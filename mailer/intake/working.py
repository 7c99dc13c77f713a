"""Works on what the doors took: each mail once, in one transaction with what follows from it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.handling import Arrival, Came
from mailer.bounces.mail import Mail, opened, words_of
from mailer.bounces.reading import read_mail
from mailer.bounces.relays.kinds import KINDS, number_of
from mailer.bounces.report import Kind
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import came_to_by
from mailer.campaign import coming_back, leaving_by_link
from mailer.intake import forwarding, probes, tallies, wishes
from mailer.intake.authenticated import is_proven
from mailer.intake.forwarding import Forward
from mailer.intake.leaving_by_word import leave_by_word
from mailer.intake.taking import CHORE, MAIL
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli import chores
from pli.columns import clock
from pli.database import Database, DatabaseAway
from pli.faults import place_of
from pli.keys import Keys
from subscribers.address import Address, AddressError

log = logging.getLogger("pli.intake")

DELAYS = tuple(timedelta(seconds=it) for it in (5, 60, 600, 3600))
"""Before each further try of a mail that could not be worked; then it waits for a person."""
_LETTERS_COME_BACK = (Kind.FAILURE, Kind.DELAY, Kind.SUCCESS, Kind.COMPLAINT)


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


class Worked(NamedTuple):
    """What a mail was: its kind, whether something followed from it, who wrote it, and a note."""

    kind: str
    acted: bool = False
    sender_key: bytes | None = None
    note: str = ""


Waiting = tuple[int, datetime, str, str, str, bytes, int]
"""The columns of a mail that waits."""


def due() -> Select[int]:
    """The ids of what waits and is due, the oldest first."""
    return (
        select(IntakeMail.id)
        .where(IntakeMail.due_at.is_not(None), IntakeMail.due_at <= clock())
        .order_by(IntakeMail.id)
    )


async def work(database: Database, means: Means, row_id: int) -> bool:
    """Work on one mail, unless it was worked on already; whether it was.

    A fault of ours puts the mail off; after the last of DELAYS it is kept for a person.
    """
    try:
        async with database.begin() as session:
            row = (await session.execute(_waiting(row_id))).one_or_none()
            if row is None:
                return False
            now = datetime.now(UTC)
            found = await _worked(session, row, means, now)
            await _done(session, row, found, now)
    except DatabaseAway:
        raise
    # Any fault of ours concerns this mail alone: the others go on. What the error says may hold
    # addresses, so its class and its place are kept.
    except Exception as error:
        log.error(
            "intake.not_worked",
            extra={"mail": row_id, "error": type(error).__name__, "at": place_of(error)},
        )
        await _put_off(database, row_id)
        return False
    log.info("intake.worked", extra={"mail": row_id, "door": row.door, "kind": found.kind})
    return True


def _waiting(row_id: int) -> Select[*Waiting]:
    return (
        select(
            IntakeMail.id,
            IntakeMail.at,
            IntakeMail.door,
            IntakeMail.form,
            IntakeMail.came_to,
            IntakeMail.raw,
            IntakeMail.tries,
        )
        .where(IntakeMail.id == row_id, IntakeMail.due_at.is_not(None))
        .with_for_update(skip_locked=True)
    )


async def _done(session: AsyncSession, row: Row[*Waiting], found: Worked, now: datetime) -> None:
    await session.execute(
        update(IntakeMail)
        .where(IntakeMail.id == row.id)
        .values(
            due_at=None,
            kind=found.kind,
            acted=found.acted,
            sender_key=found.sender_key,
            note=found.note[:200],
            raw=b"",
        )
        .execution_options(synchronize_session=False)
    )
    waited = max(0.0, (now - row.at).total_seconds())
    await tallies.count(session, door=row.door, kind=found.kind, seconds=waited, at=now)


async def _put_off(database: Database, row_id: int) -> None:
    async with database.begin() as session:
        row = (await session.execute(_waiting(row_id))).one_or_none()
        if row is None:
            return
        now = datetime.now(UTC)
        values: dict[str, Any] = {"due_at": None, "kind": Sort.FAULT.value}
        if row.tries < len(DELAYS):
            values = {"due_at": now + DELAYS[row.tries]}
        else:
            await tallies.count(session, door=row.door, kind=Sort.FAULT.value, at=now)
        await session.execute(
            update(IntakeMail)
            .where(IntakeMail.id == row.id)
            .values(tries=row.tries + 1, **values)
            .execution_options(synchronize_session=False)
        )


async def _worked(session: AsyncSession, row: Row[*Waiting], means: Means, now: datetime) -> Worked:
    if row.form != MAIL:
        return await _event(session, row, means, now)
    mail = opened(row.raw)
    report = read_mail(mail)
    addresses = (row.came_to, *came_to_by(mail))
    number = next(
        (it for it in map(means.tokens.of_return_path, addresses) if it is not None), None
    )
    if number == probes.NUMBER:
        return Worked(Sort.PROBE.value, acted=True, note=probes.mark_of(mail))
    if number is None and report.kind not in _LETTERS_COME_BACK:
        for address in addresses:
            if token := means.tokens.of_leave_address(address):
                await leaving_by_link.leave(session, token=token, source="mail", now=now)
                return Worked(Sort.LEFT.value, acted=True)
    if number is not None or report.kind is not Kind.OTHER:
        came = await coming_back.take_in(
            session,
            raw=row.raw,
            came_to=row.came_to,
            door=row.door,
            tokens=means.tokens,
            rules=means.rules,
            now=now,
        )
        return Worked(came.kind.value, acted=came.number is not None)
    return await _of_a_person(session, row, mail, means, now)


async def _of_a_person(
    session: AsyncSession, row: Row[*Waiting], mail: Mail, means: Means, now: datetime
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
    session: AsyncSession,
    row: Row[*Waiting],
    mail: Mail,
    key: bytes | None,
    means: Means,
    now: datetime,
) -> Worked:
    if means.forward is None:
        return Worked(Sort.REPLY.value, sender_key=key)
    passed = await forwarding.order(
        session, forward=means.forward, raw=row.raw, mail=mail, sender_key=key, keys=means.keys,
        now=now,
    )  # fmt: skip
    # Kept where it lies: what was passed on is still somebody's to answer.
    return Worked((Sort.FORWARDED if passed else Sort.NOISE).value, sender_key=key)


async def _event(session: AsyncSession, row: Row[*Waiting], means: Means, now: datetime) -> Worked:
    """What a relay tells: each recipient of an event is recorded by itself."""
    told = KINDS[row.form].read(json.loads(row.raw))
    came: Came | None = None
    for place, event in enumerate(told):
        number = number_of(event, means.tokens)
        # The second recipient of one event has the same octets.
        raw = row.raw + b" " * place
        arrival = Arrival(raw, "", row.door, event.report, number)
        came = await coming_back.take_in_told(session, arrival, rules=means.rules, now=now)
    kind = came.kind if came else Kind.OTHER
    return Worked(kind.value, acted=came is not None and came.number is not None)


AT_ONCE = 50


async def work_all(database: Database, means: Means) -> int:
    """Work on everything that is due now; how many."""
    done = 0
    while True:
        async with database.reading() as session:
            ids = (await session.scalars(due().limit(AT_ONCE))).all()
        worked = [await work(database, means, row_id) for row_id in ids]
        done += sum(worked)
        if not any(worked):
            return done


def kinds(database: Database, means: Means) -> Sequence[chores.Kind]:
    """The chore that works on mails, for the process that does chores."""

    async def one(row_id: int) -> None:
        await work(database, means, row_id)

    return [chores.Kind(CHORE, one, source=due)]
