"""A relay refuses the sender, whatever the copy: no copy is at fault, and a person is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from mailer.campaign.finding import find_campaign, reason_of
from mailer.engine.window_size import Pace
from mailer.models import CampaignState
from mailer.smtp.relay import Relay as Address
from pli.database import Database
from pli.keys import Keys
from tests.mailer.engine.running import NO_PATIENCE, ends, prepared, rests, working
from tests.relay import Relay


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("heard", ["after", "before"])
async def test_a_relay_that_closes_right_after_its_greeting_counts_as_gone(
    heard: str, database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    real = Address.connect

    async def connect(self: Address, timeout: float) -> Any:
        client = await real(self, timeout)
        await asyncio.sleep(0.05 * (heard == "before"))
        return client

    monkeypatch.setattr(Address, "connect", connect)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay ESMTP\r\n")
        await reader.readline()
        writer.write(b"250-relay\r\n250 PIPELINING\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        url = f"smtp://127.0.0.1:{port}?tls=none"
        async with working(database, keys, url, patience=NO_PATIENCE):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    finally:
        server.close()


async def test_a_sender_whom_the_relay_does_not_want_pauses_the_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=300, batch_size=300)

    def refuse(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        return "550 5.4.5 daily quota exceeded" if stage == "mail" else None

    with Relay(script=refuse).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    waiting = sum(it[0] == "pending" for it in (await ends(database, campaign_id)).values())
    assert waiting > 100


async def test_what_a_relay_says_to_a_connection_is_kept_and_shown_without_signs_that_harm(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)
    said = b"554 5.7.1 no\0service \x1b]0;for you\x07\r\n"
    with Relay(script=lambda stage, *_: said if stage == "connect" else None).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    async with database.reading() as session:
        reason = str(reason_of(await find_campaign(session, campaign_id)))
    assert "554 5.7.1 no service ]0;for you" in reason
    assert reason.isprintable()


async def test_a_relay_that_takes_no_mail_of_this_size_pauses_the_campaign(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Such copies are refused before anything is sent, so a window ends almost at once.
    monkeypatch.setattr(Pace, "window", lambda _: 20)
    campaign_id = await prepared(database, keys, now, count=300, batch_size=300)
    offer = "250-relay\r\n250-PIPELINING\r\n250 SIZE 1000"
    with Relay(script=lambda stage, *_: offer if stage == "ehlo" else None).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    copies = list((await ends(database, campaign_id)).values())
    assert copies.count(("pending", None)) >= 240, "no more than the windows that were open"
    async with database.reading() as session:
        reason = reason_of(await find_campaign(session, campaign_id))
    assert "the relay takes 1000" in str(reason)
