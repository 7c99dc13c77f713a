"""Settings that decide what a sending does by itself; its copies show each of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.journeys.installation import Installation
from tests.relay import DROP, Relay
from tests.waiting import until

COPIES = 40


def test_copies_in_doubt_are_sent_again_if_the_setting_says_so(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    relay.script = lambda stage, who, times: (
        DROP if stage == "body-received" and who.startswith("p0001") and times == 1 else None
    )
    send = ("send", installation.letter(), "--list", "comite", "--yes", "--json")
    said = installation.pli(*send, PLI_UNCERTAIN="resend")
    assert (said.json["sent"], said.json["uncertain"]) == (3, 0)
    (lost,) = relay.refused
    (again,) = (mail for mail in relay.received if mail.recipient == lost.recipient)
    assert again.message["Message-ID"] == lost.message["Message-ID"]


@pytest.mark.proof
def test_the_share_of_policy_refusals_that_pauses_a_campaign_is_a_setting(
    installation: Installation, relay: Relay
) -> None:
    installation.members(COPIES)
    relay.script = lambda stage, who, _times: (
        "550 5.7.1 we do not like you" if stage == "rcpt" and int(who[1:5]) % 2 else None
    )
    send = ("send", installation.letter(), "--list", "comite", "--yes")
    assert "is paused" in installation.pli(*send, code=1).err
    listed = installation.pli("campaign", "list").out
    assert "5.7.1 we do not like you" in " ".join(listed.split())
    (told,) = installation.pli("campaign", "list", "--json").json
    assert "5.7.1 we do not like you" in told["reason"]
    with installation.serving():
        code, page = installation.get("/campaigns")
    # The page is in the office now, and asks who is there.
    assert (code, 'action="/office/sign-in"' in page) == (200, True)
    assert "5.7.1" not in page
    installation.pli("campaign", "cancel", "1", "--yes")
    other = ("send", installation.letter(2), "--list", "comite", "--yes", "--json")
    said = installation.pli(*other, PLI_POLICY_PAUSE_PERCENT="90")
    assert (said.json["state"], said.json["failures"]["policy"]) == ("finished", COPIES // 2)


def test_how_late_a_missed_start_may_be_is_a_setting(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    at = ("--at", "2030-05-01 08:00", "--retry-after", "1m,1h")
    installation.pli("send", installation.letter(), "--list", "comite", *at, "--yes")
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database, database:
        (delays,) = database.execute("SELECT retry_delays FROM campaign").fetchone()
        assert json.loads(delays) == [60.0, 3_600.0]
        database.execute("UPDATE campaign SET scheduled_at = datetime('now', '-3 hours')")
    with installation.running("serve"):
        until(
            lambda: installation.pli("campaign", "show", "1", "--json").json["reason"] is not None
        )
    assert relay.received == []
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database, database:
        database.execute("UPDATE campaign SET reason = NULL")
    with installation.running("serve", PLI_LATE_START_HOURS="4"):
        until(
            lambda: installation.pli("report", "1", "--json", code=None).json["state"] == "finished"
        )
    assert len(relay.received) == 2
