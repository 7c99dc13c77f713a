"""Several relays in order: the next carries what one cannot, and no copy fails for that."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.models import Attempt, CampaignState, Notice, Status
from mailer.notices.notice_sender import NoticeSender
from mailer.providers import OPEN
from mailer.smtp import smtp_courier
from mailer.smtp.courier import Copy, Courier, LaneTerms
from mailer.smtp.failover import RelayFailover
from mailer.smtp.relay import Relay as Address
from mailer.smtp.relay import RelayError
from mailer.smtp.smtp_courier import SMTPCourier
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from subscribers import lists
from tests import factories as make
from tests.mailer.engine.running import NO_PATIENCE, ends, first_copy, prepared, rests, working
from tests.mailer.notices.orders import ordered
from tests.relay import Relay
from tests.waiting import until_true

NOBODY = "smtp://127.0.0.1:1?tls=none"
SPARE = "secours"


@pytest.fixture
def now() -> datetime:
    """The real time, for the engine uses the database's own clock."""
    return datetime.now(UTC)


def failover_of(
    urls: dict[str, str],
    *,
    rest: float = 30.0,
    connections: int = 3,
    rests: tuple[float, ...] = (0.01,),
) -> RelayFailover:
    relays = {name: Address.parse(url, name) for name, url in urls.items()}
    return RelayFailover(
        {
            name: SMTPCourier(relay, connections=connections, rests=rests)
            for name, relay in relays.items()
        },
        probes={name: relay.greet for name, relay in relays.items()},
        open_seconds=rest,
    )


async def relays_in_attempts(database: Database) -> Counter[str]:
    async with database.reading() as session:
        rows = await session.execute(select(Attempt.relay, func.count()).group_by(Attempt.relay))
        return Counter({relay.split(" ")[0]: n for relay, n in rows})


async def statuses(database: Database, campaign_id: int) -> Counter[str]:
    return Counter(status for status, _ in (await ends(database, campaign_id)).values())


async def all_are_pending(database: Database, campaign_id: int) -> bool:
    return (await statuses(database, campaign_id)).keys() == {"pending"}


