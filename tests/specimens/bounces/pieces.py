"""What mails written by hand are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mailer.bounces.tokens import Tokens
from tests.factories import KEYS
from tests.specimens.bounces.real_servers import LINKS, our_letter

TOKENS = Tokens(KEYS)
MARIE = "marie@recipients.example.net"


class Specimen(NamedTuple):
    """A mail and how it is to read; `told`: (address, action, reason, weight) of each recipient."""

    name: str
    mail: bytes
    kind: str
    told: Sequence[tuple[str, str, str, str]] = ()
    delivery: int | None = None

    @property
    def sheet(self) -> dict[str, Any]:
        names = ("address", "action", "reason", "weight")
        recipients = [dict(zip(names, it, strict=True)) for it in self.told]
        return {"kind": self.kind, "delivery": self.delivery, "recipients": recipients}


def failed(reason: str, weight: str, address: str = MARIE) -> tuple[str, str, str, str]:
    return address, "failed", reason, weight


def ours(number: int, recipient: str = MARIE) -> str:
    """Our letter, as text with LF."""
    return our_letter(number, recipient).decode().replace("\r\n", "\n")


def header(number: int, recipient: str = MARIE) -> str:
    """The header of our letter."""
    return ours(number, recipient).partition("\n\n")[0] + "\n"


def return_path(number: int) -> str:
    return LINKS.marks(number, "ab").return_path


def message_id(number: int) -> str:
    return LINKS.marks(number, "ab").message_id


def plain(fields: str, text: str, charset: str = "utf-8") -> bytes:
    """A mail of one text."""
    head = f"MIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n"
    whole = f"{fields}{head}Content-Transfer-Encoding: 8bit\n\n{text}"
    return whole.encode(charset, "replace")


def parts(fields: str, kind: str, *given: tuple[str, str]) -> bytes:
    """A mail of several parts; `kind` is its media type with parameters."""
    mark = "=_part_1"
    whole = [f'{fields}MIME-Version: 1.0\nContent-Type: {kind};\n boundary="{mark}"\n']
    whole += [f"--{mark}\nContent-Type: {type_}\n\n{text}\n" for type_, text in given]
    return ("\n".join([*whole, f"--{mark}--\n"])).encode()


def from_daemon(number: int, subject: str, host: str = "mx.example.net") -> str:
    return (
        "Return-Path: <>\n"
        f"From: Mail Delivery Subsystem <MAILER-DAEMON@{host}>\n"
        f"To: {return_path(number)}\n"
        f"Subject: {subject}\n"
        "Date: Thu, 03 Dec 2026 09:00:05 +0100\n"
        f"Message-ID: <b{number}@{host}>\n"
    )


def notification(number: int, text: str, *blocks: str, subject: str = "Undelivered mail") -> bytes:
    """A standard notification: a text, the fields, our header."""
    fields = "Reporting-MTA: dns; mx.example.net\n\n" + "\n\n".join(it.strip() for it in blocks)
    return parts(
        from_daemon(number, subject),
        "multipart/report; report-type=delivery-status",
        ("text/plain; charset=utf-8", text),
        ("message/delivery-status", fields),
        ("text/rfc822-headers", header(number)),
    )


def block(status: str, diagnostic: str = "", action: str = "failed", address: str = MARIE) -> str:
    said = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n{said}"
