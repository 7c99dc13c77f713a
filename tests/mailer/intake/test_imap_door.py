"""A real Dovecot: mails are fetched as they come, kept once, and filed only after that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import select, update

from mailer.bounce_models import Bounce
from mailer.intake import imap_door, waiting
from mailer.intake.imap_client import Mailbox, MailboxError, MailboxPlan
from mailer.intake.imap_door import ImapDoor
from mailer.intake_models import IntakeDoor, IntakeMail
from pli.database import Database
from tests.certificates import authority
from tests.dovecot import Dovecot
from tests.mailer.bounces.coming_back import bounce_of, one_copy
from tests.mailer.intake.coming_in import keep_working, written
from tests.waiting import until_true

pytestmark = pytest.mark.proof


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot.started() as server:
        yield server


@asynccontextmanager
async def reading(database: Database, plan: MailboxPlan) -> AsyncIterator[None]:
    """Read the mailbox, and work on what it brings."""
    stop = asyncio.Event()
    parts = (
        ImapDoor(database, plan, keep_days=90).run(stop),
        keep_working(database, stop),
    )
    tasks = [asyncio.create_task(it) for it in parts]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def bounced(database: Database) -> int:
    async with database.reading() as session:
        return len((await session.scalars(select(Bounce.id))).all())


async def test_idle_tells_of_a_bounce_which_is_moved_and_an_answer_stays_unread(
    database: Database, now: datetime, dovecot: Dovecot
) -> None:
    number, email = await one_copy(database, now)
    dovecot.deliver(written("anne@example.org", "Bonjour"))
    plan = MailboxPlan.parse("imap", dovecot.url)
    async with reading(database, plan):
        await until_true(lambda: _kinds(database))
        dovecot.deliver(bounce_of(number, email))
        await until_true(lambda: dovecot.mails("Pli") != {})
    assert dovecot.mails() == {"Bonjour": ""}
    assert list(dovecot.mails("Pli")) == ["Undelivered mail"]
    assert await bounced(database) == 1
    async with database.reading() as session:
        door = (await session.scalars(select(IntakeDoor))).one()
        assert (door.uid, door.holder, door.fault) == (2, None, {})


@pytest.mark.parametrize("after", ["seen", "delete", "move:Répondu"])
async def test_what_was_acted_on_is_marked_deleted_or_moved_as_the_setting_says(
    database: Database, now: datetime, dovecot: Dovecot, after: str
) -> None:
    number, email = await one_copy(database, now)
    dovecot.deliver(bounce_of(number, email))
    dovecot.deliver(written("anne@example.org", "Bonjour"))
    async with reading(database, MailboxPlan.parse("imap", dovecot.url, after)):
        await until_true(lambda: _all_filed(database))
    left = dovecot.mails()
    assert left.pop("Bonjour") == ""
    assert left == ({"Undelivered mail": "S"} if after == "seen" else {})


async def test_a_mailbox_that_numbers_its_mails_anew_is_read_again_without_harm(
    database: Database, now: datetime, dovecot: Dovecot
) -> None:
    number, email = await one_copy(database, now)
    dovecot.deliver(bounce_of(number, email))
    plan = MailboxPlan.parse("imap", dovecot.url, "seen")
    async with reading(database, plan):
        await until_true(lambda: _all_filed(database))
    async with database.begin() as session:  # it died before it had noted that
        await session.execute(update(IntakeMail).values(filed=False))
        before = await session.scalar(select(IntakeDoor.uidvalidity))
        await session.execute(update(IntakeDoor).values(uidvalidity=(before or 0) - 1, uid=900))
    dovecot.number_anew()
    async with reading(database, plan):
        await until_true(lambda: _all_filed(database))
    async with database.reading() as session:
        door = (await session.scalars(select(IntakeDoor))).one()
        assert door.uid < 900
        assert len((await session.scalars(select(IntakeMail.id))).all()) == 1
    assert await bounced(database) == 1


async def test_a_mailbox_has_one_reader_and_a_wrong_password_is_told_without_it(
    database: Database, dovecot: Dovecot
) -> None:
    plan = MailboxPlan.parse("imap", dovecot.url)
    one, two = (ImapDoor(database, plan, keep_days=90) for _ in range(2))
    assert await one._hold()
    assert not await two._hold()
    wrong = MailboxPlan.parse("imap", dovecot.url.replace("mot", "geheim"))
    with pytest.raises(MailboxError) as refused:
        Mailbox(wrong)
    assert "AUTHENTICATIONFAILED" in str(refused.value)
    assert "geheim" not in str(refused.value)


async def test_without_idle_and_move_the_mailbox_is_asked_and_copied(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    with Dovecot.started("IMAP4rev1 UIDPLUS") as dovecot:
        dovecot.deliver(bounce_of(number, email))
        async with reading(database, MailboxPlan.parse("imap", dovecot.url)):
            await until_true(lambda: _all_filed(database))
        assert dovecot.mails() == {}
        assert list(dovecot.mails("Pli")) == ["Undelivered mail"]


async def test_by_tls_a_server_that_names_folders_its_own_way_is_read_and_filed_into(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, email = await one_copy(database, now)
    with Dovecot.started(prefix="INBOX.") as dovecot:
        plan = MailboxPlan.parse("imap", dovecot.tls_url)
        with pytest.raises(MailboxError, match="certificate verify failed"):
            Mailbox(plan)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))
        async with reading(database, plan):
            await until_true(lambda: _read(database))
            dovecot.deliver(bounce_of(number, email))
            begun = time.monotonic()
            await until_true(lambda: _all_filed(database))
            assert time.monotonic() - begun < imap_door.IDLE_SECONDS / 2
        assert dovecot.mails() == {}
        assert list(dovecot.mails("Pli")) == ["Undelivered mail"]
        assert "Pli" in (dovecot.folder / "mail" / "subscriptions").read_text()


async def _read(database: Database) -> bool:
    async with database.reading() as session:
        return await session.scalar(select(IntakeDoor.seen_at)) is not None


async def _kinds(database: Database) -> list[str]:
    async with database.reading() as session:
        return [it for it in await session.scalars(select(IntakeMail.kind)) if it]


async def _all_filed(database: Database) -> bool:
    async with database.reading() as session:
        rows = (await session.scalars(select(IntakeMail.filed).where(IntakeMail.acted))).all()
        due = (await session.scalars(waiting.due())).all()
    return bool(rows) and all(rows) and not due
