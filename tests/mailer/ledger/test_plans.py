"""A statement of a sending costs the same for the last copy as for the first.

The database plans every statement that an engine emits, on a campaign whose copies are nearly all
sent. No plan may read the rows of copies that are settled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, insert, literal, select, text, update

from mailer.models import Attempt, Batch, CampaignState, Delivery, Stage, Status
from mailer.report import summary
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.mailer.engine.running import leaves, rests, working
from tests.relay import Relay

BATCHES = 300
SIZE = 100
LEFT = 40
"""How many copies, the last ones, are still to be sent."""

Statements = dict[str, Any]

# Reading such a table as a whole is a fault; the other tables (campaigns, lists) are small.
LARGE = ("delivery", "attempt", "subscriber", "subscription")
KEPT_SMALL = ("batch", "suppression", "notice", "tie")
"""PostgreSQL may read these as a whole, for that is cheaper here; SQLite still uses an index."""
WHAT_IS_OPEN = "ix_batch_open|ix_notice_due"
"""These indexes hold no settled rows, so reading one as a whole is no fault."""
WALKS = {
    "sqlite": re.compile(
        rf"SCAN (?:{'|'.join((*LARGE, *KEPT_SMALL))})\b(?! USING INDEX (?:{WHAT_IS_OPEN}))"
    ),
    "postgresql": re.compile(rf"Seq Scan on (?:{'|'.join(LARGE)})\b"),
}


@contextmanager
def overheard(database: Database) -> Iterator[Statements]:
    """Collect every statement that is sent while the block runs, with its last parameters."""
    said: Statements = {}
    engines: list[Engine] = [database.writer.sync_engine, database.reader.sync_engine]
    if database.is_sqlite:
        engines.append(database._direct)

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")):
            said[statement] = parameters[0] if many else parameters

    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", hear)


@asynccontextmanager
async def nearly_over(database: Database, keys: Keys, now: datetime) -> AsyncIterator[int]:
    """Make a campaign with thousands of copies, of which the last few wait."""
    people = BATCHES * SIZE
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.crowd(session, keys, members, people, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now, batch_size=SIZE)
        last = (
            await session.execute(
                select(Delivery.id).order_by(Delivery.id.desc()).limit(1).offset(LEFT - 1)
            )
        ).scalar_one()
        await session.execute(
            update(Delivery).where(Delivery.id < last).values(status=Status.SENT, attempts=1)
        )
        tried = {
            Attempt.number: 1, Attempt.at: now, Attempt.relay: "relay:25",
            Attempt.outcome: "sent", Attempt.stage: Stage.BODY, Attempt.reply_code: 250,
            Attempt.enhanced_code: "2.0.0", Attempt.reply_text: "queued", Attempt.milliseconds: 1,
        }  # fmt: skip
        await session.execute(
            insert(Attempt).from_select(
                ["delivery_id", *(it.key for it in tried)],
                select(
                    Delivery.id, *(literal(value, type_=it.type) for it, value in tried.items())
                ).where(Delivery.id < last),
            )
        )
        left = select(Delivery.batch).where(Delivery.id >= last)
        await session.execute(
            update(Batch).where(Batch.number.not_in(left)).values(sent=Batch.pending, pending=0)
        )
        counted = SIZE - LEFT % SIZE
        await session.execute(
            update(Batch)
            .where(Batch.number == BATCHES - LEFT // SIZE)
            .values(sent=counted, pending=SIZE - counted)
        )
    async with database.begin() as session:
        await session.execute(text("ANALYZE"))
    yield campaign.id


async def plan(database: Database, statement: str, parameters: Any) -> str:
    """The database's plan for a statement with these parameters."""
    words = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.reading() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql(f"{words} {statement}", parameters)).all()
    return "\n".join(str(row[-1]) for row in rows)


async def test_nothing_that_a_sending_asks_walks_through_what_is_already_sent(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    def refuse(stage: str, recipient: str, times: int) -> str | None:
        if stage != "rcpt":
            return None
        if recipient == f"p{BATCHES * SIZE - 1}@example.org":
            return "550 5.1.1 unknown"
        late = recipient == f"p{BATCHES * SIZE - 2}@example.org" and times == 1
        return "451 4.2.0 later" if late else None

    async with nearly_over(database, keys, now) as campaign_id:
        await leaves(database, f"p{BATCHES * SIZE - 3}@example.org", now)
        with overheard(database) as said, Relay(script=refuse).running() as relay:
            async with working(database, keys, relay.url, folder=tmp_path):
                await asyncio.sleep(1.2)  # until the heartbeat has asked about the copies once
                assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert len(relay.received) == LEFT - 2
        # The balance is checked once, at the campaign's end, and that reads every row.
        asked = {k: v for k, v in said.items() if "GROUP BY delivery.batch" not in k}
        assert len(said) == len(asked) + 1
        assert len(asked) > 20
        walk = WALKS[database.url.get_backend_name()]
        faults = []
        for statement, parameters in asked.items():
            how = await plan(database, statement, parameters)
            if walk.search(how):
                faults.append(f"{statement}\n{how}")
    assert not faults, "\n\n".join(faults)


async def test_live_progress_reads_the_batches_and_no_copy(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with nearly_over(database, keys, now) as campaign_id:
        with overheard(database) as said:
            async with database.reading() as session:
                await summary.progress(session, campaign_id)
    assert said
    assert not any("delivery" in statement for statement in said)
