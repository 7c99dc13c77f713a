"""One connection to a relay as a small state machine: no coroutine and no future per message.

aiosmtplib makes the connection (TLS, EHLO, AUTH); a session takes over its transport. With
PIPELINING (RFC 2920), a body, its final dot and the next copy's MAIL, RCPT and DATA leave in one
write, so that a copy costs one round trip. Without it, the same machine waits for each reply. In
both cases it knows the stage of each copy, so that "after the final dot" is never guessed.
"""

from __future__ import annotations

import asyncio
import enum
import sys
import time
from collections.abc import Callable, Sequence

from mailer.models import Stage
from mailer.outcomes import Kind, Outcome, accepted, enhanced_code, judge, lost
from mailer.smtp.courier import Copy
from mailer.smtp.reply_reader import ReplyReader
from mailer.smtp.transaction import Extensions, MailTransaction, Timeouts

NOT_LET_IN = frozenset({530, 534, 535, 538})
"""Replies to MAIL: log in first, or use TLS first (RFC 4954 section 6, RFC 3207 section 4)."""


class Awaiting(enum.Enum):
    """The reply that comes next."""

    NOTHING = enum.auto()
    RESET = enum.auto()
    MAIL = enum.auto()
    RCPT = enum.auto()
    DATA = enum.auto()
    FINAL = enum.auto()
    EMPTY = enum.auto()  # to the lone dot after a 354 that should not have come (RFC 2920, 3.1)
    GOODBYE = enum.auto()


NOTHING, MAIL, DATA, FINAL = Awaiting.NOTHING, Awaiting.MAIL, Awaiting.DATA, Awaiting.FINAL
"""Members that each copy needs, as module names: an attribute of the class is slower to find."""
JOINED = 16 * 1024
"""Copies of up to this many bytes are joined to be written; joining larger ones does not pay."""


