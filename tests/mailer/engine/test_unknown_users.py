"""Whoever calls single people unknown is believed; whoever calls everybody unknown is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import deciding
from mailer.bounces.burst import Base, burst
from mailer.campaign import barring, lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.ledger import leasing, recovery, settling, unknown_users
from mailer.ledger.journal_record import JournalRecord, Note
from mailer.ledger.rows import LeasedBatch
from mailer.models import Batch, CampaignState, Stage
from mailer.outcomes import Outcome, Result, judge
from pli.database import Database
from pli.keys import Keys
from subscribers.models import Suppression
from tests.mailer.engine.running import ends, prepared, rests, working
from tests.mailer.ledger.in_work import claimed
from tests.relay import Relay, Script

UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def calls_unknown(which: Callable[[str], bool], answer: str = UNKNOWN) -> Script:
    """A relay that does not know these recipients."""

    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        return answer.format(recipient) if stage == "rcpt" and which(recipient) else None

    return script


async def barred(database: Database) -> int:
    async with database.reading() as session:
        return (await session.execute(select(func.count()).select_from(Suppression))).scalar_one()


async def run(database: Database, keys: Keys, campaign_id: int, script: Script) -> CampaignState:
    with Relay(script=script).running() as relay:
        async with working(database, keys, relay.url):
            return await rests(database, campaign_id)


async def test_a_relay_that_calls_everybody_unknown_pauses_and_bars_nobody(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=60, batch_size=60)
    everybody = calls_unknown(lambda _: True)
    assert await run(database, keys, campaign_id, everybody) is CampaignState.PAUSED
    assert await barred(database) == 0
    async with database.begin() as session:
        reason = str(reason_of(await find_campaign(session, campaign_id)))
        found = await barring.undecided(session, campaign_id=campaign_id)
        assert found is not None
        assert 10 <= found.would_be_barred <= 60
        assert "550 5.1.1 …" in reason
        assert "example.org" not in reason
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
        await lifecycle.resume(session, campaign_id=campaign_id)
    mended = calls_unknown(lambda _: False)
    assert await run(database, keys, campaign_id, mended) is CampaignState.FINISHED
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert await barred(database) == 0


async def test_a_burst_at_the_very_end_keeps_a_campaign_from_being_finished(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=12)
    taken, rows = await claimed(database, 12)
    refused = [Result(row.id, 1, now.timestamp(), _unknown()) for row in rows]
    async with database.begin() as session:
        await session.run_sync(settling.settle, taken, refused, relay="r:25", delays=[], now=now)
    async with database.begin() as session:
        assert not await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
    assert campaign.state is CampaignState.PAUSED
    assert "12 of 12 recipients" in str(reason_of(campaign))
    assert await barred(database) == 0


async def test_a_few_unknown_people_are_barred_when_their_campaign_ends(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)
    some = calls_unknown(lambda it: it in ("p003@example.org", "p017@example.org"))
    assert await run(database, keys, campaign_id, some) is CampaignState.FINISHED
    assert await barred(database) == 2
    async with database.reading() as session:
        effects = (await session.scalars(select(Bounce.effect))).all()
        assert await barring.undecided(session, campaign_id=campaign_id) is None
        assert await unknown_users.barred_by(session, campaign_id) == 2
    assert effects == [Effect.SUPPRESSED] * 2


@pytest.mark.parametrize("believed", [True, False])
async def test_a_person_decides_whether_a_burst_was_right(
    database: Database, keys: Keys, now: datetime, believed: bool
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=12)
    taken, rows = await claimed(database, 12)
    refused = [Result(row.id, 1, now.timestamp(), _unknown()) for row in rows]
    async with database.begin() as session:
        await session.run_sync(settling.settle, taken, refused, relay="r:25", delays=[], now=now)
        await lifecycle.pause(session, campaign_id=campaign_id)
    async with database.begin() as session:
        if believed:
            assert await barring.believe(session, campaign_id=campaign_id, now=now) == 12
        await lifecycle.resume(session, campaign_id=campaign_id)
    async with database.begin() as session:
        assert await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    assert await barred(database) == (12 if believed else 0)
    async with database.begin() as session:
        again = await barring.suppress(session, campaign_id=campaign_id, now=now)
        assert again == (0 if believed else 12)
        assert (
            await barring.lift(session, campaign_id=campaign_id, reply="no*such*thing", now=now)
            == 0
        )
        assert (
            await barring.lift(session, campaign_id=campaign_id, reply="5.1.1*gone", now=now) == 12
        )
    assert await barred(database) == 0


async def test_a_burst_of_which_a_part_is_tried_again_still_bars_nobody_of_the_rest(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=12)
    taken, rows = await claimed(database, 12)
    refused = [
        Result(row.id, 1, now.timestamp(), judge(Stage.RCPT, 550, f"5.1.1 gone {'x' * (n % 2)}"))
        for n, row in enumerate(rows)
    ]
    async with database.begin() as session:
        await session.run_sync(settling.settle, taken, refused, relay="r:25", delays=[], now=now)
        await session.run_sync(leasing.release, taken)
        assert not await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    async with database.begin() as session:
        again = await lifecycle.retry(
            session, campaign_id=campaign_id, uncertain=False, failed=True, reply="gone x"
        )
        assert again == 6
        await lifecycle.resume(session, campaign_id=campaign_id)
    mended = calls_unknown(lambda _: False)
    assert await run(database, keys, campaign_id, mended) is CampaignState.FINISHED
    assert await barred(database) == 0


async def test_several_workers_see_a_burst_of_which_each_has_met_a_part(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=12)
    taken, rows = await claimed(database, 12)
    found = []
    for part in (rows[:5], rows[5:]):
        refused = [Result(row.id, 1, now.timestamp(), _unknown()) for row in part]
        await settled(database, taken, refused)
        async with database.begin() as session:
            found.append(await session.run_sync(burst, campaign_id))
    assert found[0] is None
    assert found[1] is not None
    assert found[1].gone == 12


async def test_what_is_cancelled_bars_single_people_and_not_a_burst(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=12)
    taken, rows = await claimed(database, 12)
    for part, expected in ((rows[:2], 2), (rows[2:], 0)):
        refused = [Result(row.id, 1, now.timestamp(), _unknown()) for row in part]
        async with database.begin() as session:
            await session.run_sync(
                settling.settle, taken, refused, relay="r:25", delays=[], now=now
            )
        if expected and len(part) == 2:
            async with database.begin() as session:
                await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
        assert await barred(database) == expected


@pytest.mark.parametrize(
    ("every", "state"), [(50, CampaignState.FINISHED), (4, CampaignState.PAUSED)]
)
async def test_the_journal_of_a_dead_worker_is_judged_with_its_good_answers(
    database: Database, keys: Keys, now: datetime, every: int, state: CampaignState
) -> None:
    campaign_id = await prepared(database, keys, now, count=600, batch_size=600)
    async with database.begin() as session:
        await session.execute(update(Batch).values(provider="orange"))
    taken, rows = await claimed(database, 600, lease=7)
    # The first rows answered last: what counts is the order of the answers.
    notes = {
        row.id: Note(1, now - timedelta(seconds=n), _unknown() if n % every == 0 else _ok())
        for n, row in enumerate(rows)
    }
    record = JournalRecord(taken.id, 7, "r:25", complete=True, notes=notes)
    await database.perform(recovery.replay, record)
    async with database.reading() as session:
        providers = await session.scalars(select(Bounce.provider).distinct())
        assert providers.all() == ["orange"]
    async with database.begin() as session:
        await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    async with database.reading() as session:
        assert (await find_campaign(session, campaign_id)).state is state
    assert await barred(database) == (12 if state is CampaignState.FINISHED else 0)


async def test_an_answer_that_a_later_one_contradicts_bars_nobody(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    taken, rows = await claimed(database, 4)
    await settled(database, taken, [Result(it.id, 1, now.timestamp(), _unknown()) for it in rows])
    async with database.begin() as session:
        await session.run_sync(leasing.release, taken)
        assert (
            await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
            == 4
        )
    taken, rows = await claimed(database, 4, lease=8)
    later = [
        judge(Stage.RCPT, 552, "5.2.2 mailbox full"),
        judge(Stage.BODY, 550, "5.1.1 gone"),
        _ok(),
        _unknown(),
    ]
    await settled(
        database,
        taken,
        [Result(row.id, 2, now.timestamp(), it) for row, it in zip(rows, later, strict=True)],
    )
    async with database.begin() as session:
        assert await session.run_sync(deciding.waiting, campaign_id) == 1
        assert await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    assert await barred(database) == 1


async def test_answers_that_were_tried_again_are_no_part_of_a_burst(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)
    taken, rows = await claimed(database, 15)
    await settled(database, taken, [Result(it.id, 1, now.timestamp(), _unknown()) for it in rows])
    async with database.begin() as session:
        await session.run_sync(leasing.release, taken)
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
    taken, rows = await claimed(database, 40, lease=8)
    first = [it for it in rows if not it.attempts][:15]
    results = [
        Result(it.id, it.attempts + 1, now.timestamp(), _unknown() if it in first else _ok())
        for it in rows
    ]
    await settled(database, taken, results)
    async with database.begin() as session:
        assert await session.run_sync(burst, campaign_id) is None
        assert await lifecycle.finish(session, campaign_id=campaign_id, now=now)
    assert await barred(database) == 15


@pytest.mark.parametrize(("before", "expected"), [(24, 0), (4, 4)])
async def test_a_burst_that_goes_on_in_small_parts_after_a_cancel_bars_nobody_more(
    database: Database, keys: Keys, now: datetime, before: int, expected: int
) -> None:
    campaign_id = await prepared(database, keys, now, count=60, batch_size=60)
    taken, rows = await claimed(database, 60)
    refused = [Result(row.id, 1, now.timestamp(), _unknown()) for row in rows]
    await settled(database, taken, refused[:before])
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
    assert await barred(database) == expected
    for start in range(before, 60, 8):
        await settled(database, taken, refused[start : start + 8])
    # What was believed before the burst was known is held now, too.
    assert await barred(database) == 0
    async with database.reading() as session:
        assert await session.run_sync(deciding.waiting, campaign_id) == 60


@pytest.mark.parametrize(
    ("gone", "answered", "copies", "share", "expected"),
    [
        (19, 100, 100, 0.05, False),
        (20, 100, 100, 0.05, True),
        (20, 400, 5_000, 0.05, True),
        (20, 401, 5_000, 0.05, False),
        (50, 1_000, 1_000, 0.05, True),
        (49, 1_000, 1_000, 0.05, False),
        (20, 201, 5_000, 0.1, False),
        (20, 200, 5_000, 0.1, True),
        # Of a small campaign half, and five at least.
        (6, 12, 12, 0.1, True),
        (5, 12, 12, 0.1, False),
        (4, 4, 4, 0.1, False),
        (5, 5, 5, 0.1, True),
    ],
)
def test_a_burst_is_twenty_or_half_of_a_small_campaign_and_a_share_of_what_was_answered(
    gone: int, answered: int, copies: int, share: float, expected: bool
) -> None:
    assert Base(answered, copies).is_burst(gone, share) is expected


async def settled(database: Database, taken: LeasedBatch, results: Sequence[Result]) -> None:
    """Settle these tries as a worker does that has no other answers."""
    async with database.begin() as session:
        await session.run_sync(
            settling.settle,
            taken,
            results,
            relay="r:25",
            delays=[],
            now=datetime.now(UTC),
        )


def _ok() -> Outcome:
    return judge(Stage.BODY, 250, "2.0.0 ok")


def _unknown() -> Outcome:
    return judge(Stage.RCPT, 550, "5.1.1 gone")
