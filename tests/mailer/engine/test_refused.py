"""What a relay refuses to everybody pauses the campaign; what passes by itself lets it wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.campaign.refused_before import refused_before, send_again
from mailer.models import CampaignState, Pacing
from mailer.pacing.limits import Plan
from mailer.report.outlook import outlook
from pli.database import Database
from pli.keys import Keys
from tests.mailer.engine.running import ends, prepared, rests, working
from tests.relay import Relay
from tests.waiting import until_true


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ("rcpt", "550 relay not permitted"),
        ("rcpt", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
        ("body-received", "554 Message rejected: Email address is not verified"),
        ("data", "550 5.6.0 <{}>: not today, number {}"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_same_refusal_to_everybody_pauses_with_the_relays_words(
    database: Database, keys: Keys, now: datetime, at: str, answer: str
) -> None:
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)

    def refuse(stage: str, recipient: str, times: int) -> str | None:
        return answer.format(recipient, times) if stage == at else None

    with Relay(script=refuse).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    async with database.begin() as session:
        reason = str(reason_of(await find_campaign(session, campaign_id)))
        assert answer[:3] in reason
        assert "in the same words" in reason
        assert "p0" not in reason
        refused = await refused_before(session, campaign_id=campaign_id)
        assert len(refused) >= 5
        assert await send_again(session, campaign_id=campaign_id) == len(refused)
        await lifecycle.resume(session, campaign_id=campaign_id)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}


@pytest.mark.parametrize(
    "answer",
    [
        "550 Domain example.org has exceeded the max emails per hour (10/10 (100%)) allowed",
        "451 4.7.1 exceeded the max emails per hour",
    ],
)
async def test_a_limit_in_words_lets_the_relay_rest_and_fails_no_copy(
    database: Database, keys: Keys, now: datetime, answer: str
) -> None:
    # No copy's last try may come before the relay rests.
    campaign_id = await prepared(
        database, keys, now, count=40, batch_size=20, retry_delays=(60.0, 60.0)
    )
    taken = 0

    def limited(stage: str, recipient: str, times: int) -> str | None:
        nonlocal taken
        del recipient, times
        taken += stage == "rcpt"
        return answer if stage == "rcpt" and taken > 10 else None

    with Relay(script=limited).running() as relay:
        async with working(database, keys, relay.url):
            await until_true(lambda: rest_of(database))
            await asyncio.sleep(0.5)
            asked = taken
            await asyncio.sleep(2.5)
            assert taken == asked, "nothing goes over a relay that rests"
        assert len(relay.received) == 10
    copies = await ends(database, campaign_id)
    assert sorted({it[0] for it in copies.values()}) == ["pending", "sent"]
    row = await rest_of(database)
    assert row is not None
    assert row.limit_until is not None
    async with database.reading() as session:
        ahead = await outlook(session, campaign_id=campaign_id, plans={"main": Plan(row.relay)})
    (hold,) = [it for it in ahead.held_by if it.kind == "relay_limit"]
    assert "exceeded the max emails per hour" in str(hold.sentence)
    assert hold.until == row.limit_until


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("552 5.2.2 <{}>: user's mail quota exceeded", "mailbox_full"),
        ("552 5.3.4 Message size exceeds message limit of 10 MB", "too_large"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_one_full_mailbox_stops_nobody_else(
    database: Database, keys: Keys, now: datetime, answer: str, reason: str
) -> None:
    campaign_id = await prepared(database, keys, now, count=40, batch_size=20)

    def full(stage: str, recipient: str, times: int) -> str | None:
        del times
        is_full = stage == "rcpt" and recipient == "p003@example.org"
        return answer.format(recipient) if is_full else None

    with Relay(script=full).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert copies.pop("p003@example.org") == ("failed", reason)
    assert set(copies.values()) == {("sent", None)}
    assert await rest_of(database) is None


async def rest_of(database: Database) -> Pacing | None:
    """The row of a relay that rests."""
    async with database.reading() as session:
        return await session.scalar(select(Pacing).where(Pacing.limit_until.is_not(None)))
