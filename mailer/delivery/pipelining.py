"""One connection to a relay as a small state machine: no coroutine and no future per message.

aiosmtplib has made the connection (TLS, EHLO, AUTH); this takes over its transport. With PIPELINING
(RFC 2920) a body, its final dot and the next copy's MAIL, RCPT and DATA leave in one write, so that
a copy costs one round trip; without it the same machine waits for each reply. Either way it knows
at which stage each copy stands, so that "after the final dot" is never guessed.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable
from dataclasses import dataclass

from mailer.delivery.couriers import Copy
from mailer.delivery.outcomes import judge, lost
from mailer.models import Stage

LONGEST_REPLY = 4_096
LONGEST_REPLY_LINES = 100
ENVELOPE_SECONDS = 300.0  # RFC 5321 section 4.5.3.2: MAIL, RCPT
BODY_SECONDS = 600.0  # RFC 5321 section 4.5.3.2.6: the final dot


class Awaiting(enum.Enum):
    """The reply that comes next."""

    NOTHING = enum.auto()
    RESET = enum.auto()
    MAIL = enum.auto()
    RCPT = enum.auto()
    DATA = enum.auto()
    FINAL = enum.auto()
    EMPTY = enum.auto()  # the lone dot after a 354 that should not have come (RFC 2920, 3.1)
    GOODBYE = enum.auto()


@dataclass(frozen=True, slots=True)
class Offer:
    """What the relay's EHLO offered that changes what we say."""

    pipelining: bool
    size: bool
    eightbit: bool
    smtputf8: bool
    size_limit: int


class Trip:
    """One copy between its MAIL and its last reply."""

    __slots__ = ("body", "code", "copy", "failed_at", "started", "text", "written")

    def __init__(self, copy: Copy, body: list[bytes]) -> None:
        self.copy = copy
        self.body = body
        self.started = time.monotonic()
        self.written = False
        self.failed_at: Stage | None = None
        self.code = 0
        self.text = ""

    def refuse(self, stage: Stage, code: int, text: str) -> None:
        """Keep the first refusal: what follows it (503 at DATA) only repeats it."""
        if self.failed_at is None:
            self.failed_at, self.code, self.text = stage, code, text

    def milliseconds(self) -> int:
        """How long the trip has taken."""
        return int((time.monotonic() - self.started) * 1000)