class Gone:
    """A relay that dies in the middle of a sending: from then on it ends every connection."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.taken = 0
        self.dead = False

    def __call__(self, stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        if stage == "mail":
            self.taken += 1
            self.dead = self.dead or self.taken > self.after
        # It ends them at MAIL, not after a body, so that no copy is in doubt.
        return "drop" if self.dead and stage in ("connect", "mail") else None


async def test_when_a_relay_dies_in_the_middle_the_next_carries_the_rest_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=60, batch_size=20)
    script = Gone(after=25)
    with Relay(script=script, delay=0.01).running() as first, Relay().running() as second:
        failover = failover_of({"main": first.url, SPARE: second.url})
        async with working(database, keys, failover):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert set(copies.values()) == {("sent", None)}
    assert first.recipients + second.recipients == dict.fromkeys(copies, 1)
    assert first.received
    assert second.received
    async with database.reading() as session:
        rows = await session.execute(
            select(Attempt.relay, func.count())
            .where(Attempt.outcome == "sent")
            .group_by(Attempt.relay)
        )
        sent = dict(rows.all())
    assert sent == {
        f"127.0.0.1:{first.port}": len(first.received),
        f"secours (127.0.0.1:{second.port})": len(second.received),
    }


async def test_a_relay_that_comes_back_is_used_again_after_its_rest(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=80, batch_size=4)
    script = Gone(after=5)
    with Relay(script=script).running() as first, Relay(delay=0.05).running() as second:
        failover = failover_of({"main": first.url, SPARE: second.url}, rest=0.3)
        async with working(database, keys, failover):
            await first_copy(second)
            before = len(first.received)
            script.after, script.dead = 10**6, False
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert set(copies.values()) == {("sent", None)}
    assert first.recipients + second.recipients == dict.fromkeys(copies, 1)
    assert len(first.received) > before


async def test_a_login_that_is_refused_sends_the_letters_to_the_next_relay(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=20)
    with (
        Relay(
            login=True, script=lambda stage, *_: "535 5.7.8 no" if stage == "auth" else None
        ).running() as first,
        Relay().running() as second,
    ):
        failover = failover_of({"main": first.url, SPARE: second.url})
        async with working(database, keys, failover):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
            assert failover.unusable() == {"main": True, SPARE: False}
    assert len(second.received) == 20
    assert await relays_in_attempts(database) == {SPARE: 20}


async def test_with_both_relays_dead_the_campaign_pauses_with_both_reasons_and_can_go_on(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12)
    with Relay(
        login=True, script=lambda s, *_: "535 5.7.8 no" if s == "auth" else None
    ).running() as other:
        failover = failover_of({"main": NOBODY, SPARE: other.url})
        async with working(database, keys, failover, patience=NO_PATIENCE):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            async with database.reading() as session:
                campaign = await find_campaign(session, campaign_id)
                reason = reason_of(campaign)
            assert reason is not None
            assert "nobody answers at the relay 127.0.0.1:1" in str(reason)
            assert "secours" in str(reason)
            assert "refuses user or password" in str(reason)
            assert "personne ne répond" in reason.tell("fr")
            assert "refuse l" in reason.tell("fr")
            await until_true(lambda: all_are_pending(database, campaign_id))
            # A person resumes: both relays are tried at once, though their rest is not over.
            other.script = lambda *_: None
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(other.received) == 12


async def test_each_list_goes_by_its_own_relays_in_its_own_order(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        first = await make.a_list(session, "premiers", now=now)
        second = await make.a_list(session, "seconds", now=now)
        third = await make.a_list(session, "troisiemes", now=now)
        for number, list_ in enumerate((first, second, third)):
            for n in range(4):
                await make.a_person(session, keys, f"l{number}p{n}", list_, now=now)
        await lists.edit(session, name="seconds", relays=[SPARE, "main"], now=now)
        await lists.edit(session, name="troisiemes", relays=["down", "main"], now=now)
        campaign = await make.a_campaign(session, keys, [first, second, third], now=now)
    with Relay().running() as main, Relay().running() as spare:
        failover = failover_of({"main": main.url, SPARE: spare.url, "down": NOBODY})
        async with working(database, keys, failover):
            assert await rests(database, campaign.id) is CampaignState.FINISHED
    assert {it[:2] for it in spare.recipients} == {"l1"}
    assert {it[:2] for it in main.recipients} == {"l0", "l2"}
    assert (main.recipients + spare.recipients).total() == 12


async def test_a_list_whose_only_relay_is_dead_does_not_take_another(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5)
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=["down"], now=now)
    with Relay().running() as main:
        failover = failover_of({"main": main.url, "down": NOBODY})
        async with working(database, keys, failover, patience=NO_PATIENCE):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert main.received == []


async def test_a_list_that_names_no_relay_of_the_settings_pauses_with_what_to_do(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5)
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=["inconnu"], now=now)
    with Relay().running() as main:
        async with working(database, keys, failover_of({"main": main.url})):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    async with database.reading() as session:
        reason = reason_of(await find_campaign(session, campaign_id))
    assert "pli list edit membres" in str(reason)
    assert set((await ends(database, campaign_id)).values()) == {("pending", None)}


async def test_more_dead_relays_than_fruitless_takings_still_reach_the_one_that_works(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5, batch_size=5)
    with Relay().running() as last:
        urls = {f"down{n}": NOBODY for n in range(5)} | {"last": last.url}
        async with working(database, keys, failover_of(urls)):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(last.received) == 5


async def test_the_next_relay_is_not_kept_waiting_for_a_first_one_that_is_tried_again_and_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12)
    with Relay().running() as second:
        failover = failover_of({"main": NOBODY, SPARE: second.url}, rests=(60.0,))
        async with working(database, keys, failover):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(second.received) == 12


async def test_a_relay_that_greets_nobody_holds_the_others_letters_up_for_seconds_only(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_courier, "GREETING_SECONDS", 0.3)
    campaign_id = await prepared(database, keys, now, count=12)
    stalls = lambda stage, *_: "stall" if stage == "connect" else None  # noqa: E731
    with Relay(script=stalls).running() as first, Relay().running() as second:
        failover = failover_of({"main": first.url, SPARE: second.url})
        async with working(database, keys, failover):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(second.received) == 12


async def test_a_list_that_has_no_other_relay_is_as_patient_as_ever(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=["main"], now=now)
    refusals = Counter[str]()

    def twice(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        refusals[stage] += 1
        return "drop" if stage == "connect" and refusals[stage] <= 2 else None

    with Relay(script=twice).running() as first, Relay().running() as second:
        failover = failover_of(
            {"main": first.url, SPARE: second.url}, connections=1, rests=(0.01, 0.01, 0.01)
        )
        async with working(database, keys, failover, connections=1):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert (len(first.received), len(second.received)) == (4, 0)


async def test_a_test_copy_goes_by_the_relays_of_its_list(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=[SPARE], now=now)
    with Relay().running() as first, Relay().running() as second:
        failover = failover_of({"main": first.url, SPARE: second.url})
        notice_sender = NoticeSender(database, keys, failover)
        await notice_sender.send(notice_id)
        await failover.close(1)
    assert (len(first.received), len(second.received)) == (0, 1)


async def test_a_test_copy_goes_by_the_next_relay_at_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    with Relay().running() as second:
        failover = failover_of({"main": NOBODY, SPARE: second.url})
        notice_sender = NoticeSender(database, keys, failover)
        async with asyncio.timeout(10):
            while not second.received:
                await notice_sender.send(notice_id)
                await asyncio.sleep(0.02)
        await failover.close(1)
    async with database.reading() as session:
        notice = (await session.scalars(select(Notice))).one()
    assert notice.status is Status.SENT
    assert notice.relay == f"secours (127.0.0.1:{second.port})"


class Stub:
    """A courier that sends nothing."""

    def __init__(self, relay: str) -> None:
        self.relay = relay
        self.on_trouble: Callable[[Sentence], None] = lambda _: None
        self.on_refusal: Callable[[Sentence], None] | None = None
        self.on_doubt: Callable[[Sentence], None] | None = None
        self.on_files_full: Callable[[Sentence], None] = lambda _: None
        self.patient: Callable[[], bool] = lambda: True
        self.recalled = 0

    def post(self, copies: Sequence[Copy], *, first: bool = False, lane: str = OPEN) -> None:
        del copies, first, lane

    def agree(self, lane: str, terms: LaneTerms) -> None:
        del lane, terms

    def occupied(self, lane: str) -> int:
        del lane
        return 0

    def farewells(self) -> Mapping[str, str]:
        return {}

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        del wanted
        self.recalled += 1

    async def close(self, patience: float) -> None:
        del patience


class BootTime:
    """A clock that tests set, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_failover(*names: str) -> tuple[RelayFailover, BootTime, dict[str, Stub]]:
    stubs = {name: Stub(name) for name in names}
    clock = BootTime()
    return RelayFailover(stubs, clock=clock), clock, stubs