class SMTPSession(asyncio.Protocol):
    """Carries copies from `next_copy` until that returns None, then waits for `nudge`.

    `ended(session, useful)` is called once, when the connection is gone. The connection was useful
    if the relay accepted or refused a copy in it, or was not asked to carry one.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        extensions: Extensions,
        next_copy: Callable[[], Copy | None],
        put_back: Callable[[Copy], None],
        ended: Callable[[SMTPSession, bool], None],
        limit: int,
        timeouts: Timeouts,
        replied: Callable[[Stage, float], None] | None = None,
        envelope_sender: str = "",
        mark_header: str = "",
    ) -> None:
        self._transport = transport
        # With TLS, each piece would become a record, and the relay would decrypt one by one: ten
        # records a copy gave a third of the rate. Without TLS, small copies are joined, because ten
        # pieces cost more to hand over.
        tls = transport.get_extra_info("ssl_object") is not None
        self._joined = sys.maxsize if tls else JOINED
        self._extensions = extensions
        self._next_copy = next_copy
        self._put_back = put_back
        self._ended = ended
        self._limit = limit
        self._envelope_seconds = timeouts.envelope
        self._body_seconds = timeouts.body
        self._replied = replied
        self._envelope_sender = envelope_sender
        self._mark_header = mark_header
        self._since = 0.0  # since when the awaited reply is the next to come
        self._awaiting = Awaiting.NOTHING
        self._current: MailTransaction | None = None
        """Its body is written, and its last reply is awaited."""
        self._coming: MailTransaction | None = None
        """Its envelope is written."""
        self._reader = ReplyReader()
        self._unread = 0
        self._carried = 0
        self._answered = False
        self._needs_reset = False
        self._farewell: str | None = None
        self._over = False
        self.why = ""
        """Why the connection ended."""
        self.not_let_in = False
        """Whether the relay takes nothing before we log in or use TLS."""
        self.dismissed = False
        """Whether a 421 ended it before a copy that was put back: no outcome tells of that 421."""
        self.in_doubt = False
        """Whether nobody can know if the last copy was taken."""
        self.idle_since = time.monotonic()
        self.deadline = float("inf")

    @property
    def idle(self) -> bool:
        """Whether no reply is awaited."""
        return self._awaiting is Awaiting.NOTHING

    def nudge(self) -> None:
        """Look for copies to carry, if idle."""
        if self._awaiting is Awaiting.NOTHING and not self._over:
            self._open_envelope([])

    def say_goodbye(self) -> None:
        """End an idle connection with QUIT."""
        if self._awaiting is Awaiting.NOTHING:
            self._await(Awaiting.GOODBYE, 5.0)
            self._transport.write(b"QUIT\r\n")

    def abort(self, why: str) -> None:
        """Break the connection off; copies on the way are settled by their stage, or put back."""
        self.why = self.why or why
        self._transport.abort()
        # Not every transport calls connection_lost at once, and nothing may be written meanwhile.
        self._finish()

    # Input

    def data_received(self, data: bytes) -> None:
        """Read the bytes that came, one reply after the other."""
        replies = self._reader.feed(data)
        if self._awaiting is FINAL and self._is_whole_round(replies):
            return self._on_whole_round(replies)
        self._unread = len(replies)
        for code, text in replies:
            if self._over:
                return None
            self._unread -= 1
            self._reply(code, text)
        if self._reader.fault:
            self.abort(self._reader.fault)
        return None

    def eof_received(self) -> bool:
        """Keep as the reason that the relay has closed the connection."""
        self.why = self.why or "the relay closed the connection"
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what was on the way: the connection is gone."""
        self.why = self.why or (str(exc) if exc else "the relay closed the connection")
        self._finish()

    # The common case in one step, instead of one step for each reply

    def _is_whole_round(self, replies: Sequence[tuple[int, str]]) -> bool:
        """Whether a copy was accepted, and the next one's envelope, and nothing else came."""
        return (
            len(replies) == len(_ROUND)
            and replies[1][0] == replies[2][0] == 250
            and replies[3][0] == 354
            and 200 <= replies[0][0] < 300
            and self._coming is not None
            and not self._reader.in_the_middle
        )

    def _on_whole_round(self, replies: Sequence[tuple[int, str]]) -> None:
        if self._replied is not None:
            self._replied(Stage.BODY, time.monotonic() - self._since)
            for stage in _ROUND[1:]:
                self._replied(stage, 0.0)
        transaction, coming = self._current, self._coming
        self._current = None
        assert transaction is not None
        assert coming is not None
        self._carried += 1
        self._answered = True
        code, text = replies[0]
        transaction.copy.settle(accepted(code, text, transaction.milliseconds()))
        if not self._over:
            self._awaiting = DATA  # the stage that the next copy has reached
            self._write_body(coming)

    # One reply after the other

    def _reply(self, code: int, text: str) -> None:
        if self._replied is not None and self._awaiting in _TIMED:
            self._replied(_STAGES[self._awaiting], time.monotonic() - self._since)
        if code == 421:  # RFC 5321 section 3.8: the relay closes after it, whatever was asked
            self._farewell = text
            # A 421 about a copy is an answer: the relay works, and only wants no more for now. But
            # x.3.x is about the relay itself (RFC 3463).
            of_itself = (enhanced_code(text) or "").startswith("4.3.")
            if self._awaiting in _OF_A_COPY and not of_itself:
                self._answered = True
            return self.abort(f"421 {text}")
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
                self._on_reset(code, text)
            case Awaiting.EMPTY:
                self._on_refused()
            case Awaiting.GOODBYE:
                self._transport.close()
            case Awaiting.NOTHING:
                self.abort(f"the relay spoke unasked: {code} {text}")
        return None

    def _on_mail(self, code: int, text: str) -> None:
        transaction = self._transaction()
        if not 200 <= code < 300:
            if code in NOT_LET_IN:
                self.not_let_in = True
                self._coming = None
                self._put_back(transaction.copy)
                return self.abort(f"{code} {text}")
            transaction.refuse(Stage.MAIL, code, text)
            if code < 400:
                return self._out_of_place(code)
            if not self._extensions.pipelining:
                return self._on_refused()
        self._await(Awaiting.RCPT, self._envelope_seconds)
        if not self._extensions.pipelining:
            self._transport.write(transaction.recipient(self._extensions))
        return None

    def _on_rcpt(self, code: int, text: str) -> None:
        transaction = self._transaction()
        if not 200 <= code < 300:
            transaction.refuse(Stage.RCPT, code, text)
            if code < 400:
                return self._out_of_place(code)
            if not self._extensions.pipelining:
                return self._on_refused()
        self._await(Awaiting.DATA, self._envelope_seconds)
        if not self._extensions.pipelining:
            self._transport.write(b"DATA\r\n")
        return None

    def _on_data(self, code: int, text: str) -> None:
        transaction = self._transaction()
        if code == 354:
            if self._unread or self._reader.in_the_middle:
                # Taken for the answer to the body, this would call a copy sent that nobody has.
                return self.abort("the relay spoke before it had the body")
            if transaction.failed_at is not None:
                self._await(Awaiting.EMPTY, self._body_seconds)
                self._transport.write(b".\r\n")
                return None
            return self._write_body(transaction)
        transaction.refuse(Stage.DATA, code, text)
        return self._on_refused() if code >= 400 else self._out_of_place(code)

    def _write_body(self, transaction: MailTransaction) -> None:
        if not transaction.copy.leaves():
            # After 354, SMTP offers no way back but to break off. Nothing was handed over.
            self._coming = None
            transaction.copy.give_back()
            return self.abort("the copy is not wanted any more")
        self._coming, self._current = None, transaction
        pieces = transaction.body
        transaction.body = []
        pieces.append(b".\r\n")
        self._await(FINAL, self._body_seconds)
        if self._extensions.pipelining:
            self._open_envelope(pieces, transaction.size)
        else:
            self._send(pieces, transaction.size)
        return None

    def _on_final(self, code: int, text: str) -> None:
        transaction, self._current = self._current, None
        assert transaction is not None
        self._carried += 1
        transaction.copy.settle(judge(Stage.BODY, code, text, transaction.milliseconds()))
        if 300 <= code < 400:
            return self._out_of_place(code)
        self._answered = True
        if self._coming is not None:
            self._await(Awaiting.MAIL, self._envelope_seconds)
        else:
            self._carry_next()
        return None

    def _on_refused(self) -> None:
        transaction, self._coming = self._transaction(), None
        assert transaction.failed_at is not None
        self._answered = True
        # The transaction may still be open at the relay: the next MAIL would be nested in it.
        self._needs_reset = True
        transaction.copy.settle(
            judge(
                transaction.failed_at,
                transaction.code,
                transaction.text,
                transaction.milliseconds(),
            )
        )
        self._carry_next()

    def _on_reset(self, code: int, text: str) -> None:
        if not 200 <= code < 300:
            return self.abort(f"the relay refuses RSET: {code} {text}")
        self._await(Awaiting.MAIL, self._envelope_seconds)
        if not self._extensions.pipelining:
            self._transport.write(self._transaction().envelope(self._extensions))
        return None

    def _out_of_place(self, code: int) -> None:
        """Abort: the reply does not fit the command, so no later reply can be trusted."""
        self.abort(f"the relay answered {code} out of place")

    # Output

    def _carry_next(self) -> None:
        self._awaiting = Awaiting.NOTHING
        self._open_envelope([])

    def _open_envelope(self, pieces: list[bytes], size: int = 0) -> None:
        """Write `pieces`, and behind them the next copy's envelope, if there is a copy."""
        carried = self._carried + (self._current is not None)
        copy = self._next_copy() if carried < self._limit else None
        transaction = None
        while copy is not None and transaction is None:
            transaction = self._prepare(copy)
            if transaction is None:
                copy = self._next_copy()
        if transaction is not None:
            self._coming = transaction
            if self._needs_reset:
                self._needs_reset = False
                pieces.append(b"RSET\r\n")
                after = Awaiting.RESET
            else:
                after = MAIL
            if self._extensions.pipelining:
                pieces.append(transaction.whole_envelope(self._extensions))
            elif after is MAIL:
                pieces.append(transaction.envelope(self._extensions))
            if self._awaiting is NOTHING:
                self._await(after, self._envelope_seconds)
        if pieces:
            self._send(pieces, size)
        elif self._carried >= self._limit:
            self.say_goodbye()
        else:
            self.idle_since = time.monotonic()
            self.deadline = float("inf")

    def _send(self, pieces: list[bytes], size: int) -> None:
        if size <= self._joined:
            self._transport.write(b"".join(pieces))
        else:
            self._transport.writelines(pieces)

    def _prepare(self, copy: Copy) -> MailTransaction | None:
        if not copy.may_leave():
            copy.give_back()
            return None
        try:
            body = copy.compose()
        except Exception as error:
            # One person's data must not stop the other copies; the outcome's text has the error.
            copy.settle(judge(Stage.CONNECT, 554, f"5.6.0 the copy cannot be made: {error}"))
            return None
        if copy.smtputf8 and not self._extensions.smtputf8:
            copy.settle(judge(Stage.CONNECT, 553, "5.6.7 the relay does not offer SMTPUTF8"))
            return None
        if self._mark_header:
            body = [f"{self._mark_header}: {copy.mail_from}\r\n".encode(), *body]
        size = sum(map(len, body))
        if self._extensions.size_limit and size > self._extensions.size_limit:
            text = f"5.3.4 {size} bytes, and the relay takes {self._extensions.size_limit}"
            copy.settle(judge(Stage.CONNECT, 552, text))
            return None
        return MailTransaction(copy, body, size, self._envelope_sender)

    def _await(self, what: Awaiting, seconds: float) -> None:
        self._awaiting = what
        self._since = time.monotonic()
        self.deadline = self._since + seconds

    def _transaction(self) -> MailTransaction:
        assert self._coming is not None
        return self._coming

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        current, self._current = self._current, None
        coming, self._coming = self._coming, None
        stage = _STAGES.get(self._awaiting, Stage.MAIL)
        useful = self._answered or (current is None and coming is None)
        if current is not None:
            outcome = self._ending(current, Stage.BODY)
            self.in_doubt = outcome.kind is Kind.UNCERTAIN
            current.copy.settle(outcome)
        if coming is not None:
            if coming.failed_at is not None:
                coming.copy.settle(
                    judge(coming.failed_at, coming.code, coming.text, coming.milliseconds())
                )
            elif stage is Stage.BODY or (stage is Stage.MAIL and self._answered):
                # The relay never read its MAIL, or wanted no further copy on this connection.
                self.dismissed = self._farewell is not None and current is None
                self._put_back(coming.copy)
            else:
                coming.copy.settle(self._ending(coming, stage))
        self._ended(self, useful)

    def _ending(self, transaction: MailTransaction, stage: Stage) -> Outcome:
        """The outcome of a copy that was on the way when the connection ended."""
        if self._farewell is not None:
            return judge(stage, 421, self._farewell, transaction.milliseconds())
        return lost(stage, self.why, transaction.milliseconds())


_STAGES = {
    Awaiting.RESET: Stage.MAIL,
    Awaiting.MAIL: Stage.MAIL,
    Awaiting.RCPT: Stage.RCPT,
    Awaiting.DATA: Stage.DATA,
    Awaiting.FINAL: Stage.BODY,
}
_ROUND = (Stage.BODY, Stage.MAIL, Stage.RCPT, Stage.DATA)
"""The stages of the replies to one write, in the common case."""
_OF_A_COPY = frozenset({Awaiting.RCPT, Awaiting.DATA, Awaiting.FINAL})
_TIMED = frozenset({Awaiting.MAIL, Awaiting.RCPT, Awaiting.DATA, Awaiting.FINAL})
