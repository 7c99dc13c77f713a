"""What is kept of mails that came back: bounded, once, and nothing of who was erased."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, select, update

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces import checkup, handling
from mailer.bounces.keeping import unpacked
from mailer.models import Delivery
from mailer.report import bounces
from pli.database import Database
from subscribers.models import Subscriber, SuppressionReason
from tests.mailer.bounces.coming_back import (
    BLAMED,
    FULL,
    UNTOLD,
    bounce_of,
    comes,
    one_copy,
    suppressed,
)
from tests.paths import ROOT

DAY = timedelta(days=1)
HARD = SuppressionReason.HARD_BOUNCE
SPECIMENS = [
    it.read_bytes() for it in sorted((ROOT / "tests/specimens/bounces/written").glob("*.eml"))
]


async def test_of_an_erased_person_the_fact_is_kept_and_the_mails_are_gone(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, FULL), now)
    async with database.begin() as session:
        mail = (await session.scalars(select(BounceMail.raw))).one()
        assert email.encode() in unpacked(mail)
        await session.execute(delete(Subscriber).where(Subscriber.email == email))
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 0
        (kept,) = (await session.scalars(select(Bounce))).all()
        assert (kept.mail_id, kept.reason) == (None, "full")
    came = await comes(database, bounce_of(number, email), now)
    assert came.bounce_id is not None
    assert came.effect is Effect.NONE


async def test_a_mail_about_somebody_who_is_erased_is_kept_without_its_text(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(update(Delivery).values(subscriber_id=None))
    came = await comes(database, bounce_of(number, email), now)
    assert came.bounce_id is not None
    async with database.reading() as session:
        assert unpacked((await session.scalars(select(BounceMail.raw))).one()) == b""


async def test_a_thousand_mails_about_one_copy_are_heard_ten_times(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    for n in range(30):
        await comes(database, bounce_of(number, email, FULL, more=f"X-Try: {n}\n"), now)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 10
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1


async def test_mails_are_kept_for_a_while_and_what_followed_stays(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        for days, expected in ((0, 0), (1, 1)):
            old = partial(handling.delete_old_mails, before=now + days * DAY)
            assert await session.run_sync(old) == expected
        assert came.bounce_id is not None
        listed, source = await bounces.one(session, came.bounce_id)
    assert (listed.mail, source) == (None, "")
    assert await suppressed(database) == {email: HARD}


async def test_two_processes_that_read_one_mail_record_it_once(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    raw = bounce_of(number, email)
    both = await asyncio.gather(*(comes(database, raw, now) for _ in range(4)))
    assert sum(it.new for it in both) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 1
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1


async def test_whatever_comes_in_is_recorded_or_kept_and_harms_nobody(
    database: Database, now: datetime
) -> None:
    """Mails of other copies, and signs that no database keeps."""
    _, email = await one_copy(database, now)
    gone = bounce_of(999, email)
    odd = [
        gone.replace(b"User unknown", b"\0 \xff\xfe \xed\xa0\x80 &#0; =00"),
        gone.replace(b"rfc822; ", b"utf-8; \\x{0}\\x{d800}\\x{110000}"),
        gone.replace(b"Status: 5.1.1", b"Status: 5." + b"1" * 400),
        gone.replace(b"Reporting-MTA", b"Remote-MTA: dns; " + b"m" * 900 + b"\nReporting-MTA"),
        b"Subject: =?utf-8?b?AAAA?=\nFrom: mailer-daemon@\xff\n\n\0\0",
    ]
    for raw in (*SPECIMENS, *odd):
        came = await comes(database, raw, now, came_to="bounce+00@example.org" * 30)
        assert came.new or came.mail_id is None or raw in SPECIMENS
    assert await suppressed(database) == {}


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape"])
async def test_a_charset_that_makes_half_characters_stops_no_reading(
    database: Database, now: datetime, charset: str
) -> None:
    raw = UNTOLD.format("a@example.net").replace(
        "Subject", f"Content-Type: text/plain; charset={charset}\nSubject"
    )
    raw = raw.replace("User unknown", "+2AA- \\ud800 User unknown")
    came = await comes(database, raw.encode(), now, came_to="\udcff@example.net")
    assert came.mail_id is not None


async def test_the_doctor_tells_what_came_back_about_us(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, BLAMED), now)
    async with database.reading() as session:
        (told,) = await checkup.check(session, now=now + DAY)
        assert "550 5.7.1 message refused as spam" in str(told.told)
        assert await checkup.check(session, now=now + 8 * DAY) == []