def test_rests_double_to_ten_minutes_and_begin_anew_after_a_good_while() -> None:
    failover, clock, stubs = a_failover("a", "b")
    lengths = []
    for _ in range(7):
        stubs["a"].on_trouble(Sentence("no"))
        began = clock.now
        while not failover.usable(stubs["a"]):
            clock.now += 1
        lengths.append(clock.now - began)
        clock.now += 5
    assert lengths == [30, 60, 120, 240, 480, 600, 600]
    clock.now += 601
    stubs["a"].on_trouble(Sentence("no"))
    clock.now += 31
    assert failover.usable(stubs["a"])


def test_one_trouble_that_several_connections_tell_is_one_rest() -> None:
    failover, clock, stubs = a_failover("a", "b")
    told: list[Courier] = []
    failover.on_trouble = lambda courier, _: told.append(courier)
    for _ in range(3):
        stubs["a"].on_trouble(Sentence("no"))
    assert told == [stubs["a"]] * 3
    clock.now += 31
    assert failover.usable(stubs["a"])


def test_the_first_in_order_that_does_not_rest_is_chosen_and_a_stranger_is_passed_over() -> None:
    failover, clock, stubs = a_failover("a", "b", "c")
    assert failover.choose() is stubs["a"]
    assert failover.choose(["c", "a"]) is stubs["c"]
    assert failover.choose(["x", "b"]) is stubs["b"]
    assert failover.choose(["x"]) is None
    stubs["a"].on_trouble(Sentence("no"))
    assert failover.choose() is stubs["b"]
    assert failover.hindrance() is None
    assert str(failover.hindrance(["a"])) == "no"
    clock.now += 31
    assert failover.choose() is stubs["a"]


async def test_a_relay_that_has_rested_is_probed_before_copies_go_by_it_again() -> None:
    failover, clock, stubs = a_failover("a", "b")
    looks: list[str] = []
    faults: list[Exception] = [RelayError("still not"), ValueError("what is that")]

    async def look() -> None:
        looks.append("a")
        if faults:
            raise faults.pop(0)

    failover._breakers["a"]._probe = look
    stubs["a"].on_trouble(Sentence("no"))
    for rest in (30, 60, 120):
        clock.now += rest - 1
        assert failover.choose() is stubs["b"]
        await asyncio.sleep(0)
        clock.now += 2
        assert failover.choose() is stubs["b"]
        assert failover.choose() is stubs["b"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert looks == ["a"] * 3
    assert failover.choose() is stubs["a"]


def test_when_all_rest_none_is_chosen_and_the_one_that_is_left_alone_rests_for_seconds() -> None:
    failover, clock, stubs = a_failover("a", "b")
    stubs["a"].on_trouble(Sentence("no a"))
    stubs["b"].on_trouble(Sentence("no b"))
    assert str(failover.hindrance()) == "no a; no b"
    assert failover.choose() is None
    assert failover.waits()
    assert failover.knows()
    clock.now += 6
    assert failover.choose() is stubs["b"]
    assert failover.hindrance() is None


async def test_a_relay_without_another_rests_longer_and_longer_up_to_ten_minutes() -> None:
    failover, clock, stubs = a_failover("a")
    looks: list[float] = []

    async def look() -> None:
        looks.append(clock.now)
        clock.now += 3600  # a relay that is silent for an hour has not recovered meanwhile
        raise RelayError("still not")

    failover.breakers["a"]._probe = look
    stubs["a"].on_trouble(Sentence("no"))
    rests = []
    for _ in range(9):
        rests.append(failover.breakers["a"].rests)
        clock.now += rests[-1]
        failover.probe()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert len(looks) == 9


async def test_a_person_who_asks_has_a_resting_relay_tried_at_once() -> None:
    failover, _clock, stubs = a_failover("a")
    closed: list[str] = []
    failover.on_close = closed.append

    async def look() -> None:
        pass

    failover.breakers["a"]._probe = look
    refuse = stubs["a"].on_refusal
    assert refuse is not None
    refuse(Sentence("no"))
    assert str(failover.hindrance()) == "no"
    failover.hurry()
    assert failover.hindrance() is None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert failover.choose() is stubs["a"]
    assert closed == ["a"]
    assert not failover.breakers["a"].refused
