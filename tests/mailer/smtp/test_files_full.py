"""A full table of files says nothing of a relay: it is told, and the relay is dialled again."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import aiosmtplib
import pytest

from mailer.campaign.finding import find_campaign, reason_of
from mailer.engine.relay_watch import Patience
from mailer.models import CampaignState
from mailer.smtp import smtp_courier, troubles
from mailer.smtp.relay import FilesFull, RelayError, RelayRefusal
from mailer.smtp.relay import Relay as Address
from pli import descriptors
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from tests.mailer.engine.running import failover_of, prepared, rests, state_of, working
from tests.relay import Relay

EMFILE = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
ENFILE = OSError(errno.ENFILE, os.strerror(errno.ENFILE))
WRONG_CERTIFICATE = ssl.SSLCertVerificationError(1, "unable to get local issuer certificate")
NOT_FOUND = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def full(monkeypatch: pytest.MonkeyPatch, error: Exception, lasts: Callable[[], bool]) -> None:
    """Let no relay be dialled while that lasts."""
    real = Address._dial

    async def dial(self: Address) -> socket.socket:
        if lasts():
            raise error
        return await real(self)

    monkeypatch.setattr(Address, "_dial", dial)


@pytest.mark.parametrize("error", [EMFILE, ENFILE, NOT_FOUND, WRONG_CERTIFICATE])
async def test_the_campaign_goes_on_by_itself_and_no_relay_is_called_unusable(
    error: Exception,
    database: Database,
    keys: Keys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Names that are not found, and certificates that are not believed, may come of it, too."""
    left = [True] * 8
    monkeypatch.setattr(descriptors, "are_full", lambda: bool(left))
    full(monkeypatch, error, lambda: bool(left) and left.pop())
    campaign_id = await prepared(database, keys, now)
    with Relay().running() as first, Relay().running() as second:
        async with working(database, keys, failover_of(main=first.url, secours=second.url)):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(first.received) == 20, "no copy went to the other relay"
    async with database.reading() as session:
        assert await troubles.known(session) == []
    (told,) = [it for it in caplog.records if it.message == "engine.files_full"]
    assert "no file is left to open" in told.__dict__["reason"]
    assert not [it for it in caplog.records if it.message == "relay.rests"]


async def test_what_lasts_is_waited_for_as_a_relay_that_is_away(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_courier, "FULL_SECONDS", 0.2)
    full(monkeypatch, EMFILE, lambda: True)
    campaign_id = await prepared(database, keys, now)
    with Relay().running() as relay:
        patience = Patience(timedelta(seconds=2))
        async with working(database, keys, failover_of(main=relay.url), patience=patience):
            async with asyncio.timeout(20):
                while True:
                    async with database.reading() as session:
                        if known := await troubles.known(session):
                            break
                    await asyncio.sleep(0.02)
            assert not known[0].refused
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    async with database.reading() as session:
        reason = str(reason_of(await find_campaign(session, campaign_id)))
    assert "no file is left to open on this machine" in reason


async def test_a_probe_without_a_file_leaves_the_circuit_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full(monkeypatch, EMFILE, lambda: True)
    failover = failover_of(main="smtp://127.0.0.1:9?tls=none")
    told: list[Sentence] = []
    failover.on_files_full = told.append
    breaker = failover.breakers["main"]
    breaker.open(Sentence("refused"), refused=True)
    breaker.hurry()
    breaker.probe()
    async with asyncio.timeout(5):
        while not told:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    assert (str(breaker.why), breaker.refused, breaker.usable) == ("refused", True, False)


def test_what_the_relay_says_is_its_answer_whatever_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(descriptors, "are_full", lambda: True)
    relay = Address.parse("smtp://relay.example.org")
    said = aiosmtplib.SMTPAuthenticationError(535, "no")
    assert isinstance(relay.refusal(said), RelayRefusal)
    assert isinstance(relay.refusal(WRONG_CERTIFICATE), FilesFull)
    monkeypatch.setattr(descriptors, "are_full", lambda: False)
    assert type(relay.refusal(NOT_FOUND)) is RelayError


def test_a_full_table_is_found_by_opening_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not descriptors.are_full()

    def refuses(*_: object) -> int:
        raise EMFILE

    monkeypatch.setattr(os, "open", refuses)
    assert descriptors.are_full()
