"""A copy that may have arrived stays in doubt after a kill, a second try, a cancel, a leaving."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle, ordering
from mailer.engine.journal import Journal
from mailer.ledger import balance, claiming, doubt, evidence, leasing, settling
from mailer.ledger.evidence import Proof
from mailer.ledger.rows import lock_campaign
from mailer.models import Attempt, Audience, Batch, Delivery, Source, Stage, Status
from mailer.outcomes import Result, judge, lost
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import List, Subscriber, SuppressionReason
from tests import factories as make
from tests.mailer.engine.killed_worker import close_as_killed
from tests.mailer.engine.running import ends, prepared, rests, working
from tests.mailer.ledger.in_work import claimed
from tests.relay import Relay


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def called_uncertain(database: Database, size: int) -> None:
    """Make copies uncertain: their worker is lost, and nothing is known of them."""
    taken, _rows = await claimed(database, size)
    async with database.begin() as session:
        await leasing.end_leases(session)
        after = await session.run_sync(leasing.take, batch_id=taken.id, lease=8)
        assert after is not None
        await leasing.end_leases(session)


async def statuses(database: Database, campaign_id: int) -> set[tuple[str, str | None]]:
    return set((await ends(database, campaign_id)).values())


async def test_a_copy_recorded_as_uncertain_stays_so_when_its_worker_dies_later(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    campaign_id = await prepared(database, keys, now, count=6, batch_size=6)
    journal = Journal(tmp_path, "tests")
    with Relay().running() as relay:
        taken, rows = await claimed(database, 3)
        notes = journal.begin(taken.id, taken.lease, "relay:25")
        outcomes = [lost(Stage.BODY, "gone"), *[judge(Stage.BODY, 250, "2.0.0 ok")] * 2]
        results = []
        for row, outcome in zip(rows, outcomes, strict=True):
            notes.leaves(row.id, 1)
            notes.told(row.id, 1, outcome)
            results.append(Result(row.id, 1, now.timestamp(), outcome))
        async with database.begin() as session:
            await session.run_sync(
                settling.settle, taken, results, relay="relay:25", delays=[60.0], now=now
            )
        close_as_killed(notes)
        async with database.begin() as session:
            await leasing.end_leases(session)
        async with working(database, keys, relay.url, folder=tmp_path):
            await rests(database, campaign_id)
    copies = await ends(database, campaign_id)
    assert copies[rows[0].email] == ("uncertain", None)
    assert rows[0].email not in relay.recipients


async def test_a_settling_may_be_written_twice_if_its_commit_was_not_confirmed(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    taken, rows = await claimed(database, 4)
    outcomes = [
        lost(Stage.BODY, "gone"),
        judge(Stage.BODY, 250, "2.0.0 ok"),
        judge(Stage.RCPT, 451, "4.7.1 later"),
        judge(Stage.RCPT, 550, "5.1.1 nobody"),
    ]
    results = [
        Result(row.id, 1, now.timestamp(), outcome)
        for row, outcome in zip(rows, outcomes, strict=True)
    ]
    for _ in range(2):
        async with database.begin() as session:
            await session.run_sync(
                settling.settle, taken, results, relay="r", delays=[60.0], now=now
            )
    async with database.reading() as session:
        assert len((await session.scalars(select(Attempt.delivery_id))).all()) == 4
        assert await balance.faults(session, campaign_id=campaign_id) == []


async def test_a_copy_in_doubt_that_was_to_be_sent_again_is_in_doubt_after_a_cancel(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    await called_uncertain(database, 3)
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=True, failed=False)
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
    copies = list((await ends(database, campaign_id)).values())
    assert copies.count(("uncertain", None)) == 3
    assert copies.count(("skipped", "cancelled")) == 1


async def test_a_copy_in_doubt_stays_so_if_its_person_leaves_before_the_second_try(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=3)
    await called_uncertain(database, 2)
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=True, failed=False)
        person = (await session.scalars(select(Subscriber).order_by(Subscriber.id))).first()
        assert person is not None
        await session.run_sync(
            optout.suppress,
            address_key=person.address_key,
            reason=SuppressionReason.OBJECTION,
            source="by telephone",
            now=now,
        )
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, campaign_id)
    copies = await ends(database, campaign_id)
    assert copies.pop(person.email) == ("uncertain", None)
    assert set(copies.values()) == {("sent", None)}


async def waiting_again(database: Database, campaign_id: int) -> list[int]:
    """Let copies in doubt be sent again, as a person decides; their ids."""
    await called_uncertain(database, 2)
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=True, failed=False)
        found = await session.scalars(
            select(Delivery.id).where(Delivery.doubted).order_by(Delivery.id)
        )
        return list(found)


async def test_a_copy_proved_while_it_waits_again_is_settled_and_not_sent_twice(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=2)
    proved, other = await waiting_again(database, campaign_id)
    async with database.begin() as session:
        assert (await doubt.of(session, campaign_id, keys)).copies == {proved, other}
        proofs = [Proof(proved, Status.SENT)]
        for settled in (1, 0):
            assert settled == await evidence.settle_by(
                session, campaign_id=campaign_id, proofs=proofs, source=Source.LOG, now=now
            )
        assert await balance.faults(session, campaign_id=campaign_id) == []
        email = await session.scalar(
            select(Subscriber.email).join(Delivery).where(Delivery.id == proved)
        )
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, campaign_id)
    assert await statuses(database, campaign_id) == {("sent", None)}
    assert email not in relay.recipients
    assert len(relay.received) == 3


async def test_a_proof_of_a_copy_in_work_leaves_it_to_its_worker(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    ids = await waiting_again(database, campaign_id)
    await claimed(database, 2)
    async with database.begin() as session:
        proofs = [Proof(it, Status.SENT) for it in ids]
        assert not await evidence.settle_by(
            session, campaign_id=campaign_id, proofs=proofs, source=Source.LOG, now=now
        )
    assert await statuses(database, campaign_id) == {("sending", None)}


async def test_a_proof_and_a_claim_of_the_same_rows_do_not_wait_for_each_other(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    ids = await waiting_again(database, campaign_id)

    async def prove() -> int:
        async with database.begin() as session:
            return await evidence.settle_by(
                session,
                campaign_id=campaign_id,
                proofs=[Proof(it, Status.SENT) for it in ids],
                source=Source.LOG,
                now=now,
            )

    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
    async with database.begin() as session:
        await session.execute(select(Batch.id).with_for_update())
        proving = asyncio.create_task(prove())
        await asyncio.sleep(0.3)
        assert len((await session.run_sync(claiming.claim, taken, size=2)).rows) == 2
    assert await proving == 0
    assert await statuses(database, campaign_id) == {("sending", None)}


async def test_late_truth_and_the_taking_of_its_batch_do_not_wait_for_each_other(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    taken, copies = await claimed(database, 2)
    results = [
        Result(it.id, 1, now.timestamp(), judge(Stage.BODY, 250, "2.0.0 ok")) for it in copies
    ]

    async def tell() -> None:
        async with database.begin() as session:
            await session.run_sync(
                settling.settle, taken, results, relay="r", delays=[60.0], now=now
            )

    async with database.begin() as session:
        await leasing.end_leases(session)
    async with database.begin() as session:
        await session.run_sync(lock_campaign, campaign_id)
        await session.execute(select(Batch.id).with_for_update())
        telling = asyncio.create_task(tell())
        await asyncio.sleep(0.3)
        assert await session.run_sync(leasing.take, batch_id=taken.id, lease=8) is not None
    await telling
    assert await statuses(database, campaign_id) == {("sent", None)}


@pytest.mark.parametrize("reply", ["451 4.7.1 never", "550 5.2.2 full"])
async def test_a_copy_in_doubt_that_is_refused_when_sent_again_is_still_in_doubt(
    reply: str, database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    await called_uncertain(database, 2)
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=True, failed=False)

    def refuse(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        return reply if stage == "rcpt" else None

    with Relay(script=refuse).running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, campaign_id)
    assert await statuses(database, campaign_id) == {("uncertain", None)}
    async with database.reading() as session:
        codes = await session.scalars(select(Attempt.reply_code))
        assert set(codes) == {int(reply[:3])}


@pytest.mark.parametrize("step", [lifecycle.cancel, lifecycle.pause])
async def test_rows_of_the_dead_are_judged_also_when_the_campaign_no_longer_runs(
    step: Any, database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    await claimed(database, 3)
    async with database.begin() as session:
        await leasing.end_leases(session)
        values = {"now": now} if step is lifecycle.cancel else {}
        await step(session, campaign_id=campaign_id, **values)
    with Relay().running() as relay:
        async with working(database, keys, relay.url) as engine:
            async with asyncio.timeout(10):
                while await _in_work(database):
                    engine.wake()
                    await asyncio.sleep(0.02)
        assert not relay.recipients
    copies = list((await ends(database, campaign_id)).values())
    assert copies.count(("uncertain", None)) == 3
    waiting = ("skipped", "cancelled") if step is lifecycle.cancel else ("pending", None)
    assert copies.count(waiting) == 1


async def _in_work(database: Database) -> bool:
    async with database.reading() as session:
        found = await session.scalars(
            select(Delivery.id).where(Delivery.status == Status.SENDING).limit(1)
        )
        return bool(found.all())


async def test_a_copy_returned_late_that_must_not_leave_is_skipped_though_uncertain(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    taken, rows = await claimed(database, 2)
    async with database.begin() as session:
        await session.execute(update(Batch).values(lease=None, lease_until=None))
        await session.run_sync(leasing.take, batch_id=taken.id, lease=8)
    async with database.begin() as session:
        await session.run_sync(claiming.skip, taken, {row.id: "left" for row in rows})
    assert await statuses(database, campaign_id) == {("skipped", "left")}


async def test_a_copy_only_deferred_before_a_cancel_is_sent_with_the_next_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=3)
    taken, rows = await claimed(database, 3)
    outcomes = [
        judge(Stage.RCPT, 451, "4.7.1 greylisted"),
        judge(Stage.MAIL, 421, "4.3.2 later"),
        lost(Stage.BODY, "gone"),
    ]
    results = [
        Result(row.id, 1, now.timestamp(), it) for row, it in zip(rows, outcomes, strict=True)
    ]
    async with database.begin() as session:
        await session.run_sync(settling.settle, taken, results, relay="r", delays=[60.0], now=now)
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
    async with database.begin() as session:
        members = (await session.scalars(select(List))).one()
        again = await make.a_campaign(session, keys, [members], now=now, audience=Audience.NEW)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, again.id)
    assert relay.recipients == {rows[0].email: 1, rows[1].email: 1}
    assert (await ends(database, again.id))[rows[2].email] == ("excluded", "already")


async def test_a_cancelled_campaign_whose_copies_are_still_on_the_wire_is_a_precedent(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=3)
    taken, rows = await claimed(database, 2)
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
    async with database.begin() as session:
        members = (await session.scalars(select(List))).one()
        number = make.letter().number
        found = await ordering.precedents(session, number=number, list_ids=[members.id])
        assert [it.id for it in found] == [campaign_id]
        await session.run_sync(claiming.skip, taken, {row.id: "cancelled" for row in rows})
        assert not await ordering.precedents(session, number=number, list_ids=[members.id])
