"""Several relays, as an operator sees them: in settings, lists, the doctor, and a sending."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.journeys.installation import Installation
from tests.nameserver import SOUND, answering
from tests.relay import Relay
from tests.waiting import until

NOBODY = "smtp://127.0.0.1:1?tls=none"


@pytest.fixture
def spare() -> Iterator[Relay]:
    with Relay().running() as relay:
        yield relay


def further(installation: Installation, name: str, url: str, more: str = "") -> None:
    with (installation.folder / "pli.toml").open("a") as file:
        file.write(f'[relays.{name}]\nurl = "{url}"\n{more}')


def relays_of_copies(installation: Installation, campaign: str = "1") -> Counter[str]:
    rows = csv.DictReader(io.StringIO(installation.pli("report", campaign, "--format", "csv").out))
    return Counter(row["relay"] for row in rows)


def test_a_letter_goes_by_the_second_relay_when_the_first_is_down_and_is_told_so(
    installation: Installation, spare: Relay
) -> None:
    installation.members(6)
    further(installation, "secours", spare.url, "connections = 2\n")
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", "--json", PLI_RELAY_URL=NOBODY
    )
    assert said.json["sent"] == 6
    assert "Another relay stands in: nobody answers at the relay 127.0.0.1:1" in said.err
    assert len(spare.received) == 6
    assert spare.connections <= 3
    assert relays_of_copies(installation) == {f"secours (127.0.0.1:{spare.port})": 6}


def test_with_no_relay_that_answers_nothing_is_written(installation: Installation) -> None:
    installation.members(2)
    further(installation, "secours", "smtp://127.0.0.1:2?tls=none")
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", code=1, PLI_RELAY_URL=NOBODY
    )
    assert [line.split(":")[1].strip() for line in said.err.splitlines()] != []
    assert "127.0.0.1:1: look at relay_url" in said.err
    assert "secours (127.0.0.1:2): look at relays.secours.url" in said.err
    assert installation.pli("campaign", "list", "--json").json == []


def test_a_list_has_relays_of_its_own(
    installation: Installation, relay: Relay, spare: Relay
) -> None:
    installation.members(3)
    further(installation, "secours", spare.url)
    refused = installation.pli("list", "edit", "comite", "--relay", "inconnu", code=1)
    assert "there is no relay inconnu in the settings: there is main, secours" in refused.err
    said = installation.pli("list", "edit", "comite", "--relay", "secours", "--relay", "main")
    assert "secours, main" in said.out
    (shown,) = installation.pli("list", "show", "--json").json
    assert shown["relays"] == ["secours", "main"]
    assert "secours, main" in installation.pli("list", "show").out
    installation.pli("send", installation.letter(), "--list", "comite", "--yes")
    assert (len(relay.received), len(spare.received)) == (0, 3)
    assert "all relays" in installation.pli("list", "edit", "comite", "--relay", "all").out
    assert installation.pli("list", "show", "--json").json[0]["relays"] == []
    assert "nothing to change" in installation.pli("list", "edit", "comite", code=1).err


def test_a_list_whose_relay_was_taken_out_of_the_settings_is_told_by_doctor_and_at_send(
    installation: Installation, relay: Relay, spare: Relay
) -> None:
    installation.members(2)
    before = (installation.folder / "pli.toml").read_text()
    further(installation, "secours", spare.url)
    installation.pli("list", "edit", "comite", "--relay", "secours", "--relay", "main")
    (installation.folder / "pli.toml").write_text(before)
    told = "the list comite goes by secours, which the settings do not have"
    with answering(SOUND) as names:
        found = installation.pli("doctor", "--resolver", names, "--json", code=None).json["checks"]
    (check,) = [it for it in found if it["check"] == "lists"]
    assert check["state"] == "warning"
    assert check["message"].startswith(told)
    said = installation.pli("send", installation.letter(), "--list", "comite", "--yes", "--json")
    assert told in said.err
    assert len(relay.received) == 2
    further(installation, "secours", spare.url)
    installation.pli("list", "edit", "comite", "--relay", "secours")
    (installation.folder / "pli.toml").write_text(before)
    said = installation.pli("send", installation.letter(2), "--list", "comite", "--yes", code=1)
    assert told in said.err


def test_the_doctor_looks_at_every_relay_and_one_that_is_down_is_a_warning(
    installation: Installation, spare: Relay
) -> None:
    installation.members(1)
    further(installation, "secours", spare.url)
    with answering(SOUND) as names:

        def found(*, code: int = 0, **environment: str) -> dict[str, str]:
            said = installation.pli(
                "doctor", "--resolver", names, "--json", code=code, **environment
            )
            return {it["check"]: it["state"] for it in said.json["checks"]}

        states = found()
        assert states["relay.connect"] == states["relay.secours.connect"] == "ok"
        states = found(PLI_RELAY_URL=NOBODY)
        assert (states["relay.connect"], states["relay.secours.connect"]) == ("warning", "ok")
        installation.pli("list", "edit", "comite", "--relay", "main")
        states = found(code=1, PLI_RELAY_URL=NOBODY)
        assert (states["relay.connect"], states["lists"]) == ("warning", "error")
        states = found(code=1, PLI_RELAY_URL=NOBODY, PLI_RELAYS__SECOURS__URL=NOBODY)
        assert states["relay.connect"] == states["relay.secours.connect"] == "error"


def test_settings_show_each_relay_without_its_password(installation: Installation) -> None:
    further(installation, "secours", "smtp://moi:geheim@127.0.0.1:25", "connections = 4\n")
    said = installation.pli(
        "settings", "--json", PLI_RELAYS__TROISIEME__URL="smtps://x:geheim2@[::1]"
    )
    shown = said.json
    assert shown["relays.secours.url"]["value"] == "smtp://moi:…@127.0.0.1:25"
    assert shown["relays.secours.url"]["from"] == "pli.toml"
    assert shown["relays.secours.connections"] == {"value": "4", "from": "pli.toml"}
    assert shown["relays.troisieme.url"]["from"] == "PLI_RELAYS__TROISIEME__URL"
    assert "geheim" not in said.out
    assert list(shown).index("relays.secours.url") < list(shown).index("relays.troisieme.url")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[relays.secours]\nconnections = 2\n", "relays.secours.url: is missing"),
        ('[relays.main]\nurl = "smtp://a"\n', "relays: a relay's name is of small letters"),
        ('[relays."Deux Mots"]\nurl = "smtp://a"\n', "relays: a relay's name is of small letters"),
        ('[relays.secours]\nurl = "smtp://a"\ncolour = 1\n', "secours.colour: there is no such"),
        ('[relays.secours]\nurl = "smtp://a"\nconnections = 0\n', "connections: must be at least"),
        ('[relays]\nsecours = "smtp://a"\n', "relays.secours: is no table"),
    ],
)
def test_a_relay_that_cannot_be_is_told_in_one_line(
    text: str, told: str, installation: Installation
) -> None:
    with (installation.folder / "pli.toml").open("a") as file:
        file.write(text)
    said = installation.pli("settings", code=1)
    assert told in said.err
    assert said.err.count("\n") == 1


def test_each_url_that_is_wrong_has_its_line(installation: Installation) -> None:
    installation.members(1)
    further(installation, "secours", "http://127.0.0.1")
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", code=1, PLI_RELAY_URL="ftp://x"
    )
    lines = said.err.splitlines()
    assert len(lines) == 2
    assert "relay_url: it must begin with" in lines[0]
    assert "relays.secours.url: it must begin with" in lines[1]
    assert "PLI_RELAYS" in installation.pli("settings", code=1, PLI_RELAYS="nonsense").err


def test_who_sends_names_its_relays_and_french_is_spoken(
    installation: Installation, spare: Relay
) -> None:
    installation.members(1)
    further(installation, "secours", spare.url)
    with installation.serving():
        until(lambda: installation.pli("worker", "list", "--json").json != [])
        (worker,) = installation.pli("worker", "list", "--json").json
        assert worker["relay"].endswith(f"secours (127.0.0.1:{spare.port})")
    said = installation.pli("list", "edit", "comite", "--relay", "x", code=1, LC_ALL="fr_FR.UTF-8")
    assert "il n’y a pas de relais x" in said.err


@pytest.mark.proof
def test_a_relay_that_is_away_while_a_letter_goes_out_is_waited_for(
    installation: Installation,
) -> None:
    installation.members(40)
    away: list[bool] = []

    def script(stage: str, _recipient: str, _times: int) -> str | None:
        if len(relay.received) > 5 and not away:
            away.append(True)
        # The connections that are open end at their next copy; no other is let in.
        return "drop" if away and away[-1] and stage in ("connect", "mail") else None

    with Relay(script=script, delay=0.05).running() as relay:
        sending = ("send", installation.letter(), "--list", "comite", "--yes")
        with installation.running(*sending, PLI_RELAY_URL=relay.url) as command:
            until(lambda: away != [])
            said = ""

            def held() -> bool:
                nonlocal said
                said = " ".join(installation.pli("campaign", "list").out.split())
                return "does not answer since" in said

            until(held, 40)
            assert "tried again at" in said
            (listed,) = installation.pli("campaign", "list", "--json").json
            assert (listed["state"], listed["failed"]) == ("running", 0)
            assert [it["kind"] for it in listed["held_by"]] == ["relay_away"]
            french = installation.pli("campaign", "show", "1", LC_ALL="fr_FR.UTF-8").out
            assert "le relais ne répond pas depuis" in " ".join(french.split())
            away.append(False)
            out, _err = command.communicate(60)
            assert command.returncode == 0, out
    assert len(relay.received) == 40
    assert max(relay.recipients.values()) == 1
