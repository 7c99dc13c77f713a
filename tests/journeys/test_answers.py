"""A relay that calls everybody unknown, and is mended: nobody is barred, and everybody gets it."""

from __future__ import annotations

import json

from tests.journeys.installation import Installation
from tests.relay import Relay

PEOPLE = 40


def test_a_relay_that_called_everybody_unknown_is_mended_and_everybody_has_the_letter(
    installation: Installation, relay: Relay
) -> None:
    mended: list[bool] = []

    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        if stage != "rcpt" or mended:
            return None
        return f"550 5.1.1 <{recipient}>: User unknown in virtual mailbox table"

    relay.script = script
    installation.members(PEOPLE)
    send = ("send", installation.letter(), "--list", "comite", "--yes")
    paused = installation.pli(*send, code=1)
    assert "recipients were called unknown by" in paused.err
    assert 'Then: "pli campaign resume 1"' in paused.err
    assert "p00" not in paused.err
    resumed = installation.pli("campaign", "resume", "1", "--again", "--no-bar")
    assert "wait again." in resumed.out
    mended.append(True)
    installation.pli(*send)
    report = installation.pli("report", "1", "--json").json
    assert (report["sent"], report["failed"], report["state"]) == (PEOPLE, 0, "finished")
    assert max(relay.recipients.values()) == 1
    further = installation.pli(
        "send", installation.letter(2), "--list", "comite", "--yes", "--json"
    ).json
    assert json.dumps(further["excluded"]) == "{}"
