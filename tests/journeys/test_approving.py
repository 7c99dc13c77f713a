"""A sending that several people decide, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

AUTHOR, READER = "auteur@example.org", "relectrice@example.org"


def test_a_draft_is_approved_by_a_second_person_and_sent_as_it_was(
    installation: Installation, relay: Relay
) -> None:
    with (installation.folder / "pli.toml").open("a") as file:
        file.write("second_person = true\n")
    installation.members(5)
    letter = installation.letter(text="Ce qui fut approuvé.")
    refused = installation.pli("send", letter, "--list", "comite", "--yes", code=1)
    assert "pli campaign create" in refused.err
    create = ("campaign", "create", letter, "--list", "comite")
    assert "has an account yet" in installation.pli(*create, "--by", AUTHOR, code=1).err
    for address, *roles in ((AUTHOR, "author", "sender"), (READER, "sender")):
        name = address.partition("@")[0]
        given = [word for role in roles for word in ("--role", role)]
        installation.pli("user", "add", address, "--name", name, *given)
    unable = installation.pli(*create, "--by", READER, code=1)
    assert unable.err.strip().endswith('it takes the right "author" on each list that is concerned')
    assert "say who decides: --by" in installation.pli(*create, code=1).err
    made = installation.pli(*create, "--by", AUTHOR)
    assert "5 people" in made.out
    assert "for just that" in installation.pli(*create, "--by", AUTHOR, code=1).err
    assert "second person" in installation.pli("campaign", "start", "1", "--yes", code=1).err
    own = installation.pli("campaign", "approve", "1", "--by", AUTHOR, "--yes", code=1)
    assert "somebody else" in own.err
    said = installation.pli("campaign", "approve", "1", "--by", READER, "--yes")
    assert "approved by relectrice" in said.out
    installation.letter(text="Ce qui vint après.")
    with installation.serving():
        installation.pli("campaign", "start", "1", "--yes")
        until(
            lambda: installation.pli("report", "1", "--json", code=None).json["state"] == "finished"
        )
    assert len(relay.received) == 5
    text = relay.received[0].message.get_body(("plain",))
    assert text is not None
    assert "Ce qui fut approuvé." in text.get_content()
    assert (
        "finished"
        in installation.pli("campaign", "approve", "1", "--by", READER, "--yes", code=1).err
    )
    assert "approved by relectrice, as " in installation.pli("report", "1").out
    shown = installation.pli("campaign", "show", "1", "--json").json
    assert [shown[it]["account"] for it in ("created_by", "approved_by")] == [1, 2]
    assert all(shown[it]["said_by"] for it in ("created_by", "approved_by"))


@pytest.mark.proof
def test_a_letter_with_an_hour_leaves_by_itself_and_is_shown_with_it(
    installation: Installation, relay: Relay
) -> None:
    installation.members(4)
    letter = installation.letter()
    past = installation.pli("send", letter, "--list", "comite", "--at", "2020-01-01 08:00", code=1)
    assert "is over" in past.err
    assert (
        "is no hour"
        in installation.pli("send", letter, "--list", "comite", "--at", "x", code=1).err
    )
    assert installation.pli("campaign", "list", "--json").json == []
    at = ("--at", "2030-05-01 08:00")
    made = installation.pli("send", letter, "--list", "comite", *at, "--retry-after", "1m", "--yes")
    assert "Wednesday, May 1, 2030" in made.out
    assert "for just that" in installation.pli("send", letter, "--list", "comite", *at, code=1).err
    assert "Wednesday, May 1, 2030" in installation.pli("campaign", "show", "1").out
    shown = installation.pli("campaign", "show", "1", "--json").json
    assert (shown["state"], shown["scheduled_at"]) == ("scheduled", "2030-05-01T06:00:00Z")
    with installation.serving() as process:
        until(lambda: "Pli serves" in process.stdout.readline())
        until(lambda: "pli user add ADDRESS" in process.stdout.readline())
        # Far enough ahead that even a slow machine has run the commands before.
        soon = datetime.now(UTC) + timedelta(seconds=8)
        installation.pli("campaign", "schedule", "1", "--at", soon.isoformat(timespec="seconds"))
        until(
            lambda: installation.pli("report", "1", "--json", code=None).json["state"] == "finished"
        )
    assert len(relay.received) == 4
