"""A relay that lets everybody wait before it greets: how long it is waited for, and who says so."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from commands import relays
from mailer.smtp import circuit_breaker, relay_checkup
from mailer.smtp.failover import RelayFailover
from mailer.smtp.relay import PATIENT_SECONDS, RelayError, RelayTimeout
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from mailer.smtp.transaction import Timeouts
from pli import settings
from pli.checks import State
from pli.language import Sentence
from tests.mailer.smtp.parcels import Parcel, told
from tests.relay import Relay

SLOW = 0.8
NOBODY = "smtp://127.0.0.1:1?tls=none"


def tarpit(stage: str, _recipient: str, _times: int) -> str | None:
    if stage == "connect":
        time.sleep(SLOW)
    return None


def silent(stage: str, _recipient: str, _times: int) -> str | None:
    return "stall" if stage == "connect" else None


async def greeted(tmp_path: Path, main: str, further: str = "") -> None:
    """What `pli send` asks of the relays before a sending."""
    text = f'relay_url = "{main}"\nemail = "comite@example.org"\n'
    if further:
        text += f'[relays.secours]\nurl = "{further}"\n'
    (tmp_path / "pli.toml").write_text(text)
    values = settings.read(tmp_path / "pli.toml")
    installation = cast("Any", SimpleNamespace(settings=values))
    members = cast("Any", SimpleNamespace(name="membres", relays=[]))
    await relays.greet(installation, [members])


def test_a_sending_waits_five_minutes_for_a_greeting() -> None:
    assert PATIENT_SECONDS == Timeouts().greeting == 300


async def test_a_sending_waits_for_a_slow_greeting_and_carries_its_copies() -> None:
    with Relay(script=tarpit).running() as relay:
        courier = SMTPCourier(Address.parse(relay.url), connections=1)
        parcels = [Parcel("a"), Parcel("b")]
        courier.post(parcels)
        await told(parcels)
        await courier.close(1)
    assert len(relay.received) == 2


async def test_before_a_sending_the_only_relay_is_waited_for_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(relays, "GREETING_SECONDS", 0.2)
    monkeypatch.setattr(relays, "TOLD_SECONDS", 0.1)
    with Relay(script=tarpit).running() as relay:
        await greeted(tmp_path, relay.url)
    assert "has not greeted yet: waiting, 300 s at most" in capsys.readouterr().err


async def test_while_another_relay_stands_by_the_slow_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(relays, "GREETING_SECONDS", 0.2)
    with Relay(script=tarpit).running() as slow, Relay().running() as quick:
        await greeted(tmp_path, slow.url, quick.url)
    assert "Another relay stands in" in capsys.readouterr().err


async def test_a_slow_relay_gets_its_time_if_no_other_one_greets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "GREETING_SECONDS", 0.2)
    with Relay(script=tarpit).running() as slow:
        await greeted(tmp_path, slow.url, NOBODY)
    monkeypatch.setattr(relays, "PATIENT_SECONDS", 0.3)
    with Relay(script=silent).running() as mute, pytest.raises(RelayError) as refused:
        await greeted(tmp_path, mute.url, NOBODY)
    assert len(refused.value.sentences) == 2


async def test_the_doctor_waits_for_a_slow_greeting_and_tells_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_checkup, "GREETING_SECONDS", 0.2)
    with Relay(script=tarpit).running() as relay:
        checks = await relay_checkup.check(Address.parse(relay.url), "a@example.org")
    slow = checks[0]
    assert (slow.name, slow.state) == ("relay.connect", State.WARNING)
    assert "while another relay can be used" in str(slow.remedy)
    monkeypatch.setattr(relay_checkup, "CHECKED_SECONDS", 0.3)
    with Relay(script=silent).running() as relay:
        (late,) = await relay_checkup.check(Address.parse(relay.url), "a@example.org")
    assert (late.name, late.state) == ("relay.connect", State.ERROR)
    assert "a sending up to 5 minutes" in str(late.remedy)


async def test_a_silent_relay_is_told_apart_from_one_that_is_not_there() -> None:
    with Relay(script=silent).running() as relay, pytest.raises(RelayTimeout):
        await Address.parse(relay.url).greet(0.2)


async def test_the_probe_of_the_only_relay_waits_for_a_slow_greeting_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(circuit_breaker, "PROBE_SECONDS", 0.2)
    with Relay(script=tarpit).running() as relay:
        of = Address.parse(relay.url)
        failover = RelayFailover(
            {"main": SMTPCourier(of, connections=1)}, probes={"main": of.greet}, first_seconds=0
        )
        courier = failover.couriers["main"]
        courier.on_trouble(Sentence("no"))
        failover.hurry()
        assert failover.choose() is None
        probing = failover.breakers["main"].probing
        assert probing is not None
        await probing
        assert failover.choose() is courier
