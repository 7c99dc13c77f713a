"""A letter on the command line: foreseen, frozen anew, asked for, checked, released, stopped."""

from __future__ import annotations

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

pytestmark = pytest.mark.proof

AUTHOR, APPROVER = "auteur@example.org", "relectrice@example.org"


def test_a_letter_goes_its_way_by_commands_and_who_is_set_aside_gets_nothing(
    installation: Installation, relay: Relay
) -> None:
    with (installation.folder / "pli.toml").open("a") as file:
        file.write('second_person = true\ngrace_seconds = 1\nnotify = ["bureau@example.org"]\n')
    installation.members(5)
    for address in (AUTHOR, APPROVER):
        name = address.partition("@")[0]
        roles = ("--role", "author", "--role", "sender")
        installation.pli("user", "add", address, "--name", name, *roles)
    letter = installation.letter(text="Ce qui fut figé d’abord.")
    aside = ("--without-segment", 'email = "p0001@example.org"')
    found = installation.pli("campaign", "foresee", "--list", "comite", *aside, "--json").json
    assert (found["receiving"], found["excluded"], found["last"]) == (4, {"set_aside": 1}, None)
    by = ("--by", AUTHOR)
    installation.pli("campaign", "create", letter, "--list", "comite", *aside, *by)
    nobody = installation.pli("campaign", "ask", "1", *by, code=1)
    assert "nobody who could approve" in nobody.err, "an account that never came in"
    second = ("--by", APPROVER)
    installation.pli("campaign", "approve", "1", "--yes", *second)
    installation.letter(text="Ce qui fut figé ensuite.")
    anew = installation.pli("campaign", "refreeze", "1", "--letter", letter, *by)
    assert "approval is taken away" in anew.out
    for line in ("1", "9999"):
        beyond = ("campaign", "send-back", "1", "--note", "?", "--line", line, *second)
        assert "no such line" in installation.pli(*beyond, code=1).err
    written = (installation.folder / letter).read_text().splitlines()
    place = next(n for n, it in enumerate(written, 1) if "figé ensuite" in it)
    back = installation.pli(
        "campaign", "send-back", "1", "--note", "la date", "--line", str(place), *second
    )
    assert "was sent back" in back.out
    assert "second person" in installation.pli("campaign", "start", "1", "--yes", code=1).err
    installation.pli("campaign", "approve", "1", "--yes", *second)
    points = installation.pli("campaign", "check", "1", "--json", code=None).json
    open_ = [word for it in points if it["severity"] == "warning" for word in ("--tick", it["key"])]
    refused = installation.pli("campaign", "release", "1", "--yes", *second, code=1).err
    assert all(it["message"] in refused for it in points)
    errors = [it["message"] for it in points if it["severity"] == "error"]
    assert errors == []
    installation.pli("campaign", "check", "1", *open_, *second)
    installation.pli("campaign", "release", "1", "--at", "23:59", "--yes", *second)
    twice = installation.pli("campaign", "release", "1", "--yes", *second, code=1)
    assert "has released campaign 1" in twice.err
    assert "nothing was sent" in installation.pli("campaign", "stop", "1", *second).out
    installation.pli("campaign", "release", "1", "--yes", *second)
    with installation.serving():
        until(
            lambda: installation.pli("report", "1", "--json", code=None).json["state"] == "finished"
        )
    report = installation.pli("report", "1", "--json").json
    assert report["excluded"].get("set_aside") == 1
    assert report["candidates"] == 5
    assert len(relay.received) == report["sent"] == 4
    assert "excluded,set_aside" in installation.pli("report", "1", "--format", "csv").out