class Conversation(asyncio.Protocol):
    """Carries copies from `next_copy` until it returns None, then waits to be nudged.

    `ended(conversation, answered)` is called once, when the connection is gone; `answered` tells
    whether the relay had accepted or refused anything in it.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        offer: Offer,
        next_copy: Callable[[], Copy | None],
        put_back: Callable[[Copy], None],
        ended: Callable[[Conversation, bool], None],
        limit: int,
    ) -> None:
        self._transport = transport
        self._offer = offer
        self._next_copy = next_copy
        self._put_back = put_back
        self._ended = ended
        self._limit = limit
        self._awaiting = Awaiting.NOTHING
        self._current: Trip | None = None  # its body is written, its last reply is awaited
        self._coming: Trip | None = None  # its envelope is written
        self._partial = b""
        self._lines: list[bytes] = []
        self._carried = 0
        self._answered = False
        self._needs_reset = False
        self._why = ""
        self._over = False
        self.idle_since = time.monotonic()
        self.deadline = float("inf")

    @property
    def idle(self) -> bool:
        """Whether nothing is on the way."""
        return self._awaiting is Awaiting.NOTHING

    def nudge(self) -> None:
        """There may be copies to carry."""
        if self._awaiting is Awaiting.NOTHING and not self._over:
            self._open_envelope([])

    def say_goodbye(self) -> None:
        """End an idle connection politely."""
        if self._awaiting is Awaiting.NOTHING:
            self._await(Awaiting.GOODBYE, 5.0)
            self._transport.write(b"QUIT\r\n")

    def abort(self, why: str) -> None:
        """Break the connection off; what was on the way is settled by its stage."""
        self._why = self._why or why
        self._transport.abort()
        # Not every transport calls connection_lost at once, and nothing may be written meanwhile.
        self._finish()

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies."""
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            if self._over:
                return None
            if len(line) > LONGEST_REPLY:
                return self.abort("the reply is too long")
            self._lines.append(line)
            if line[3:4] == b"-":
                if len(self._lines) > LONGEST_REPLY_LINES:
                    return self.abort("the reply is too long")
                continue
            self._reply()
        if len(self._partial) > LONGEST_REPLY:
            self.abort("the reply is too long")
        return None

    def eof_received(self) -> bool:
        """The relay has hung up."""
        self._why = self._why or "the relay closed the connection"
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._why = self._why or (str(exc) if exc else "the relay closed the connection")
        self._finish()

    # One reply after the other

    def _reply(self) -> None:
        lines, self._lines = self._lines, []
        last = lines[-1].rstrip(b"\r")
        if not (len(last) >= 3 and last[:3].isdigit()):
            shown = last[:80].decode("ascii", "replace")
            return self.abort(f"the relay answered what is no reply: {shown}")
        code = int(last[:3])
        text = last[4:].decode("utf-8", "replace") if len(lines) == 1 else _joined(lines)
        self._answered = True
        if code == 421:  # RFC 5321 section 3.8: it closes after this, whatever was asked
            return self._closing(text)
        match self._awaiting:
            case Awaiting.FINAL:
                self._on_final(code, text)
            case Awaiting.MAIL:
                self._on_mail(code, text)
            case Awaiting.RCPT:
                self._on_rcpt(code, text)
            case Awaiting.DATA:
                self._on_data(code, text)
            case Awaiting.RESET:
                self._on_reset(code)
            case Awaiting.EMPTY:
                self._on_refused()
            case Awaiting.GOODBYE:
                self._transport.close()
            case Awaiting.NOTHING:
                self.abort(f"the relay spoke unasked: {code} {text}")
        return None

    def _on_mail(self, code: int, text: str) -> None:
        trip = self._trip()
        if not 200 <= code < 300:
            trip.refuse(Stage.MAIL, code, text)
            if not self._offer.pipelining:
                return self._on_refused()
        self._await(Awaiting.RCPT, ENVELOPE_SECONDS)
        if not self._offer.pipelining:
            self._transport.write(b"RCPT TO:<%s>\r\n" % trip.copy.rcpt_to.encode())
        return None

    def _on_rcpt(self, code: int, text: str) -> None:
        trip = self._trip()
        if not 200 <= code < 300:
            trip.refuse(Stage.RCPT, code, text)
            if not self._offer.pipelining:
                return self._on_refused()
        self._await(Awaiting.DATA, ENVELOPE_SECONDS)
        if not self._offer.pipelining:
            self._transport.write(b"DATA\r\n")
        return None

    def _on_data(self, code: int, text: str) -> None:
        trip = self._trip()
        if code == 354:
            if trip.failed_at is not None:
                self._await(Awaiting.EMPTY, BODY_SECONDS)
                self._transport.write(b".\r\n")
                return None
            return self._write_body(trip)
        trip.refuse(Stage.DATA, code, text)
        return self._on_refused()

    def _write_body(self, trip: Trip) -> None:
        if not trip.copy.leaves():
            # After 354 there is no way back in SMTP but to break off: nothing was handed over.
            self._coming = None
            trip.copy.give_back()
            return self.abort("the copy is not wanted any more")
        self._coming, self._current = None, trip
        trip.written = True
        pieces = trip.body
        trip.body = []
        pieces.append(b".\r\n")
        self._await(Awaiting.FINAL, BODY_SECONDS)
        if self._offer.pipelining:
            self._open_envelope(pieces)
        else:
            self._transport.writelines(pieces)
        return None

    def _on_final(self, code: int, text: str) -> None:
        trip, self._current = self._current, None
        assert trip is not None
        self._carried += 1
        trip.copy.settle(judge(Stage.BODY, code, text, trip.milliseconds()))
        if self._coming is not None:
            self._await(Awaiting.MAIL, ENVELOPE_SECONDS)
        else:
            self._rest()

    def _on_refused(self) -> None:
        trip, self._coming = self._trip(), None
        assert trip.failed_at is not None
        # The transaction may still be open at the relay: the next MAIL would be a nested one.
        self._needs_reset = True
        trip.copy.settle(judge(trip.failed_at, trip.code, trip.text, trip.milliseconds()))
        self._rest()

    def _on_reset(self, code: int) -> None:
        if not 200 <= code < 300:
            return self.abort(f"the relay refuses RSET: {code}")
        self._await(Awaiting.MAIL, ENVELOPE_SECONDS)
        if not self._offer.pipelining:
            self._transport.write(self._envelope(self._trip().copy, self._trip().body))
        return None

    def _closing(self, text: str) -> None:
        stage = _STAGES.get(self._awaiting)
        self._why = f"421 {text}"
        if stage is Stage.BODY and self._current is not None:
            trip, self._current = self._current, None
            trip.copy.settle(judge(stage, 421, text, trip.milliseconds()))
        elif stage is not None and self._coming is not None:
            trip, self._coming = self._coming, None
            if stage is Stage.MAIL and self._carried:
                # It has had enough of this connection, not of this copy.
                self._put_back(trip.copy)
            else:
                trip.copy.settle(judge(stage, 421, text, trip.milliseconds()))
        self.abort(self._why)

    # What goes out

    def _rest(self) -> None:
        self._awaiting = Awaiting.NOTHING
        self._open_envelope([])

    def _open_envelope(self, pieces: list[bytes]) -> None:
        """Write `pieces`, and behind them the next copy's envelope if there is one to carry."""
        copy = self._next_copy() if self._carried < self._limit else None
        trip = None
        while copy is not None and trip is None:
            trip = self._prepare(copy)
            if trip is None:
                copy = self._next_copy()
        if trip is not None:
            self._coming = trip
            if self._needs_reset:
                self._needs_reset = False
                pieces.append(b"RSET\r\n")
                after = Awaiting.RESET
            else:
                after = Awaiting.MAIL
            if self._offer.pipelining:
                pieces.append(self._whole_envelope(trip.copy, trip.body))
            elif after is Awaiting.MAIL:
                pieces.append(self._envelope(trip.copy, trip.body))
            if self._awaiting is Awaiting.NOTHING:
                self._await(after, ENVELOPE_SECONDS)
        if pieces:
            self._transport.writelines(pieces)
        elif self._carried >= self._limit:
            self.say_goodbye()
        else:
            self.idle_since = time.monotonic()
            self.deadline = float("inf")

    def _prepare(self, copy: Copy) -> Trip | None:
        if not copy.may_leave():
            copy.give_back()
            return None
        try:
            body = copy.compose()
        except Exception as error:
            # One person's data must not stop the others' copies; the reply says what it was.
            copy.settle(judge(Stage.CONNECT, 554, f"5.6.0 the copy cannot be made: {error}"))
            return None
        if copy.smtputf8 and not self._offer.smtputf8:
            copy.settle(judge(Stage.CONNECT, 553, "5.6.7 the relay does not offer SMTPUTF8"))
            return None
        size = sum(map(len, body))
        if self._offer.size_limit and size > self._offer.size_limit:
            text = f"5.3.4 {size} bytes, and the relay takes {self._offer.size_limit}"
            copy.settle(judge(Stage.CONNECT, 552, text))
            return None
        return Trip(copy, body)

    def _envelope(self, copy: Copy, body: list[bytes]) -> bytes:
        offer = self._offer
        return b"MAIL FROM:<%s>%s%s%s\r\n" % (
            copy.mail_from.encode(),
            b" SIZE=%d" % sum(map(len, body)) if offer.size else b"",
            b" BODY=8BITMIME" if copy.smtputf8 and offer.eightbit else b"",
            b" SMTPUTF8" if copy.smtputf8 else b"",
        )

    def _whole_envelope(self, copy: Copy, body: list[bytes]) -> bytes:
        recipient = copy.rcpt_to.encode()
        return self._envelope(copy, body) + b"RCPT TO:<%s>\r\nDATA\r\n" % recipient

    def _await(self, what: Awaiting, seconds: float) -> None:
        self._awaiting = what
        self.deadline = time.monotonic() + seconds

    def _trip(self) -> Trip:
        assert self._coming is not None
        return self._coming

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        current, self._current = self._current, None
        coming, self._coming = self._coming, None
        stage = _STAGES.get(self._awaiting, Stage.MAIL)
        if current is not None:
            current.copy.settle(lost(Stage.BODY, self._why, current.milliseconds()))
        if coming is not None:
            if stage is Stage.BODY or (stage is Stage.MAIL and self._carried):
                # Its MAIL was never looked at: the connection ended over another copy.
                self._put_back(coming.copy)
            elif coming.failed_at is not None:
                coming.copy.settle(
                    judge(coming.failed_at, coming.code, coming.text, coming.milliseconds())
                )
            else:
                coming.copy.settle(lost(stage, self._why, coming.milliseconds()))
        self._ended(self, self._answered)


_STAGES = {
    Awaiting.RESET: Stage.MAIL,
    Awaiting.MAIL: Stage.MAIL,
    Awaiting.RCPT: Stage.RCPT,
    Awaiting.DATA: Stage.DATA,
    Awaiting.FINAL: Stage.BODY,
}


def _joined(lines: list[bytes]) -> str:
    """A reply of several lines as one text, its enhanced code once (RFC 2034 section 4)."""
    texts = [line.rstrip(b"\r")[4:].decode("utf-8", "replace") for line in lines]
    head, _, _ = texts[0].partition(" ")
    if head.count(".") == 2:
        texts[1:] = [text.removeprefix(head + " ") for text in texts[1:]]
    return " ".join(texts)
