"""The engine against a real SMTP server, on both databases: each copy has exactly one end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic

import pytest
from sqlalchemy import delete, select, update

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.engine import constants
from mailer.engine.window_size import Pace
from mailer.ledger import balance, claiming, leasing, settling
from mailer.ledger.due import due
from mailer.models import Attempt, Audience, Batch, Campaign, CampaignState, Delivery, Status
from mailer.outcomes import Result
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import ConsentRecord, Subscriber, Subscription, Suppression
from tests import factories as make
from tests.mailer.engine.running import (
    NO_PATIENCE,
    ends,
    first_copy,
    prepared,
    rests,
    silent,
    working,
)
from tests.relay import Relay

FIRST_TRIES = 1


@pytest.fixture
def now() -> datetime:
    """The real time, for the engine uses the database's own clock."""
    return datetime.now(UTC)


async def test_a_letter_reaches_everyone_once_and_the_sum_is_right(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=50)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert set(copies.values()) == {("sent", None)}
    assert relay.recipients == dict.fromkeys(copies, 1)
    async with database.reading() as session:
        attempts = (await session.execute(select(Attempt))).scalars().all()
        batches = (await session.execute(select(Batch))).scalars().all()
    assert len(attempts) == 50
    assert {(it.number, it.outcome, it.reply_code) for it in attempts} == {(1, "sent", 250)}
    assert {(it.pending, it.sending, it.lease) for it in batches} == {(0, 0, None)}


async def test_the_road_tells_refused_greylisted_full_and_uncertain_copies_apart(
    database: Database, keys: Keys, now: datetime
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        match stage, recipient.split("@")[0]:
            case "rcpt", "p001":
                return "550 5.1.1 no such user"
            case "rcpt", "p002":
                return "552 5.2.2 mailbox full"
            case "rcpt", "p003" if times == FIRST_TRIES:
                return "451 4.7.1 try again"
            case "rcpt", "p004":
                return "451 4.7.1 never"
            case "body-received", "p005":
                return "drop"
        return None

    campaign_id = await prepared(database, keys, now)
    with Relay(script=script).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert copies["p001@example.org"] == ("failed", "unknown_user")
    assert copies["p002@example.org"] == ("failed", "mailbox_full")
    assert copies["p003@example.org"] == ("sent", None)
    assert copies["p004@example.org"] == ("failed", "gave_up")
    assert copies["p005@example.org"] == ("uncertain", None)
    assert sum(it == ("sent", None) for it in copies.values()) == 16
    async with database.reading() as session:
        suppressed = (await session.execute(select(Suppression.address_key))).scalars().all()
        tries = await session.execute(
            select(Attempt.number, Attempt.outcome)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .join(Subscriber)
            .where(Subscriber.email == "p003@example.org")
            .order_by(Attempt.number)
        )
        last = await session.scalar(
            select(Attempt.reply_text)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .join(Subscriber)
            .where(Subscriber.email == "p004@example.org")
            .order_by(Attempt.number.desc())
            .limit(1)
        )
    assert suppressed == [keys.address_key("p001@example.org")]
    assert [tuple(it) for it in tries] == [(1, "deferred"), (2, "sent")]
    assert last == "4.7.1 never"


async def test_an_uncertain_copy_is_sent_again_by_a_person_under_the_same_message_id(
    database: Database, keys: Keys, now: datetime
) -> None:
    seen = []

    def script(stage: str, recipient: str, times: int) -> str | None:
        if (stage, recipient) == ("body-received", "p000@example.org"):
            seen.append(times)
            return "drop" if times == FIRST_TRIES else None
        return None

    campaign_id = await prepared(database, keys, now, count=2)
    with Relay(script=script).running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, campaign_id)
            assert (await ends(database, campaign_id))["p000@example.org"] == ("uncertain", None)
            async with database.begin() as session:
                again = await lifecycle.retry(
                    session, campaign_id=campaign_id, uncertain=True, failed=False
                )
            assert again == 1
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert seen == [1, 2]
    (first,) = relay.refused
    (second,) = (mail for mail in relay.received if mail.recipient == first.recipient)
    assert first.message["Message-ID"] == second.message["Message-ID"] is not None


