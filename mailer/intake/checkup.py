"""The check-up of the doors: whether answers arrive, and what waits for a person."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake import probes, tallies, unproven
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeDoor, IntakeMail, IntakeTally
from pli.checks import Check, fine, warn
from pli.database import Database
from pli.language import N_, Sentence, as_sentence, say, say_n

WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.5
SMALL = 50
"""A campaign of more copies should not leave while nobody knows whether answers arrive."""
NOTHING = N_("no answer ever came in: bounces, complaints and replies may be lost")
SET_UP = N_(
    "“pli intake setup” tells how they come in, and “pli doctor --answers” tries whether they do"
)

REFUSED = N_("who answers a letter writes to {address}, and is refused, even if they write STOP")
READER = N_("name in reply_forward who reads the answers: Pli then takes them, and passes them on")


@dataclass(frozen=True, slots=True)
class Expected:
    """Which doors the settings open; `listen` is where a relay brings mails, "" if nowhere.

    `refused` is the address that people answer to, if that door refuses it.
    """

    domain: str
    listen: str = ""
    refused: str = ""
    mailboxes: Sequence[str] = ()
    hooks: Sequence[str] = ()


async def check(session: AsyncSession, expected: Expected) -> list[Check]:
    """Check what the doors brought so far, and what is wrong with mailboxes."""
    found: list[Check] = []
    for row in (await session.execute(select(IntakeDoor.name, IntakeDoor.fault))).all():
        if row.fault and row.name in expected.mailboxes:
            found.append(warn("answers", as_sentence(row.fault)))
    if expected.refused:
        told = say(REFUSED, address=expected.refused)
        found.append(warn("answers", told, say(READER)))
    tracking = await session.scalar(
        select(func.sum(IntakeTally.mails)).where(IntakeTally.kind == Sort.TRACKING.value)
    )
    if tracking:
        told = say_n(
            "the relay counts who opens letters and follows links: it told {n} such event",
            "the relay counts who opens letters and follows links: it told {n} such events",
            int(tracking),
        )
        found.append(warn("answers", told, say(N_("turn that off at the provider (GDPR)"))))
    if n := await unproven.people(session):
        told = say_n(
            "{n} person may want to leave, and nothing proves that they wrote it",
            "{n} people may want to leave, and nothing proves that they wrote it",
            n,
        )
        found.append(
            warn("answers", told, say(N_("“pli intake list” shows who, and so does the office")))
        )
    if n := await _of(session, Sort.FAULT):
        told = say_n(
            "{n} mail could not be worked on, for a fault of Pli",
            "{n} mails could not be worked on, for a fault of Pli",
            n,
        )
        remedy = N_("the log tells at which place (intake.not_worked): please report it")
        found.append(warn("answers", told, say(remedy)))
    if n := await _of(session, Sort.UNREADABLE):
        told = say_n(
            "{n} mail lies in a mailbox whose server does not give it out",
            "{n} mails lie in mailboxes whose servers do not give them out",
            n,
        )
        found.append(warn("answers", told, say(N_("look at it with a mail program"))))
    if not await tallies.anything(session):
        found.append(warn("answers", say(NOTHING), say(SET_UP)))
    return found


async def _of(session: AsyncSession, sort: Sort) -> int:
    """How many mails of this sort are kept."""
    found = select(func.count()).select_from(IntakeMail).where(IntakeMail.kind == sort.value)
    return await session.scalar(found) or 0


async def is_silent(session: AsyncSession, *, copies: int) -> bool:
    """Whether so many copies would leave while no door ever brought anything."""
    return copies > SMALL and not await tallies.anything(session)


async def before_a_release(session: AsyncSession, *, copies: int) -> Sentence | None:
    """A warning for whoever releases a campaign of so many copies; None: there is no reason.

    It says that no door ever brought anything, so that nobody would hear of bounces.
    """
    if not await is_silent(session, copies=copies):
        return None
    return say(
        N_("{n} copies, and {nothing} ({remedy})"),
        n=copies,
        nothing=say(NOTHING),
        remedy=say(SET_UP),
    )


async def arrives(
    database: Database,
    mark: str,
    send: Callable[[], Awaitable[str | None]],
    expected: Expected,
    *,
    seconds: float = WAIT_SECONDS,
) -> Check:
    """Send a probe with this mark, and wait until it came in, or say which step is missing."""
    begun = time.monotonic()
    since = datetime.now(UTC)
    refusal = await send()
    if refusal is not None:
        return warn(
            "answers",
            say(N_("the relay does not take a mail to our own return path: {text}"), text=refusal),
            say(
                N_("let it pass mails to {domain} on to Pli: “pli intake setup” tells how"),
                domain=expected.domain,
            ),
        )
    while time.monotonic() < begun + seconds:
        async with database.reading() as session:
            door = await probes.door_of(session, mark, since=since)
        if door is not None:
            took = f"{time.monotonic() - begun:.1f}"
            return fine(
                "answers", say(N_("answers arrive, by {door}, in {n} s"), door=door, n=took)
            )
        await asyncio.sleep(_LOOK_SECONDS)
    return await _missing(database, since, expected, seconds)


async def _missing(
    database: Database, since: datetime, expected: Expected, seconds: float
) -> Check:
    """Which step is missing, as far as it can be seen from here."""
    async with database.reading() as session:
        waits = await session.scalar(
            select(func.count()).where(IntakeMail.due_at.is_not(None), IntakeMail.at >= since)
        )
    told = say(N_("a mail to our own return path did not come in within {n} s"), n=f"{seconds:.0f}")
    if waits:
        return warn(
            "answers", told, say(N_("mails wait and nobody works on them: run “pli serve”"))
        )
    if expected.listen:
        remedy = say(
            N_("see in the relay's log whether it brings mails to {domain} to {listen}, and that "
               "“pli serve” runs"),
            domain=expected.domain,
            listen=expected.listen,
        )  # fmt: skip
    elif expected.mailboxes:
        remedy = say(
            N_("see that the MX of {domain} leads to the mailbox, that it takes addresses with +, "
               "and that “pli serve” runs"),
            domain=expected.domain,
        )  # fmt: skip
    elif expected.hooks:
        remedy = say(
            N_("see on the provider's pages that its events go to the address which “pli intake "
               "setup” tells, and that “pli serve” is reached from outside")
        )  # fmt: skip
    else:
        remedy = say(SET_UP)
    return warn("answers", told, remedy)
