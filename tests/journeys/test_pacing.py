"""Limits as an operator sets them, and what a person who sends is told about them."""

from __future__ import annotations

import time

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

pytestmark = pytest.mark.proof


def limit(installation: Installation, text: str) -> None:
    with (installation.folder / "pli.toml").open("a") as file:
        file.write(text)


def test_a_relays_quota_holds_and_the_sender_is_told_until_when(
    installation: Installation, relay: Relay
) -> None:
    limit(installation, "relay_per_hour = 5\n")
    installation.members(12)
    with installation.running(
        "send", installation.letter(), "--list", "comite", "--yes"
    ) as sending:
        until(lambda: len(relay.received) == 5)
        until(lambda: bool(installation.pli("campaign", "show", "1", "--json").json["held_by"]))
        shown = installation.pli("campaign", "show", "1", "--json").json
        (hold,) = shown["held_by"]
        assert hold["kind"] == "relay_quota"
        assert hold["sentence"].startswith("relay quota: 5 an hour, goes on at ")
        assert shown["arrives_at"] > hold["until"]
        assert "relay quota: 5 an hour" in installation.pli("campaign", "show", "1").out
        french = installation.pli("campaign", "show", "1", LC_ALL="fr_FR.UTF-8").out
        assert "quota du relais" in french
        time.sleep(1)
        assert len(relay.received) == 5
        assert sending.poll() is None
    assert installation.pli("campaign", "show", "1", "--json").json["state"] == "running"
    # A person who raises the limit need not wait for the hour.
    settings = installation.folder / "pli.toml"
    settings.write_text(settings.read_text().replace("relay_per_hour = 5", "relay_per_hour = 100"))
    with installation.running("send", installation.letter(), "--list", "comite", "--yes"):
        until(lambda: len(relay.received) == 12)


def test_faults_in_a_providers_table_are_told_line_by_line(installation: Installation) -> None:
    limit(
        installation,
        '[providers.orange]\nconnections = 0\nper_hour = "many"\nspeed = 3\n'
        '[providers.ours]\ndomains = ["x"]\n',
    )
    said = installation.pli("settings", code=1)
    lines = said.err.splitlines()
    assert len(lines) == 4
    for name in ("orange.connections", "orange.per_hour", "orange.speed", "ours.domains"):
        assert any(f"providers.{name}: " in line for line in lines), name


def test_a_providers_settings_are_shown_one_by_one(installation: Installation) -> None:
    limit(installation, '[providers.ours]\ndomains = ["example.org"]\nper_minute = 30\n')
    shown = installation.pli("settings", "--json", PLI_PROVIDERS__ORANGE__CONNECTIONS="4").json
    assert shown["providers.ours.per_minute"] == {"value": "30", "from": "pli.toml"}
    assert shown["providers.orange.connections"] == {
        "value": "4",
        "from": "PLI_PROVIDERS__ORANGE__CONNECTIONS",
    }


def test_a_provider_of_ones_own_has_its_domains_and_its_limits(
    installation: Installation, relay: Relay
) -> None:
    limit(installation, '[providers.ours]\ndomains = ["example.org"]\nconnections = 1\n')
    relay.delay = 0.05
    installation.members(30)
    said = installation.pli("send", installation.letter(), "--list", "comite", "--yes", "--json")
    assert said.json["sent"] == 30
    assert relay.busiest(relay.received) == 1
