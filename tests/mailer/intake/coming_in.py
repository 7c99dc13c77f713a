"""Mails that come in by a door of a test, and what they became."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from mailer.bounces.rules import USUAL
from mailer.intake import taking, working
from mailer.intake.forwarding import Forward
from mailer.intake.taking import Taken
from mailer.intake.working import Means
from mailer.intake_models import IntakeMail, IntakeTally
from pli.database import Database
from pli.work import until
from tests.factories import KEYS
from tests.specimens.bounces.pieces import TOKENS, plain
from tests.specimens.bounces.real_servers import LINKS

SERVER = "mx.orme.example.org"


def means(forward: Forward | None = None) -> Means:
    return Means(KEYS, TOKENS, USUAL, SERVER, forward)


def leave_address(subscriber_id: int, list_id: int, delivery_id: int = 1) -> str:
    address = LINKS.leave_address(subscriber_id, list_id, delivery_id, "ab")
    assert address is not None
    return address


def written(sender: str, subject: str, text: str = "Bonjour.\n", more: str = "") -> bytes:
    """A mail that a person wrote."""
    fields = f"{more}From: Quelqu’un <{sender}>\nTo: comite@orme.example.org\nSubject: {subject}\n"
    return plain(f"{fields}Message-ID: <a@recipients.example.net>\n", text)


def proven(domain: str = "example.org") -> str:
    """What the receiving server writes when DKIM passed for a domain."""
    return f"Authentication-Results: {SERVER};\n dkim=pass (2048-bit key) header.d={domain}\n"


async def taken(
    database: Database, raw: bytes, came_to: str = "", *, by: str = "test", form: str = "mail"
) -> Taken:
    async with database.begin() as session:
        return await taking.take(
            session, raw=raw, came_to=came_to, by=by, form=form, now=datetime.now(UTC)
        )


async def worked(database: Database, forward: Forward | None = None) -> int:
    return await working.work_all(database, means(forward))


async def kinds(database: Database) -> Sequence[str]:
    """What the mails were, in the order in which they came in."""
    async with database.reading() as session:
        return (await session.scalars(select(IntakeMail.kind).order_by(IntakeMail.id))).all()


async def tally(database: Database) -> dict[str, int]:
    """How much of each kind came in, by all doors."""
    async with database.reading() as session:
        rows = await session.execute(
            select(IntakeTally.kind, func.sum(IntakeTally.mails)).group_by(IntakeTally.kind)
        )
        return {kind: int(mails) for kind, mails in rows}


async def keep_working(database: Database, stop: asyncio.Event) -> None:
    """Work on what comes in, as the process that does chores does."""
    while not await until(stop, 0.05):
        await worked(database)
