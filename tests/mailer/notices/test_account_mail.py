"""Mails to people of the office: they leave whatever is suppressed, and leave no link behind."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.models import Notice, Status
from mailer.notices import account_mail, queue
from mailer.notices.account_mail import AccountMail, LinkIsOver, Reader
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.address import Address
from subscribers.models import SuppressionReason
from tests.factories import IDENTITY
from tests.mailer.engine.running import working
from tests.relay import Relay

URL = "https://bureau.example.org/office/link/SECRET"
ANNE = Reader(Address.parse("anne@example.org"), "fr", "Europe/Paris")


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def a_link(
    database: Database, keys: Keys, now: datetime, *, lives: timedelta = timedelta(minutes=15)
) -> int:
    async with database.begin() as session:
        return await account_mail.order_link(
            session,
            mail=AccountMail.RESET,
            reader=ANNE,
            identity=IDENTITY,
            url=URL,
            code="012345",
            until=now + lives,
            keys=keys,
            now=now,
        )


async def ended(database: Database, notice_id: int) -> tuple[Status, str]:
    """The status of a notice that is over, and what is left of its content."""
    async with asyncio.timeout(15):
        while True:
            async with database.reading() as session:
                status, content = (
                    await session.execute(
                        select(Notice.status, Notice.content).where(Notice.id == notice_id)
                    )
                ).one()
            if status not in (Status.PENDING, Status.SENDING):
                return status, content
            await asyncio.sleep(0.02)


async def test_a_link_leaves_for_a_suppressed_address_and_stays_nowhere(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        await session.run_sync(
            optout.suppress,
            address_key=keys.address_key("anne@example.org"),
            reason=SuppressionReason.OBJECTION,
            source="by letter",
            now=now,
        )
    notice_id = await a_link(database, keys, now)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await ended(database, notice_id) == (Status.SENT, "")
    (mail,) = relay.received
    assert mail.message["To"] == "anne@example.org"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    text = mail.message.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert URL.encode() in text
    assert b"012345" in text


async def test_a_link_that_is_refused_stays_nowhere_either(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await a_link(database, keys, now)
    refusing = Relay(script=lambda stage, *_: "550 5.7.1 no" if stage == "rcpt" else None)
    with refusing.running() as relay:
        async with working(database, keys, relay.url):
            assert await ended(database, notice_id) == (Status.FAILED, "")


async def test_a_link_that_is_over_does_not_leave(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await a_link(database, keys, now, lives=timedelta(seconds=-1))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await ended(database, notice_id) == (Status.FAILED, "")
    assert not relay.received


async def test_a_link_in_the_hands_of_a_dead_worker_is_uncertain_and_stays_nowhere(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await a_link(database, keys, now)
    async with database.begin() as session:
        assert len(await queue.claim_notices(session, lease=7, limit=5)) == 1
        await session.execute(update(Notice).values(lease_until=now - timedelta(seconds=5)))
    async with database.begin() as session:
        await queue.claim_notices(session, lease=8, limit=5)
    assert await ended(database, notice_id) == (Status.UNCERTAIN, "")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("mail", AccountMail)
async def test_each_mail_is_told_in_its_readers_language(
    database: Database, keys: Keys, now: datetime, mail: AccountMail, language: str
) -> None:
    reader = Reader(ANNE.address, language, "Europe/Paris")
    async with database.begin() as session:
        if mail is AccountMail.WARNING:
            await account_mail.order_warning(
                session, reader=reader, identity=IDENTITY, keys=keys, now=now
            )
        else:
            await account_mail.order_link(
                session,
                mail=mail,
                reader=reader,
                identity=IDENTITY,
                url=URL,
                code=None,
                until=now + timedelta(days=1),
                keys=keys,
                now=now,
            )
        content = await session.scalar(select(Notice.content))
    assert content is not None
    composed = account_mail.compose(
        notice_id=1, address="anne@example.org", content=content, keys=keys, now=now
    )
    text = b"".join(composed.pieces)
    assert (URL.encode() in text) is (mail is not AccountMail.WARNING)
    assert (b"office" in text.replace(URL.encode(), b"")) is (language == "en")
    with pytest.raises(LinkIsOver) if mail is not AccountMail.WARNING else nullcontext():
        account_mail.compose(
            notice_id=1,
            address="anne@example.org",
            content=content,
            keys=keys,
            now=now + timedelta(days=2),
        )


@pytest.mark.parametrize("code", ["012345", None])
async def test_a_link_that_somebody_else_made_does_not_say_that_its_reader_asked_for_it(
    database: Database, keys: Keys, now: datetime, code: str | None
) -> None:
    async with database.begin() as session:
        notice_id = await account_mail.order_link(
            session,
            mail=AccountMail.RESET,
            reader=Reader(ANNE.address, "en", "Europe/Paris"),
            identity=IDENTITY,
            url=URL,
            code=code,
            until=now + timedelta(minutes=15),
            keys=keys,
            now=now,
        )
        content = await session.scalar(select(Notice.content))
    assert content is not None
    mail = account_mail.compose(
        notice_id=notice_id, address="anne@example.org", content=content, keys=keys, now=now
    )
    text = b"".join(mail.pieces)
    assert (b"probably you" in text) is (code is not None)
    assert (b"An operator of the office" in text) is (code is None)
