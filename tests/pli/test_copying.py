"""Copies an installation from SQLite to PostgreSQL: every row is the same, and sending goes on."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Text, func, select, text, type_coerce

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.campaign import jobs, lifecycle
from mailer.intake_models import IntakeDoor, IntakeMail, IntakeTally
from mailer.ledger import balance
from mailer.letter.drafts import making, pictures
from mailer.models import Batch, Campaign, CampaignState, is_open
from pli import chore_offers, copying, schema
from pli import database as databases
from pli.actor import Actor
from pli.columns import Base, Document
from pli.database import Database, DatabaseError, check_keys
from pli.keys import Keys
from subscribers.models import Subscriber
from tests import factories as make
from tests.mailer.engine.running import rests, working
from tests.relay import Relay
from tests.servers import PostgreSQL

OFFICE = (
    "account", "account_right", "audit", "passkey", "passkey_challenge", "recovery_code", "session",
    "sign_in_failure", "sign_in_link",
)  # fmt: skip


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def source(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Database]:
    """People with attributes of every kind, and campaigns with copies in every state."""
    database = Database(sqlite_url)
    async with database.begin() as session:
        await check_keys(session, keys)
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 30, now=now)
        await make.a_campaign(session, keys, [members], now=now, batch_size=8, started=False)
        await make.a_campaign_with(session, now=now, list_id=members.id, names="autre{n}")
        await make.an_office(session, keys, members, now=now)
        await chore_offers.offer(session, "reminder", 1, at=now)
        draft_id = await making.create(
            session, list_id=members.id, top="", body="x", by=Actor.system("root"), now=now
        )
        await pictures.put(
            session, draft_id=draft_id, name="a", data=b"x", by=Actor.system("root"), now=now
        )
        mail = BounceMail(
            digest=b"d" * 32, at=now, door="file", came_to="", kind="failure", how="dsn", raw=b"x"
        )
        session.add(mail)
        await session.flush()
        session.add(
            Bounce(
                mail_id=mail.id, delivery_id=1, campaign_id=1, at=now, action="failed",
                reason="full", weight="temporary", status="5.2.2", diagnostic="", remote="",
                how="dsn", effect=Effect.NONE,
            )
        )  # fmt: skip
        session.add_all(
            [
                IntakeMail(
                    digest=b"i" * 32, at=now, door="imap", form="mail", came_to="", uidvalidity=7,
                    uid=3, due_at=now, raw=b"y",
                ),
                IntakeDoor(name="imap", uidvalidity=7, uid=3, fault={"text": "x"}),
                IntakeTally(door="imap", kind="failure", mails=2, seconds=0.5, latest_at=now),
            ]
        )  # fmt: skip
        person = await session.get(Subscriber, 1)
        assert person is not None
        person.attributes = {"né": "1970-01-01", "délégué·e": True, "rien": None, "n": 1.5}
    yield database
    await database.close()


@pytest.fixture
async def target(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    name = f"c{uuid.uuid4().hex[:12]}"
    await postgresql.execute(f"CREATE DATABASE {name}")
    database = Database(postgresql.url(name))
    yield database
    await database.close()


def silent(_table: str, _rows: int) -> None:
    """Ignore the progress."""


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that are copied; tells a JSON null from no value."""
    found = {}
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in copying.STAYS:
                continue
            columns = [
                type_coerce(it, Text).is_(None) if isinstance(it.type, Document) else it
                for it in table.columns
                if (table.name, it.name) not in {("batch", "lease"), ("batch", "lease_until")}
            ]
            documents = [it for it in table.columns if isinstance(it.type, Document)]
            rows = await session.execute(
                select(*columns, *documents).order_by(*table.primary_key.columns)
            )
            found[table.name] = [tuple(row) for row in rows]
    return found


