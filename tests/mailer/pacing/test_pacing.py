"""Pacing, as a relay sees it: with several engines, a restart, and slow providers."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select

from mailer.campaign.finding import find_campaign
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.models import Batch, CampaignState, Pacing, Share
from mailer.pacing.limits import Limits, Plan, Quota
from mailer.pacing.pacer import Pacer
from mailer.pacing.presence import Presence
from mailer.pacing.shares import PUT_DOWN_SECONDS
from mailer.pacing.throttle import FAREWELL
from mailer.providers import WHOLE
from mailer.smtp.failover import RelayFailover
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from pli.database import Database
from pli.keys import Keys
from pli.relay_names import MAIN
from subscribers import lists
from tests import factories as make
from tests.mailer.engine.running import ends
from tests.relay import Relay
from tests.waiting import until_true

pytestmark = pytest.mark.proof


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def paced(
    database: Database,
    keys: Keys,
    relay: Relay,
    plan: Plan,
    *,
    connections: int = 6,
    folder: Path | None = None,
) -> AsyncIterator[Engine]:
    """Run an engine with this plan, as a process of its own would."""
    relays = {MAIN: (relay, plan)}
    async with paced_each(database, keys, relays, connections, folder) as engine:
        yield engine


@asynccontextmanager
async def paced_each(
    database: Database,
    keys: Keys,
    relays: Mapping[str, tuple[Relay, Plan]],
    connections: int = 6,
    folder: Path | None = None,
) -> AsyncIterator[Engine]:
    """Run an engine with several relays, each with a plan of its own."""
    with TemporaryDirectory() as own:
        home = folder or Path(own)
        couriers = {
            name: SMTPCourier(
                Address.parse(relay.url, name), connections=connections, rests=(0.01,)
            )
            for name, (relay, _) in relays.items()
        }
        engine = Engine(
            database,
            keys,
            RelayFailover(couriers),
            journal=Journal(home, "tests"),
            connections=connections,
            pacers={
                name: Pacer(
                    database,
                    replace(relays[name][1], relay=courier.relay),
                    courier,
                    presence=lambda holder: Presence(home, "tests", holder),
                )
                for name, courier in couriers.items()
            },
        )
        running = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            engine.stop()
            await running


async def written(
    database: Database, keys: Keys, now: datetime, *, batch_size: int = 10, **hosts: int
) -> int:
    """Start a campaign to people at these hosts: `orange_fr=20` means 20 people at orange.fr."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        for host, count in hosts.items():
            for n in range(count):
                await make.a_person(
                    session, keys, f"p{n:03}", members, now=now, host=host.replace("_", ".")
                )
        campaign = await make.a_campaign(session, keys, [members], now=now, batch_size=batch_size)
    return campaign.id


async def finished(database: Database, campaign_id: int) -> None:
    """Wait until a campaign is finished; long, for other tests share the two cores."""
    async with asyncio.timeout(90):
        while True:
            async with database.reading() as session:
                state = (await find_campaign(session, campaign_id)).state
            if state is CampaignState.FINISHED:
                return
            assert state is CampaignState.RUNNING
            await asyncio.sleep(0.1)


def fullest(relay: Relay, seconds: float) -> int:
    """The most copies that arrived in any half-open interval of `seconds`.

    The interval is shortened by the relay's lag: on a busy machine, times may be too late by that.
    """
    assert relay.lag < seconds / 2, "too busy a machine to measure anything on"
    moments, seconds = relay.arrivals(), seconds - relay.lag
    most, first = 0, 0
    for place, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


async def test_no_stretch_holds_more_than_its_quota_with_three_engines_and_a_restart(
    database: Database, keys: Keys, now: datetime
) -> None:
    plan = Plan("", Limits(quotas=(Quota(12, 2.0),)))
    campaign_id = await written(database, keys, now, batch_size=5, example_org=40)
    with Relay().running() as relay:
        async with AsyncExitStack() as stack:
            for _ in range(1 if database.is_sqlite else 3):
                await stack.enter_async_context(paced(database, keys, relay, plan))
            await until_true(lambda: len(relay.received) >= 12)
        assert len(relay.received) < 40, "stopped in the middle"
        async with AsyncExitStack() as stack:
            for _ in range(1 if database.is_sqlite else 3):
                await stack.enter_async_context(paced(database, keys, relay, plan))
            await finished(database, campaign_id)
    assert 6 < fullest(relay, 2.0) <= 12
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert set(relay.recipients.values()) == {1}


