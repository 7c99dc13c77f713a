"""A server that repeats itself is heard no more, by any door, and nothing else is lost by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import select

from mailer.intake import glances, hooks, mailboxes, taking
from mailer.intake.glances import Glance
from mailer.intake.hooks import Hook
from mailer.intake.taking import MOST_TO_ONE, Place, Taken
from mailer.intake_models import IntakeMail
from mailer.report import intake as came_in
from pli.database import Database
from tests.mailer.bounces.coming_back import bounce_of, complaint_of, one_copy
from tests.mailer.intake import payloads
from tests.mailer.intake.coming_in import taken, tally, worked, written
from tests.specimens.bounces.pieces import TOKENS, return_path

OVER = MOST_TO_ONE + 3


def absence(number: int, n: int) -> bytes:
    to = f"Delivered-To: {return_path(number)}\n"
    return written("marie@recipients.example.net", f"Absence {n}", more=to)


async def fetched(database: Database, raw: bytes, uid: int, uidvalidity: int = 7) -> Taken:
    async with database.begin() as session:
        return await taking.take(
            session, raw=raw, came_to="", by="imap", place=Place(uidvalidity, uid),
            now=datetime.now(UTC),
        )  # fmt: skip


async def in_mailbox(database: Database, uidvalidity: int = 7) -> list[int]:
    """What is to be filed in the mailbox."""
    async with database.begin() as session:
        found = await mailboxes.to_be_filed(session, "imap", uidvalidity)
        await mailboxes.filed(session, list(found.values()))
        return list(found)


async def test_noise_is_known_by_the_header_where_no_door_knows_the_envelope_and_hides_no_failure(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = [await fetched(database, absence(number, n), n) for n in range(1, OVER + 1)]
    assert came == [Taken.NEW] * MOST_TO_ONE + [Taken.DROPPED] * 3
    assert await taken(database, absence(number, 99), by="pipe") is Taken.DROPPED
    assert await fetched(database, absence(number, 1), 1) is Taken.KNOWN, "read again"
    assert await fetched(database, absence(number + 1, 1), 98) is Taken.NEW
    assert await fetched(database, bounce_of(number, email), 99) is Taken.NEW
    assert await tally(database) == {"noise": 4}
    async with database.reading() as session:
        (noise,) = await came_in.noises(session)
        assert (noise.came_to, noise.dropped, noise.door) == (return_path(number), 4, "imap")
    assert set(await in_mailbox(database)) == {11, 12, 13}, "noise is filed, the rest is not yet"
    await worked(database)
    assert 99 in await in_mailbox(database)


async def test_what_only_passes_hides_neither_a_failure_for_good_nor_a_complaint(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    passing = [bounce_of(7, f"p{n}@example.org", ("4.2.2", "full")) for n in range(OVER)]
    told = [bounce_of(7, f"p{n}@example.org", ("2.0.0", ""), action="relayed") for n in range(OVER)]
    for mails in (passing, told):
        came = [await taken(database, it, return_path(7)) for it in mails]
        assert came == [Taken.NEW] * MOST_TO_ONE + [Taken.DROPPED] * 3
    for mail in (bounce_of(7, "anne@example.org"), complaint_of(7, "anne@example.org")):
        assert await taken(database, mail, return_path(7)) is Taken.NEW
    await database.close()


async def test_of_one_event_about_one_copy_a_few_are_kept_and_another_event_is_heard(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    documents = [{**payloads.brevo("deferred", "m", "later"), "id": n} for n in range(OVER)]
    documents += [payloads.brevo("hard_bounce", "m"), payloads.brevo("deferred", "other")]
    async with database.begin() as session:
        hook = Hook("main", "brevo", "x")
        await hooks.take(session, hook, documents, tokens=TOKENS, now=datetime.now(UTC))
        kept = [json.loads(it) for it in await session.scalars(select(IntakeMail.raw))]
    assert len(kept) == MOST_TO_ONE + 2
    assert [it["event"] for it in kept[-2:]] == ["hard_bounce", "deferred"]
    assert await tally(database) == {"noise": 3}
    await database.close()


async def test_a_second_copy_in_a_mailbox_is_filed_with_the_first_and_numbers_anew_are_followed(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    mail, answer = bounce_of(number, email), written("anne@example.org", "Bonjour")
    for uid, raw in enumerate((mail, mail, answer, answer), 1):
        await fetched(database, raw, uid)
    assert await fetched(database, mail, 2) is Taken.KNOWN
    assert await in_mailbox(database) == []
    await worked(database)
    assert await in_mailbox(database) == [1, 2]
    assert await fetched(database, mail, 5) is Taken.KNOWN, "it came once more"
    assert await in_mailbox(database) == [5]
    for uid, raw in enumerate((answer, mail), 1):
        await fetched(database, raw, uid, uidvalidity=8)
    assert await in_mailbox(database, 8) == [2]
    async with database.reading() as session:
        assert len((await session.scalars(select(IntakeMail.id))).all()) == 5


def test_a_glance_tells_failures_from_other_reports_and_finds_who_it_is_for() -> None:
    for status, glance in (("5.1.1", Glance.GONE), ("4.2.2", Glance.FAILED)):
        assert glances.glance_at(bounce_of(7, "anne@example.org", (status, ""))) is glance
    assert glances.glance_at(complaint_of(7, "anne@example.org")) is Glance.COMPLAINED
    delayed = bounce_of(7, "anne@example.org", ("4.2.2", ""), action="delayed")
    assert glances.glance_at(delayed) is Glance.REPORT
    for field in (b"From: Mail <MAILER-DAEMON@mx.example>", b"X-Failed-Recipients: a@b.example"):
        assert glances.glance_at(b"To: x\n" + field + b"\n\nSorry.\n") is Glance.FAILED
    assert glances.glance_at(b"From: a@b.example\n\nFrom: mailer-daemon\n") is Glance.OTHER
    receipt = b'Content-Type: multipart/report; REPORT-TYPE = "disposition-notification"\n\n'
    assert glances.glance_at(receipt) is Glance.REPORT
    assert glances.glance_at(b"Subject: report-type\n\nAction: none\n") is Glance.OTHER
    for header, address in (
        (b"To: Lettre <bounce+0a@example.org>\r\n\r\n", "bounce+0a@example.org"),
        (b"Delivered-To: a@b.example\nX-Original-To: Leave+0a@b.example\n\n", "Leave+0a@b.example"),
        (b"To: a@b.example\nSubject: bounce+0a@b.example\n\n", ""),
        (b"To: a@b.example\n\nTo: bounce+0a@b.example\n", ""),
        (b"\xff\x00bounce+", ""),
        (b"To: bounce+0a@b.example\n" + b"Received: x\n" * 5_000, "bounce+0a@b.example"),
    ):
        assert glances.address_in(header) == address
