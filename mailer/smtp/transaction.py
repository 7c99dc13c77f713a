"""One copy's mail transaction (RFC 5321, 3.3): extensions, envelope, and time limits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mailer.models import Stage
from mailer.smtp.courier import Copy
from mailer.smtp.delivery_notices import mail_parameters, rcpt_parameters
from mailer.smtp.relay import PATIENT_SECONDS


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the relay's EHLO offered that changes what we say; `size_limit` in bytes, 0: none."""

    pipelining: bool
    size: bool
    eightbit: bool
    smtputf8: bool
    size_limit: int
    notify: str = ""
    """Which delivery notices are asked for; "" if none, or if the relay does not offer DSN."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a reply may take; RFC 5321, 4.5.3.2 names the least that must be allowed."""

    greeting: float = PATIENT_SECONDS
    envelope: float = 300.0
    body: float = 600.0
    idle: float = 10.0  # so long a connection without copies is kept
    watch: float = 1.0  # between two looks for late replies


class MailTransaction:
    """One copy between its MAIL and its last reply."""

    __slots__ = ("body", "code", "copy", "failed_at", "mail_from", "size", "started", "text")

    def __init__(self, copy: Copy, body: list[bytes], size: int, envelope_sender: str = "") -> None:
        """`envelope_sender`: if the relay insists on one, it takes the place of the copy's own."""
        self.copy = copy
        self.mail_from = envelope_sender or copy.mail_from
        self.body = body
        self.size = size
        self.started = time.monotonic()
        self.failed_at: Stage | None = None
        self.code = 0
        self.text = ""

    def refuse(self, stage: Stage, code: int, text: str) -> None:
        """Keep the first refusal: later ones (503 at DATA) only repeat it."""
        if self.failed_at is None:
            self.failed_at, self.code, self.text = stage, code, text

    def milliseconds(self) -> int:
        """How long the transaction has taken."""
        return int((time.monotonic() - self.started) * 1000)

    def envelope(self, extensions: Extensions) -> bytes:
        """The MAIL command, with the parameters of RFC 1870, 3461, 6152 and 6531 that apply."""
        return self._mail(extensions).encode()

    def recipient(self, extensions: Extensions) -> bytes:
        """The RCPT command, with the parameters of RFC 3461 that apply."""
        return self._rcpt(extensions).encode()

    def whole_envelope(self, extensions: Extensions) -> bytes:
        """The commands MAIL, RCPT and DATA in one piece (RFC 2920)."""
        return f"{self._mail(extensions)}{self._rcpt(extensions)}DATA\r\n".encode()

    def _mail(self, extensions: Extensions) -> str:
        copy = self.copy
        size = f" SIZE={self.size}" if extensions.size else ""
        eightbit = " BODY=8BITMIME" if copy.smtputf8 and extensions.eightbit else ""
        utf8 = " SMTPUTF8" if copy.smtputf8 else ""
        dsn = mail_parameters(copy.mail_from) if extensions.notify else ""
        return f"MAIL FROM:<{self.mail_from}>{size}{eightbit}{utf8}{dsn}\r\n"

    def _rcpt(self, extensions: Extensions) -> str:
        address = self.copy.rcpt_to
        dsn = rcpt_parameters(address, extensions.notify) if extensions.notify else ""
        return f"RCPT TO:<{address}>{dsn}\r\n"