async def test_no_second_holds_more_than_its_limit_with_three_engines(
    database: Database, keys: Keys, now: datetime
) -> None:
    plan = Plan("", Limits(per_second=10, connections=9))
    campaign_id = await written(database, keys, now, batch_size=5, example_org=60)
    with Relay(delay=0.01).running() as relay:
        async with AsyncExitStack() as stack:
            for _ in range(1 if database.is_sqlite else 3):
                await stack.enter_async_context(paced(database, keys, relay, plan))
            await finished(database, campaign_id)
    assert 5 < fullest(relay, 1.0) <= 10
    assert set(relay.recipients.values()) == {1}


async def test_two_relays_keep_each_to_its_own_limit_and_neither_waits_for_the_other(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        slowly = await make.a_list(session, "membres", now=now)
        quickly = await make.a_list(session, "bureau", now=now)
        await lists.edit(session, name="bureau", relays=["secours"], now=now)
        for list_, host in ((slowly, "example.org"), (quickly, "example.com")):
            for n in range(24):
                await make.a_person(session, keys, f"p{n:03}", list_, now=now, host=host)
        one = await make.a_campaign(session, keys, [slowly], now=now, batch_size=5)
        other = await make.a_campaign(
            session, keys, [quickly], now=now, batch_size=5, of=make.letter(number=13)
        )
    with Relay().running() as main, Relay().running() as spare:
        relays = {
            MAIN: (main, Plan("", Limits(quotas=(Quota(6, 2.0),)))),
            "secours": (spare, Plan("", Limits(quotas=(Quota(12, 2.0),)))),
        }
        async with paced_each(database, keys, relays):
            await finished(database, other.id)
            assert len(main.received) < 24
            await finished(database, one.id)
    assert {it.recipient.split("@")[1] for it in main.received} == {"example.org"}
    assert {it.recipient.split("@")[1] for it in spare.received} == {"example.com"}
    assert 3 < fullest(main, 2.0) <= 6
    assert 6 < fullest(spare, 2.0) <= 12
    assert set((main.recipients + spare.recipients).values()) == {1}


async def test_a_slow_provider_holds_up_nobody_else_and_has_no_more_connections_than_it_may(
    database: Database, keys: Keys, now: datetime
) -> None:
    plan = Plan("", Limits(), {"orange": Limits(connections=2, messages_per_connection=5)})
    campaign_id = await written(
        database, keys, now, batch_size=10, orange_fr=60, wanadoo_fr=10, example_org=200
    )
    relay = Relay()
    relay.delay_of = lambda recipient: 0.1 if recipient.endswith(("orange.fr", "wanadoo.fr")) else 0
    with relay.running():
        async with AsyncExitStack() as stack:
            for _ in range(1 if database.is_sqlite else 3):
                await stack.enter_async_context(paced(database, keys, relay, plan))
            await finished(database, campaign_id)
    slow = [it for it in relay.received if not it.recipient.endswith("example.org")]
    quick = [it for it in relay.received if it.recipient.endswith("example.org")]
    assert (len(slow), len(quick)) == (70, 200)
    assert sum(it.at < max(other.at for other in quick) for it in slow) < 35
    assert relay.busiest(slow) == 2
    assert max(Counter(it.connection for it in slow).values()) == 5


async def test_421_of_one_provider_slows_that_one_alone_and_it_recovers(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.pacing.throttle.RESTS", (0.0, *[0.5] * 6))
    angry = [True]

    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        refused = angry[0] and stage == "rcpt" and recipient.endswith("gmail.com")
        return "421 4.7.28 too many" if refused else None

    campaign_id = await written(database, keys, now, gmail_com=60, example_org=100)
    with Relay(script=script).running() as relay:
        async with paced(database, keys, relay, Plan("")):
            async with asyncio.timeout(60):
                while len(relay.received) < 100:  # noqa: ASYNC110 (the relay's own thread)
                    await asyncio.sleep(0.05)
            async with database.reading() as session:
                rows = (await session.scalars(select(Pacing))).all()
            assert [(it.provider, it.level > 0) for it in rows] == [("gmail", True)]
            assert {it.recipient.split("@")[1] for it in relay.received} == {"example.org"}
            angry[0] = False
            await finished(database, campaign_id)
        async with database.reading() as session:
            (row,) = (await session.scalars(select(Pacing))).all()
    assert row.provider == "gmail"
    tries = Counter(it.rpartition(":")[2] for it in relay.commands if it.startswith("RCPT"))
    refused = sum(n for command, n in tries.items() if "gmail" in command)
    assert refused < 150


async def test_a_single_421_slows_nobody_and_counts_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        refused = (stage, times) == ("rcpt", 1) and recipient == "p005@gmail.com"
        return "421 4.7.28 too many" if refused else None

    campaign_id = await written(database, keys, now, gmail_com=30)
    with Relay(script=script).running() as relay:
        async with paced(database, keys, relay, Plan("")):
            await finished(database, campaign_id)
    async with database.reading() as session:
        (row,) = (await session.scalars(select(Pacing))).all()
    assert (row.provider, row.level, row.weight) == ("gmail", 0, FAREWELL)
    assert len(relay.received) == 30


async def test_greylisting_of_all_and_a_few_that_are_put_off_slow_nobody(
    database: Database, keys: Keys, now: datetime
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        if stage != "rcpt" or times > 1:
            return None
        busy = recipient.startswith("p00") and recipient < "p006"
        return "450 4.4.5 busy" if busy else "451 4.7.1 greylisted"

    campaign_id = await written(database, keys, now, gmail_com=60)
    with Relay(script=script).running() as relay:
        async with paced(database, keys, relay, Plan("")):
            await finished(database, campaign_id)
    async with database.reading() as session:
        levels = (await session.scalars(select(Pacing.level))).all()
    assert set(levels) <= {0}
    assert len(relay.received) == 60


async def test_a_batch_without_room_under_a_limit_does_not_pause_its_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    plan = Plan("", Limits(), {"orange": Limits(quotas=(Quota(3, 3.0),))})
    campaign_id = await written(database, keys, now, orange_fr=9)
    with Relay().running() as relay:
        async with paced(database, keys, relay, plan):
            await finished(database, campaign_id)
    assert 0 < fullest(relay, 3.0) <= 3
    async with database.reading() as session:
        takings = (await session.scalars(select(Batch.takings))).all()
    assert max(takings) <= 1


async def test_a_copy_without_room_does_not_wait_an_hour_if_the_clock_is_set_back(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_more(_: Pacer) -> None:
        return

    plan = Plan("", Limits(connections=1))
    await written(database, keys, now - timedelta(days=1), example_org=4)
    hour = timedelta(hours=1)
    with Relay().running() as relay:
        plan = replace(plan, relay=Address.parse(relay.url).name)
        async with database.begin() as session:
            batch_id = await session.scalar(select(Batch.id))
            assert batch_id is not None
            share = Share(relay=plan.relay, provider=WHOLE, holder=4711, connections=1)
            share.per_second, share.rate, share.lease_until = 0, 0.0, now + timedelta(seconds=60)
            session.add(share)
        async with paced(database, keys, relay, plan) as engine:
            (pacer,) = engine._context.pacers
            await pacer.beat()
            assert not pacer.has_share(WHOLE)
            # What the engine knows of the database's clock dates from before it was set back.
            monkeypatch.setattr(Pacer, "beat", no_more)
            await asyncio.sleep(0.3)  # one may be under way
            pacer._ahead += hour.total_seconds()
            await engine.batches.work(batch_id)
            async with database.reading() as session:
                batch = (await session.scalars(select(Batch))).one()
            assert (batch.lease, batch.pending) == (None, 4)
            assert batch.due_at <= await database.now()
    assert relay.received == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_shares_are_split_given_back_and_freed_by_proof_of_death(
    database: Database, tmp_path: Path
) -> None:
    plan = Plan("relay", Limits(connections=7, per_second=4))

    def pacer() -> Pacer:
        courier = SMTPCourier(Address.parse("smtp://127.0.0.1:9?tls=none"), connections=10)
        return Pacer(database, plan, courier, presence=lambda it: Presence(tmp_path, "tests", it))

    async def shares() -> list[int]:
        async with database.reading() as session:
            return sorted((await session.scalars(select(Share.connections))).all())

    one, two = pacer(), pacer()
    one.begin()
    await one.beat()
    assert await shares() == [7]
    two.begin()
    for it in (two, one):
        await it.beat()
        assert await shares() == [0, 7]
    for it in (one, two):
        await it.beat()
    assert await shares() == [3, 4]
    # When a process dies, the kernel closes its files.
    assert one._presence is not None
    assert one._presence._descriptor is not None
    os.close(one._presence._descriptor)
    await two.beat()
    async with database.reading() as session:
        parts = await session.execute(select(Share.connections, Share.per_second))
        # The dead worker's copies still count in this second; its connections are closed.
        assert (0, 2) in {tuple(it) for it in parts}
    await asyncio.sleep(PUT_DOWN_SECONDS)
    await two.beat()
    assert await shares() == [7]
