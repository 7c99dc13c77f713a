"""Logs of whole sendings: ids show what happened, and no line names a member."""

from __future__ import annotations

import json
import signal
from typing import Any

from tests.journeys.installation import Installation
from tests.relay import DROP, Relay
from tests.waiting import until

COPIES = 40


def lines(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


def trouble(stage: str, recipient: str, times: int) -> str | None:
    """Replies that name the recipient, as those of many servers do, and broken connections."""
    if stage == "rcpt" and "p0000" < recipient < "p0009":
        return f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
    if stage == "rcpt" and recipient.startswith("p001"):
        return f"450 4.2.1 <{recipient}>: try again" if times == 1 else None
    if stage == "body-received" and recipient.startswith("p0020"):
        return DROP
    return None


def test_a_whole_sending_names_nobody_in_its_logs(installation: Installation, relay: Relay) -> None:
    relay.script = trouble
    installation.members(COPIES)
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", "--json",
        PLI_LOG_FORMAT="json", PLI_LOG_LEVEL="debug",
    )  # fmt: skip
    assert said.json["failures"]["unknown_user"] == 9
    assert "@" not in said.err
    events = lines(said.err)
    assert {"worker.started", "delivery.settled", "campaign.finished", "worker.ended"} <= {
        it["event"] for it in events
    }
    finished = next(it for it in events if it["event"] == "campaign.finished")
    assert (finished["campaign"], finished["level"]) == (1, "info")
    assert "Prénom" not in said.err
    assert "séance" not in said.err


def test_a_pause_is_told_with_its_reason_but_not_with_whom_it_was_for(
    installation: Installation, relay: Relay
) -> None:
    relay.script = lambda stage, recipient, _times: (
        f"550 5.7.1 <{recipient}> we do not like you" if stage == "rcpt" else None
    )
    installation.members(COPIES)
    said = installation.pli("send", installation.letter(), "--list", "comite", "--yes", code=1)
    told = next(it for it in said.err.splitlines() if "campaign.paused" in it)
    assert "campaign=1" in told
    assert "we do not like you" in told
    assert "@example.org" not in told


def test_a_server_says_nothing_else_than_json(installation: Installation) -> None:
    with installation.running("serve", PLI_LOG_FORMAT="json", PLI_LOG_LEVEL="info") as process:
        until(lambda: installation.get("/healthz")[0] == 200)
        until(lambda: len(installation.pli("worker", "list", "--json").json) == 1)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert [it["event"] for it in lines(err)] == ["worker.started", "worker.ended"]
    assert process.returncode == 0