async def test_a_person_who_leaves_while_the_letter_goes_out_gets_no_copy(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=60, batch_size=60)
    with Relay(delay=0.1).running() as relay:
        async with working(database, keys, relay.url, connections=1):
            await first_copy(relay)
            async with database.begin() as session:
                last = (
                    await session.execute(select(Delivery).order_by(Delivery.id.desc()).limit(1))
                ).scalar_one()
                assert last.subscriber_id is not None
                await optout.unsubscribe(
                    session,
                    subscriber_id=last.subscriber_id,
                    list_id=last.list_id,
                    source="test",
                    now=now,
                )
            relay.delay = 0.03
            await rests(database, campaign_id)
    copies = await ends(database, campaign_id)
    assert copies["p059@example.org"] == ("skipped", "left")
    assert "p059@example.org" not in relay.recipients
    assert len(relay.recipients) == 59


async def test_who_leaves_a_big_window_of_a_slow_relay_gets_no_copy_two_seconds_later(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "window", lambda _: 200)
    monkeypatch.setattr(constants, "WATCH_SECONDS", 0.2)
    campaign_id = await prepared(database, keys, now, count=60, batch_size=60)
    with Relay(delay=1.0).running() as relay:
        async with working(database, keys, relay.url, connections=1):
            await first_copy(relay)
            async with database.begin() as session:
                found = await session.scalars(select(Delivery).order_by(Delivery.id))
                rows = [it for it in found if it.status is Status.SENDING]
                assert len(rows) == 60, "all of them claimed"
                # One copy is on the wire, and the next one's envelope; this one follows in 3 s.
                leaving = rows[len(relay.received) + 3]
                assert leaving.subscriber_id is not None
                await optout.unsubscribe(
                    session,
                    subscriber_id=leaving.subscriber_id,
                    list_id=leaving.list_id,
                    source="test",
                    now=now,
                )
            await asyncio.sleep(2)
            relay.delay = 0
            await rests(database, campaign_id)
    skipped = [who for who, it in (await ends(database, campaign_id)).items() if it[0] == "skipped"]
    assert len(skipped) == 1
    assert relay.recipients.keys().isdisjoint(skipped)
    assert len(relay.recipients) == 59


async def test_an_erased_person_counts_as_erased_and_not_as_left(
    database: Database, keys: Keys, now: datetime
) -> None:
    await prepared(database, keys, now, count=2, batch_size=2)
    async with database.begin() as session:
        batch_id = (await session.execute(select(Batch.id))).scalar_one()
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
        first, second = (await session.run_sync(claiming.claim, taken, size=2)).rows
        await session.execute(delete(ConsentRecord))
        await session.execute(delete(Subscription))
        await session.execute(delete(Subscriber).where(Subscriber.id == first.subscriber_id))
    async with database.reading() as session:
        found = await claiming.hindered(session, [first.id, second.id])
    assert found == {first.id: "erased", second.id: "left"}


def test_a_run_asks_every_second_whether_its_copies_may_leave() -> None:
    assert constants.WATCH_SECONDS <= 1


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_pause_and_cancel_take_effect_within_two_seconds(
    database: Database, keys: Keys, now: datetime, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rest of the two seconds is for a machine that stalls.
    monkeypatch.setattr(constants, "WATCH_SECONDS", 0.2)
    campaign_id = await prepared(database, keys, now, count=200, batch_size=200)
    with Relay(delay=0.05).running() as relay:
        async with working(database, keys, relay.url, connections=2):
            await first_copy(relay)
            async with database.begin() as session:
                if verb == "pause":
                    await lifecycle.pause(session, campaign_id=campaign_id)
                else:
                    await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
            done = monotonic()
            assert await silent(relay, 0.5) < 150
            assert relay.arrivals()[-1] < done + 2
    copies = await ends(database, campaign_id)
    kept = ("pending", None) if verb == "pause" else ("skipped", "cancelled")
    assert set(copies.values()) == {("sent", None), kept}
    assert relay.recipients == {email: 1 for email, end in copies.items() if end == ("sent", None)}


async def test_a_relay_that_goes_away_pauses_the_campaign_and_fails_no_copy(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now)
    nowhere = "smtp://127.0.0.1:9?tls=none"
    async with working(database, keys, nowhere, patience=NO_PATIENCE):
        assert await rests(database, campaign_id) is CampaignState.PAUSED
    copies = await ends(database, campaign_id)
    assert set(copies.values()) == {("pending", None)}
    async with database.begin() as session:
        reason = reason_of(await find_campaign(session, campaign_id))
        await lifecycle.resume(session, campaign_id=campaign_id)
    assert "127.0.0.1:9" in str(reason)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert relay.recipients == dict.fromkeys(copies, 1)


async def test_rows_in_work_under_another_lease_are_uncertain_and_not_sent_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=10, batch_size=10)
    async with database.begin() as session:
        batch_id = (await session.execute(select(Batch.id))).scalar_one()
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
        assert len((await session.run_sync(claiming.claim, taken, size=4)).rows) == 4
    async with database.begin() as session:
        assert await session.run_sync(leasing.take, batch_id=batch_id, lease=8) is None
        await leasing.end_leases(session)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    uncertain = {email for email, end in copies.items() if end[0] == "uncertain"}
    assert len(uncertain) == 4
    assert not uncertain & set(relay.recipients)
    assert len(relay.recipients) == 6


