"""A sending that more than one person decides, as they do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.journeys.conftest import Installation, until
from tests.relay import Relay


def test_a_draft_is_approved_by_a_second_person_and_sent_as_it_was(
    installation: Installation, relay: Relay
) -> None:
    house = installation
    with (house.folder / "pli.toml").open("a") as file:
        file.write("second_person = true\n")
    house.members(5)
    letter = house.letter(text="Ce qui fut approuvé.")
    refused = house.pli("send", letter, "--list", "comite", "--yes", code=1)
    assert "pli campaign create" in refused.err
    made = house.pli("campaign", "create", letter, "--list", "comite", "--by", "Auteur")
    assert "5 people" in made.out
    assert (
        "for just that" in house.pli("campaign", "create", letter, "--list", "comite", code=1).err
    )
    assert "second person" in house.pli("campaign", "start", "1", "--yes", code=1).err
    own = house.pli("campaign", "approve", "1", "--by", "Auteur", "--yes", code=1)
    assert "somebody else" in own.err
    said = house.pli("campaign", "approve", "1", "--by", "Relectrice", "--yes")
    assert "approved by Relectrice" in said.out
    house.letter(text="Ce qui vint après.")
    with house.serving():
        house.pli("campaign", "start", "1", "--yes")
        until(lambda: house.pli("report", "1", "--json", code=None).json["state"] == "finished")
    assert len(relay.received) == 5
    text = relay.received[0].message.get_body(("plain",))
    assert text is not None
    assert "Ce qui fut approuvé." in text.get_content()
    assert "finished" in house.pli("campaign", "approve", "1", "--by", "X", "--yes", code=1).err


def test_a_letter_with_an_hour_leaves_by_itself_and_is_shown_with_it(
    installation: Installation, relay: Relay
) -> None:
    house = installation
    house.members(4)
    letter = house.letter()
    past = house.pli("send", letter, "--list", "comite", "--at", "2020-01-01 08:00", code=1)
    assert "is over" in past.err
    assert "is no hour" in house.pli("send", letter, "--list", "comite", "--at", "x", code=1).err
    assert house.pli("campaign", "list", "--json").json == []
    at = ("--at", "2030-05-01 08:00")
    made = house.pli("send", letter, "--list", "comite", *at, "--retry-after", "1m", "--yes")
    assert "Wednesday, May 1, 2030" in made.out
    assert "for just that" in house.pli("send", letter, "--list", "comite", *at, code=1).err
    assert "Wednesday, May 1, 2030" in house.pli("campaign", "show", "1").out
    shown = house.pli("campaign", "show", "1", "--json").json
    assert (shown["state"], shown["scheduled_at"]) == ("scheduled", "2030-05-01T06:00:00Z")
    with house.serving():
        # Later than any machine takes to start a command.
        soon = datetime.now(UTC) + timedelta(seconds=8)
        house.pli("campaign", "schedule", "1", "--at", soon.isoformat(timespec="seconds"))
        until(lambda: house.pli("report", "1", "--json", code=None).json["state"] == "finished")
    assert len(relay.received) == 4
