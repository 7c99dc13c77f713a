"""Relays that cannot be used: who waits for how long, who is told, and how it goes on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.engine import relay_watch
from mailer.engine.relay_watch import Patience
from mailer.models import (
    Attempt,
    Batch,
    CampaignState,
    Delivery,
    Notice,
    NoticeKind,
    RelayTrouble,
    Status,
)
from mailer.notices.trouble_mail import Office
from mailer.sender import Identity
from mailer.smtp import troubles
from mailer.smtp.relay import Relay as Address
from mailer.smtp.troubles import Trouble
from pli.database import Database
from pli.keys import Keys
from pli.language import N_, say
from tests.mailer.engine.running import ends, failover_of, prepared, rests, state_of, working
from tests.relay import Relay
from tests.waiting import until_true

NOBODY = "smtp://127.0.0.1:1?tls=none"
OFFICE = Office(
    ["bureau@example.org"],
    Identity(
        committee="Comité d’essai",
        address="1 place du Marché",
        phone="02 00 00 00 00",
        email="comite@example.org",
        sender="",
        reply_to="",
        public_url="http://127.0.0.1:1",
    ),
    "fr",
    "Europe/Paris",
)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def troubles_of(database: Database) -> Sequence[Trouble]:
    async with database.reading() as session:
        return await troubles.known(session)


async def received(relay: Relay, n: int) -> None:
    await until_true(lambda: len(relay.received) >= n)


async def until(database: Database, wanted: Callable[[Sequence[Trouble]], bool]) -> Trouble:
    found: Sequence[Trouble] = []

    async def there() -> bool:
        nonlocal found
        found = await troubles_of(database)
        return wanted(found)

    await until_true(there)
    return found[0]


class Script:
    """What the relay says at a stage, as long as `reply` is set."""

    def __init__(self, stage: str, reply: str | None) -> None:
        self.stage, self.reply = stage, reply

    def __call__(self, stage: str, _recipient: str, _times: int) -> str | None:
        return self.reply if stage == self.stage else None


# Where the relay goes away is no matter of the database. What differs there is whether copies had
# been claimed by then (mail) or not (connect).
@pytest.mark.parametrize(
    ("database", "stage", "reply"),
    [
        ("sqlite", "connect", "drop"),
        ("postgresql", "connect", "421 4.3.2 too busy"),
        ("sqlite", "connect", "450 4.7.0 later"),
        ("sqlite", "ehlo", "421 4.3.2 going down"),
        ("sqlite", "mail", "421 4.3.2 System shutting down"),
        ("postgresql", "mail", "drop"),
    ],
    indirect=["database"],
)
async def test_a_relay_that_is_away_for_a_while_needs_no_person(
    stage: str, reply: str, database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now)
    script = Script(stage, reply)
    with Relay(script=script).running() as relay:
        async with working(database, keys, failover_of(main=relay.url)):
            trouble = await until(database, bool)
            assert (trouble.name, trouble.refused, trouble.away) == ("main", False, True)
            first = await until(database, lambda it: it[0].tried_at > trouble.tried_at)
            assert first.since == trouble.since
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            script.reply = None
            if stage == "mail":  # these copies had their turn: they are due again later
                await until(database, lambda it: not it[0].lasts)
                return
            assert await rests(database, campaign_id) is CampaignState.FINISHED
            await until(database, lambda it: not it[0].lasts)
    copies = await ends(database, campaign_id)
    assert set(copies.values()) == {("sent", None)}
    assert relay.recipients == dict.fromkeys(copies, 1)
    async with database.reading() as session:
        assert await session.scalar(select(func.max(Attempt.number))) == 1
        assert await session.scalar(select(func.max(Batch.takings))) == 0


@pytest.mark.parametrize("error", [socket.EAI_AGAIN, socket.EAI_NONAME])
async def test_a_name_that_is_not_found_is_waited_for(
    error: int, database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=3)
    real = Address._dial
    broken = [True]

    async def dial(self: Address) -> socket.socket:
        if broken:
            raise socket.gaierror(error, "Temporary failure in name resolution")
        return await real(self)

    monkeypatch.setattr(Address, "_dial", dial)
    with Relay().running() as relay:
        async with working(database, keys, failover_of(main=relay.url)):
            trouble = await until(database, bool)
            assert "nobody answers" in str(trouble.reason)
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            broken.clear()
            assert await rests(database, campaign_id) is CampaignState.FINISHED


async def test_many_takings_that_end_for_the_relay_are_not_fruitless(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)
    async with working(database, keys, failover_of(main=NOBODY)):
        seen: set[datetime] = set()
        while len(seen) < 6:
            trouble = await until(database, lambda it: bool(it) and it[0].tried_at not in seen)
            seen.add(trouble.tried_at)
        assert await state_of(database, campaign_id) is CampaignState.RUNNING
    assert set((await ends(database, campaign_id)).values()) == {("pending", None)}
    async with database.reading() as session:
        assert await session.scalar(select(func.max(Batch.takings))) == 0


async def test_after_its_patience_the_campaign_pauses_with_that_reason_and_resumes_anew(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)
    async with working(database, keys, failover_of(main=NOBODY), patience=Patience()):
        await until(database, bool)
        long_ago = now - timedelta(hours=25)
        async with database.begin() as session:
            await session.execute(
                update(RelayTrouble).values(since=long_ago, patience_from=long_ago)
            )
        assert await rests(database, campaign_id) is CampaignState.PAUSED
        async with database.begin() as session:
            reason = reason_of(await find_campaign(session, campaign_id))
            await lifecycle.resume(session, campaign_id=campaign_id)
        assert "no answer for 24 h: nobody answers at the relay 127.0.0.1:1" in str(reason)
        assert reason is not None
        assert "24 h sans réponse" in reason.tell("fr")
        before = (await troubles_of(database))[0].tried_at
        await until(database, lambda it: it[0].tried_at > before)
        assert await state_of(database, campaign_id) is CampaignState.RUNNING


def test_a_refusal_lasts_for_three_looks_of_a_worker_that_gets_through() -> None:
    assert relay_watch.REFUSED.total_seconds() >= 3 * relay_watch.LOOK_SECONDS


def a_short_refusal(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(relay_watch, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(relay_watch, "REFUSED", timedelta(seconds=seconds))


@pytest.mark.parametrize(("stage", "reply"), [("auth", "535 5.7.8 no"), ("connect", "554 no")])
async def test_a_relay_that_refuses_pauses_at_once_and_a_resume_asks_it_at_once(
    stage: str,
    reply: str,
    database: Database,
    keys: Keys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_short_refusal(monkeypatch, seconds=0.6)
    campaign_id = await prepared(database, keys, now, count=4)
    script = Script(stage, reply)
    with Relay(login=True, script=script).running() as relay:
        async with working(database, keys, failover_of(main=relay.url)):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            assert (await troubles_of(database))[0].refused
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            script.reply = None
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(relay.received) == 4


REFUSES = Script("connect", "554 5.7.1 your address is listed")


async def test_one_worker_that_is_refused_pauses_nothing_that_another_can_send(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_short_refusal(monkeypatch, seconds=5.0)
    campaign_id = await prepared(database, keys, now, count=60, batch_size=10)
    with Relay(script=REFUSES).running() as refusing, Relay(delay=1.0).running() as relay:
        async with working(database, keys, failover_of(main=relay.url)):
            await received(relay, 1)
            async with working(database, keys, failover_of(main=refusing.url)):
                refused = await until(database, lambda it: bool(it) and it[0].over_at is not None)
                again = await until(
                    database, lambda it: it[0].over_at not in (None, refused.over_at)
                )
                assert again.refused, "the other worker was refused"
                # Of 60 copies at this delay, many still wait; from now on they take no time.
                assert len(relay.received) < 60
                relay.delay = 0.0
                assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(relay.received) == 60


async def test_a_worker_that_gets_through_after_a_resume_is_not_stopped_by_one_that_does_not(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_short_refusal(monkeypatch, seconds=0.6)
    campaign_id = await prepared(database, keys, now, count=60, batch_size=6)
    with Relay(script=REFUSES).running() as refusing, Relay(delay=0.13).running() as relay:
        async with working(database, keys, failover_of(main=refusing.url)):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            a_short_refusal(monkeypatch, seconds=5.0)  # for the other worker has to get through
            async with database.begin() as session:
                await session.execute(update(RelayTrouble).values(since=now - timedelta(hours=1)))
            async with working(database, keys, failover_of(main=relay.url)):
                async with database.begin() as session:
                    await lifecycle.resume(session, campaign_id=campaign_id)
                assert await rests(database, campaign_id) is CampaignState.FINISHED


async def test_a_resume_has_a_worker_try_again_whose_trouble_another_called_over(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2)
    with Relay(script=(script := Script("connect", "554 no"))).running() as relay:
        failover = failover_of(main=relay.url)
        breaker = failover.breakers["main"]
        breaker._first = breaker._longest = 600.0
        async with working(database, keys, failover):
            first = await until(database, bool)
            async with database.begin() as session:
                await troubles.over(session, ["main"])
            # It follows the other worker once, and is refused again.
            await until(database, lambda it: it[0].tried_at > first.tried_at)
            async with database.begin() as session:
                await troubles.over(session, ["main"])
            await asyncio.sleep(1)
            script.reply = None
            assert not relay.received
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED


async def test_a_relay_that_refuses_and_another_that_is_away_for_a_moment_pause_nothing(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_short_refusal(monkeypatch, seconds=0.5)
    campaign_id = await prepared(database, keys, now, count=6)
    away = Script("connect", "421 4.3.2 going down")
    with Relay(script=REFUSES).running() as first, Relay(script=away).running() as second:
        failover = failover_of(main=first.url, secours=second.url)
        async with working(database, keys, failover, patience=Patience()):
            await until(database, lambda it: len(it) == 2)
            await asyncio.sleep(2)
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            away.reply = None
            assert await rests(database, campaign_id) is CampaignState.FINISHED


async def test_a_relay_that_refuses_and_another_that_stays_away_pause_after_the_patience(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=6)
    with Relay(script=REFUSES).running() as first:
        failover = failover_of(main=first.url, secours=NOBODY)
        patience = Patience(timedelta(seconds=3))
        async with working(database, keys, failover, patience=patience):
            await until(database, lambda it: len(it) == 2)
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    async with database.reading() as session:
        reason = str(reason_of(await find_campaign(session, campaign_id)))
    assert "your address is listed" in reason
    assert "nobody answers" in reason


async def test_a_relay_that_takes_letters_and_does_not_say_so_is_no_relay_to_wait_for(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)
    with Relay(script=Script("body-received", "drop")).running() as relay:
        async with working(database, keys, failover_of(main=relay.url)):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    doubtful = [it for it in (await ends(database, campaign_id)).values() if it[0] == "uncertain"]
    assert len(doubtful) <= 15, "a copy for each connection and try, and not all forty"


async def test_the_office_gets_one_mail_when_the_relay_is_back_and_no_member_is_named(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that a copy finds the relay back, and not the mail that is to tell it.
    monkeypatch.setattr("mailer.notices.notice_sender.AGAIN", timedelta(seconds=2))
    campaign_id = await prepared(database, keys, now, count=4)
    script = Script("connect", "421 4.3.2 p001@example.org is too busy")
    with Relay(script=script).running() as relay:
        patience = Patience(office=OFFICE)
        async with working(database, keys, failover_of(main=relay.url), patience=patience):
            first = await until(database, bool)
            await until(database, lambda it: it[0].tried_at > first.tried_at)
            script.reply = None
            assert await rests(database, campaign_id) is CampaignState.FINISHED
            await received(relay, 5)
    (mail,) = [it for it in relay.received if it.recipient == "bureau@example.org"]
    assert mail.message["From"] == "Comité d’essai <comite@example.org>"
    assert mail.message["Subject"] == f"Pli\u202f: le relais 127.0.0.1:{relay.port} ne répond pas"
    text = mail.message.get_content()
    assert "n’a pas répondu depuis" in text
    assert f"campagne {campaign_id} (lettre" in text
    assert "répond de nouveau" in text
    assert "p001" not in mail.data.decode()
    async with database.reading() as session:
        notices = (await session.scalars(select(Notice))).all()
    assert [(it.kind, it.status) for it in notices] == [(NoticeKind.TROUBLE, Status.SENT)]


async def test_the_office_is_told_by_the_relay_that_works_and_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=12, batch_size=2)
    with Relay(delay=0.1).running() as spare:
        failover = failover_of(main=NOBODY, secours=spare.url)
        async with working(database, keys, failover, patience=Patience(office=OFFICE)):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
            await received(spare, 13)
    assert spare.recipients["bureau@example.org"] == 1
    (mail,) = [it for it in spare.received if it.recipient == "bureau@example.org"]
    assert "relay_url" in mail.message.get_content()


async def test_the_office_is_told_of_a_refusal_with_what_to_do(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_short_refusal(monkeypatch, seconds=0.6)
    monkeypatch.setattr("mailer.notices.notice_sender.AGAIN", timedelta(seconds=0.3))
    campaign_id = await prepared(database, keys, now, count=2)
    script = Script("auth", "535 5.7.8 no")
    with Relay(login=True, script=script).running() as relay:
        office = Patience(office=OFFICE)
        async with working(database, keys, failover_of(main=relay.url), patience=office):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            script.reply = None
            await received(relay, 1)
    (mail,) = relay.received
    assert (
        mail.message["Subject"] == f"Pli\u202f: le relais 127.0.0.1:{relay.port} refuse les lettres"
    )
    assert f"campagne {campaign_id} " in mail.message.get_content()


async def test_what_one_worker_finds_every_worker_knows(
    database: Database, keys: Keys, now: datetime
) -> None:
    """A worker that rests for long tries at once when another one has got through."""
    campaign_id = await prepared(database, keys, now, count=4)
    script = Script("connect", "drop")
    with Relay(script=script).running() as relay:
        failover = failover_of(main=relay.url)
        breaker = failover.breakers["main"]
        breaker._first = breaker._longest = 600.0
        async with working(database, keys, failover):
            await until(database, bool)
            script.reply = None
            await asyncio.sleep(1)
            assert not relay.received
            async with database.begin() as session:
                await troubles.over(session, ["main"])
            assert await rests(database, campaign_id) is CampaignState.FINISHED


async def test_a_trouble_has_one_beginning_and_a_new_one_another(database: Database) -> None:
    async def note(*, refused: bool = False) -> Trouble:
        async with database.begin() as session:
            await troubles.note(
                session, name="main", relay="r", reason=say(N_("it is not a URL")),
                refused=refused, rest=30,
            )  # fmt: skip
        return (await troubles_of(database))[0]

    async def told() -> bool:
        async with database.begin() as session:
            return await troubles.claim_telling(session, "main")

    first = await note()
    assert await told()
    second = await note()
    assert (second.since, second.tried_at > first.tried_at) == (first.since, True)
    assert not await told()
    async with database.begin() as session:
        await troubles.over(session, ["main"])
    assert not (await troubles_of(database))[0].lasts
    third = await note()
    assert third.lasts
    assert third.since > first.since
    assert not await told(), "so soon after, it is the same trouble"
    refusal = await note(refused=True)
    assert refusal.since > third.since
    assert await told(), "another trouble"
    async with database.begin() as session:
        days = clock_of(refusal.now, days=2)
        await session.execute(update(RelayTrouble).values(tried_at=days, next_try_at=days))
    assert not (await troubles_of(database))[0].away
    assert (await note(refused=True)).since > refusal.since, "nobody had tried for two days"
    assert await told()


def clock_of(now: datetime, *, days: int) -> datetime:
    return now - timedelta(days=days)


async def test_sending_failed_copies_again_has_every_relay_tried_at_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    async with database.begin() as session:
        await troubles.note(
            session, name="main", relay="r", reason=say("it rests"), refused=False, rest=600
        )
        await session.execute(update(Delivery).values(status=Status.FAILED, reason="other"))
        await session.execute(update(Batch).values(pending=0, failed=2))
    async with database.begin() as session:
        assert await lifecycle.finish(session, campaign_id=campaign_id, now=now)

    async def again(reply: str) -> int:
        async with database.begin() as session:
            return await lifecycle.retry(
                session, campaign_id=campaign_id, uncertain=False, failed=True, reply=reply
            )

    assert await again("nobody said so") == 0
    assert (await troubles_of(database))[0].asked_at is None
    assert await again("") == 2
    assert (await troubles_of(database))[0].asked_at is not None