async def test_late_truth_corrects_an_uncertain_row_and_a_foreign_lease_changes_nothing(
    database: Database, keys: Keys, now: datetime
) -> None:
    from mailer.models import Stage
    from mailer.outcomes import judge

    await prepared(database, keys, now, count=2, batch_size=2)
    async with database.begin() as session:
        batch_id = (await session.execute(select(Batch.id))).scalar_one()
        first = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert first is not None
        rows = (await session.run_sync(claiming.claim, first, size=2)).rows
        await leasing.end_leases(session)
        second = await session.run_sync(leasing.take, batch_id=batch_id, lease=8)
        assert second is not None
    results = [
        Result(row.id, 1, now.timestamp(), judge(Stage.BODY, 250, "2.0.0 Ok")) for row in rows
    ]
    async with database.begin() as session:
        stranger = await session.run_sync(
            settling.settle, second, results, relay="r", delays=[1.0], now=now
        )
        assert stranger.get(Status.SENT, 0) == 0
        late = await session.run_sync(
            settling.settle, first, results, relay="r", delays=[1.0], now=now
        )
        assert late[Status.SENT] == 2
        again = await session.run_sync(
            settling.settle, first, results, relay="r", delays=[1.0], now=now
        )
        assert again.get(Status.SENT, 0) == 0
        campaign_id = (await session.execute(select(Campaign.id))).scalar_one()
        assert await balance.faults(session, campaign_id=campaign_id) == []


async def test_a_batch_taken_three_times_without_outcome_pauses_its_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2)
    async with database.begin() as session:
        await session.execute(update(Batch).values(takings=3))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert not relay.received
    async with database.reading() as session:
        reason = reason_of(await find_campaign(session, campaign_id))
    assert "without any outcome" in str(reason)


async def test_campaigns_that_run_at_once_take_turns(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 30, now=now)
        big = await make.a_campaign(session, keys, [members], now=now, batch_size=5)
        late = await make.a_campaign(
            session, keys, [members], now=now, batch_size=10, audience=Audience.ALL
        )
    async with database.reading() as session:
        found = await due(session, limit=5)
        whose = {
            row.id: row.campaign_id
            for row in await session.execute(select(Batch.id, Batch.campaign_id))
        }
    assert [whose[it.id] for it in found] == [big.id, late.id, big.id, late.id, big.id]


async def test_a_small_campaign_does_not_wait_behind_the_batches_of_a_large_one_at_a_slow_relay(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "TURN_SECONDS", 0.5)
    async with database.begin() as session:
        many = await make.a_list(session, "membres", now=now)
        await make.crowd(session, keys, many, 1_000, now=now)
        few = await make.a_list(session, "bureau", now=now)
        await make.members(session, keys, few, 5, now=now)
        await make.a_campaign(session, keys, [many], now=now, batch_size=200)
    with Relay(delay=0.15).running() as relay:
        async with working(database, keys, relay.url):
            await first_copy(relay)
            async with database.begin() as session:
                small = await make.a_campaign(
                    session, keys, [few], now=now, of=make.letter(number=13)
                )
            assert await rests(database, small.id) is CampaignState.FINISHED
    assert len(relay.received) < 333
