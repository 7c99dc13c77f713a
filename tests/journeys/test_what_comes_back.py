"""A letter goes by a real Postfix, what it answers is read, and what followed is taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.installation import Installation
from tests.postfix import Postfix
from tests.relay import Received, Relay

REFUSALS = {
    "p0000": "550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table",
    "p0001": "552 5.2.2 <{}>: Mailbox full",
    "p0002": "550 5.7.1 <{}>: Message refused by local policy",
}


def refuses(stage: str, recipient: str, times: int) -> str | None:
    del times
    reply = REFUSALS.get(recipient.partition("@")[0])
    return reply.format(recipient) if reply and stage == "rcpt" else None


@pytest.fixture
def postfix() -> Iterator[tuple[Postfix, Relay]]:
    """A Postfix that passes all mail on to a server which refuses some; it takes bounces, too."""
    with Relay(script=refuses, dsn=True).running() as world:
        maps = {"transport": f"* smtp:[127.0.0.1]:{world.port}\n"}
        settings = {"transport_maps": "texthash:{maps}/transport"}
        with Postfix.started(settings, maps) as server:
            yield server, world


def came_back(world: Relay, count: int) -> list[Received]:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        found = [it for it in world.received if it.mail_from == ""]
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError([it.recipient for it in world.received])


def read(installation: Installation, mails: list[Received]) -> dict[str, str]:
    """Give each mail to Pli; the effects by kind of what was new."""
    found = {}
    for n, mail in enumerate(mails):
        file = Path(installation.folder) / f"bounce-{n}.eml"
        file.write_bytes(mail.data)
        told = installation.pli("bounce", "read", file.name, "--to", mail.recipient, "--json").json
        assert told[0]["claimed"] is True
        found[told[0]["bounce"]] = told[0]["effect"]
    return found


def test_who_is_gone_gets_nothing_more_until_somebody_takes_it_back(
    installation: Installation, postfix: tuple[Postfix, Relay]
) -> None:
    server, world = postfix
    by_postfix: Any = {"PLI_RELAY_URL": server.url}
    installation.members(6)
    send = ("send", installation.letter(), "--list", "comite", "--yes", "--json")
    sent = installation.pli(*send, **by_postfix).json
    assert (sent["sent"], sent["failed"], sent["bounces"]) == (6, 0, {})
    mails = came_back(world, 3)
    assert sorted(read(installation, mails).values()) == ["none", "none", "suppressed"]
    again = installation.pli("bounce", "read", "bounce-0.eml", "bounce-1.eml").out
    assert again.count("was read before") == 2

    report = installation.pli("report", "1", "--json").json
    assert (report["sent"], report["balanced"]) == (6, True)
    assert report["bounces"] == {"full": 1, "policy": 1, "unknown_user": 1}
    assert "3 copies" not in installation.pli("report", "1").err
    lines = installation.pli("report", "1", "--format", "csv").out.splitlines()
    assert lines[0].endswith(",message_id,bounce,bounce_reason,bounced_at")
    assert sum(",certain,unknown_user,20" in it for it in lines) == 1
    told = " ".join(installation.pli("subscriber", "show", "p0001@example.org").out.split())
    assert "The mailbox was full. The provider said: “552 5.2.2 … Mailbox full”" in told
    listed = installation.pli("bounce", "list", "--json").json
    assert {it["reason"]: it["effect"] for it in listed} == {
        "unknown_user": "suppressed", "full": "none", "policy": "none",
    }  # fmt: skip
    one = next(it["id"] for it in listed if it["reason"] == "unknown_user")
    assert "p0000@example.org" in installation.pli("bounce", "show", str(one)).out

    second = ("send", installation.letter(2), "--list", "comite", "--yes", "--json")
    report = installation.pli(*second, **by_postfix).json
    assert (report["excluded"], report["sent"]) == ({"suppressed": 1}, 5)

    lifted = installation.pli("subscriber", "lift", "--campaign", "1")
    assert "1 address may be written to again" in lifted.out
    third = ("send", installation.letter(3), "--list", "comite", "--yes", "--json")
    report = installation.pli(*third, **by_postfix).json
    assert (report["excluded"], report["sent"]) == ({}, 6)


@pytest.mark.proof
def test_a_notice_of_success_is_asked_for_and_told_and_a_complaint_lasts(
    installation: Installation, postfix: tuple[Postfix, Relay]
) -> None:
    server, world = postfix
    world.dsn = False  # so Postfix says "relayed"
    asked: Any = {"PLI_RELAY_URL": server.url, "PLI_DSN": "success"}
    installation.members(4)
    installation.pli("send", installation.letter(), "--list", "comite", "--yes", **asked)
    mails = came_back(world, 4)
    assert sorted(read(installation, mails).values()) == ["none", "none", "none", "suppressed"]
    told = " ".join(installation.pli("subscriber", "show", "p0003@example.org").out.split())
    assert "The letter was passed on to a server that sends no reports." in told
    letter = next(it for it in world.received if it.recipient == "p0003@example.org")
    header = letter.data.decode("utf-8", "replace").partition("\r\n\r\n")[0]
    complaint = (
        "From: fbl@example.net\nTo: abuse@example.org\nSubject: FW\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: message/feedback-report\n\n"
        "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{header}\n\n--b--\n"
    )
    (installation.folder / "plainte.eml").write_text(complaint)
    said = installation.pli("bounce", "read", "plainte.eml")
    assert "barred" in said.out
    listed = installation.pli("bounce", "list", "--json").json
    number = next(it["id"] for it in listed if it["reason"] == "complaint")
    undone = installation.pli("bounce", "undo", str(number), "--why", "essai", code=1)
    assert "only the person can come back" in undone.err
    held = installation.pli("subscriber", "show", "p0003@example.org", "--json").json
    assert held["suppressed"] == "complaint"


def test_what_cannot_be_read_is_told_and_what_is_nobodys_waits_for_a_person(
    installation: Installation,
) -> None:
    installation.members(1)
    (installation.folder / "a.eml").write_text(
        "From: MAILER-DAEMON@mx\nSubject: failure notice\n\n<p0000@example.org>: 550 5.1.1 no\n"
    )
    said = installation.pli("bounce", "read", "none.eml", "a.eml", code=1)
    assert "none.eml" in said.err
    assert "carries no token of ours, and acts on nobody" in said.out
    (waiting,) = installation.pli("bounce", "list", "--unclaimed", "--json").json
    assert waiting["address"] == "p0000@example.org"
    nobody = installation.pli(
        "bounce", "claim", str(waiting["mail"]), "--subscriber", "p0000@example.org", code=1
    )
    assert "no copy ever left to that person" in nobody.err
    for words in (("undo",), ("undo", "1", "--campaign", "1"), ("list", "--stale", "--held")):
        installation.pli("bounce", *words, code=2)
    for verb in ("show", "undo"):
        assert "there is no bounce 77" in installation.pli("bounce", verb, "77", code=1).err
