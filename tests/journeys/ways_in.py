"""What the journeys of answers share: a world that refuses, bounces, and what came in."""

from __future__ import annotations

from typing import Any

from tests.journeys.installation import Installation
from tests.relay import Received

REFUSALS = {"p0000": "550 5.1.1 <{}>: Recipient address rejected: User unknown"}
DOMAIN = "lettres.example.org"


def refuses(stage: str, recipient: str, times: int) -> str | None:
    del times
    reply = REFUSALS.get(recipient.partition("@")[0])
    return reply.format(recipient) if reply and stage == "rcpt" else None


def bounces(installation: Installation) -> dict[str, str]:
    listed = installation.pli("bounce", "list", "--json").json
    return {it["reason"]: it["effect"] for it in listed}


def came_in(installation: Installation) -> Any:
    return installation.pli("intake", "list", "--json").json["came_in"]


def bounce_to(copy: Received) -> bytes:
    """What a server sends back of a copy."""
    header = copy.data.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n")
    return (
        f"From: MAILER-DAEMON@mx.example.net\nTo: {copy.mail_from}\nSubject: Undelivered mail\n"
        "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;"
        ' boundary="b"\n\n--b\nContent-Type: message/delivery-status\n\n'
        "Reporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {copy.recipient}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{header}\n\n--b--\n"
    ).encode()