async def test_every_row_is_the_same_on_postgresql(source: Database, target: Database) -> None:
    heard: list[int] = []
    counts = await copying.copy(
        source, target, told=lambda _table, rows: heard.append(rows), fill=jobs.offer_all
    )
    assert await everything(target) == await everything(source)
    assert sum(heard) == sum(counts.values()) == await copying.rows_of(source)
    assert counts["delivery"] > 30
    assert counts["attempt"] > 5
    assert (counts["bounce"], counts["bounce_mail"]) == (1, 1)
    assert [counts[it] for it in ("draft", "draft_version", "draft_maker")] == [1, 1, 1]
    assert (counts["picture"], counts["draft_picture"]) == (1, 1)
    of_the_office = {it.name for it in Base.metadata.sorted_tables} & set(OFFICE)
    assert of_the_office == set(OFFICE)
    assert all(counts[it] for it in OFFICE)
    # What only PostgreSQL has: a job for each batch of a running campaign that has copies left.
    async with target.reading() as session:
        left = select(Batch.id).join(Campaign).where(Campaign.state == CampaignState.RUNNING)
        keys = {f"batch:{it}" for it in await session.scalars(left.where(is_open()))}
        offered = await session.scalars(text("SELECT dedupe_key FROM queue.pgqueuer"))
        assert set(offered) == keys != set()


async def test_sending_goes_on_there_with_ids_behind_the_old_ones(
    source: Database, target: Database, keys: Keys, now: datetime
) -> None:
    await copying.copy(source, target, told=silent)
    async with target.begin() as session:
        first = await session.scalar(
            select(Campaign.id).where(Campaign.state == CampaignState.PREPARED)
        )
        assert first is not None
        await lifecycle.start(session, campaign_id=first, now=now - timedelta(seconds=1))
        further = await make.a_list(session, "autres", now=now)
    assert further.id > 1
    with Relay().running() as relay:
        async with working(target, keys, relay.url):
            assert await rests(target, first) is CampaignState.FINISHED
    assert len(relay.received) == 30
    async with target.reading() as session:
        assert await balance.faults(session, campaign_id=first) == []


async def test_a_database_that_holds_rows_is_refused_and_stays_as_it_is(
    source: Database, target: Database
) -> None:
    await copying.copy(source, target, told=silent)
    before = await everything(target)
    with pytest.raises(DatabaseError, match="not empty"):
        await copying.copy(source, target, told=silent)
    assert await everything(target) == before


async def test_what_fails_in_the_middle_leaves_nothing(source: Database, target: Database) -> None:
    def stumble(table: str, _rows: int) -> None:
        if table == "delivery":
            raise OSError("the cable")

    with pytest.raises(DatabaseError, match="the cable"):
        await copying.copy(source, target, told=stumble)
    assert not any((await everything(target)).values())
    await copying.copy(source, target, told=silent)


async def test_a_file_that_takes_long_to_read_is_not_cut_off_by_the_server(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "IDLE_SECONDS", 2.0)
    impatient = Database(target.url.render_as_string(hide_password=False))

    def slow(table: str, _rows: int) -> None:
        if table == "delivery":
            time.sleep(2.5)

    try:
        counts = await copying.copy(source, impatient, told=slow)
        assert counts["delivery"] > 30
        async with impatient.begin() as session:
            kept = await session.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert kept == "2s", "for this one transaction alone"
    finally:
        await impatient.close()


async def test_a_copy_that_holds_another_sum_is_undone_and_told(
    source: Database, target: Database
) -> None:
    await schema.upgrade(target)
    async with target.begin() as session:
        for spoils in (
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.status := 'failed'; RETURN NEW; END $$",
            "CREATE TRIGGER spoils BEFORE INSERT ON delivery "
            "FOR EACH ROW WHEN (NEW.status = 'sent') EXECUTE FUNCTION spoil()",
        ):
            await session.execute(text(spoils))
    with pytest.raises(DatabaseError, match="does not hold the same: delivery; it was undone"):
        await copying.copy(source, target, told=silent)
    async with target.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Subscriber)) == 0


async def test_only_from_sqlite_to_postgresql(source: Database, target: Database) -> None:
    for one, other in ((target, source), (source, source)):
        with pytest.raises(DatabaseError, match="only from SQLite"):
            await copying.copy(one, other, told=silent)


async def test_nobody_changes_the_source_meanwhile(source: Database, target: Database) -> None:
    writing: list[asyncio.Task[None]] = []

    async def write() -> None:
        async with source.begin() as session:
            person = await session.get(Subscriber, 1)
            assert person is not None
            person.first_name = "Trop tôt"

    def told(table: str, _rows: int) -> None:
        if table == "subscriber":
            writing.append(asyncio.get_running_loop().create_task(write()))

    await copying.copy(source, target, told=told)
    await asyncio.gather(*writing)
    async with target.reading() as session:
        assert await session.scalar(select(Subscriber.first_name).where(Subscriber.id == 1)) != (
            "Trop tôt"
        )
