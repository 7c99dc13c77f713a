"""The courier that speaks SMTP: lanes of copies, and up to N connections that empty them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import aiosmtplib

from mailer.providers import OPEN, WHOLE
from mailer.smtp.courier import Copy, LaneTerms
from mailer.smtp.lanes import Lanes, Line
from mailer.smtp.observer import UNOBSERVED, Observer
from mailer.smtp.relay import (
    GREETING_SECONDS,
    FilesFull,
    Relay,
    RelayError,
    RelayRefusal,
    size_limit,
)
from mailer.smtp.session import SMTPSession
from mailer.smtp.transaction import Extensions, Timeouts
from pli.language import N_, Sentence

TIMEOUTS = Timeouts()
REST_SECONDS = (1.0, 2.0, 4.0)
"""Waits between tries to connect; if the try after the last one fails, the relay is in trouble."""
FULL_SECONDS = 90.0
"""For so long copies wait for a file that can be opened; a notice's lease is longer."""
FAILING_SECONDS = 30.0
"""A relay that has failed for so long is in trouble, whatever tries are left: each may be slow."""


class SMTPCourier:
    """Carries copies to one relay; belongs to one event loop."""

    def __init__(
        self,
        relay: Relay,
        *,
        connections: int,
        messages_per_connection: int = 1_000,
        rests: tuple[float, ...] = REST_SECONDS,
        timeouts: Timeouts = TIMEOUTS,
        on_trouble: Callable[[Sentence], None] = lambda _: None,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self.relay = relay.name
        self.on_trouble = on_trouble
        self.on_refusal: Callable[[Sentence], None] | None = None
        """None: a refusal is a trouble like any other."""
        self.on_doubt: Callable[[Sentence], None] | None = None
        self.on_files_full: Callable[[Sentence], None] = lambda _: None
        self.patient: Callable[[], bool] = lambda: True
        self._address = relay
        self._connections = self._allowed = connections
        self._limit = messages_per_connection
        self._rests = rests
        self._timeouts = timeouts
        self._observer = observer
        self._lanes = Lanes()
        self._open: dict[SMTPSession, Line] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._farewells: dict[str, str] = {}
        self._failures = 0
        self._failing_since: float | None = None
        self._full_since: float | None = None
        """Since when no file can be opened for a connection; None if one could at the last try."""
        self._doubted = False
        """Whether a copy has come into doubt since the relay last worked."""
        self._closing = False

    def post(self, copies: Sequence[Copy], *, first: bool = False, lane: str = OPEN) -> None:
        """Take copies, `first` before all that wait; each copy is settled once, or given back."""
        waiting = self._lanes.of(lane).waiting
        if first:
            waiting.extendleft(reversed(copies))
        else:
            waiting.extend(copies)
        self._lanes.look()
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._keep_watch())
        self._dispatch()

    def agree(self, lane: str, terms: LaneTerms) -> None:
        """Set the terms of a lane; WHOLE: the terms for all lanes together."""
        self._lanes.agree(lane, terms)
        if lane == WHOLE:
            most = self._connections if terms.connections is None else terms.connections
            self._allowed = min(self._connections, most)
        self._count()
        for session, line in list(self._open.items()):
            if self._lanes.crowded and session.idle:
                line.retire()
        if self._lanes:
            self._dispatch()

    def occupied(self, lane: str) -> int:
        """How many connections carry for a lane; WHOLE: how many there are, or are being made."""
        return len(self._open) + len(self._opening) if lane == WHOLE else self._lanes.of(lane).lines

    def farewells(self) -> Mapping[str, str]:
        """The 421 replies since the last call, by the recipient whose copy was on its way."""
        told, self._farewells = self._farewells, {}
        return told

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back the copies that `wanted` chooses and that are not on the wire yet."""
        recalled: list[Copy] = []
        for lane in self._lanes:
            kept: deque[Copy] = deque()
            for copy in lane.waiting:
                (recalled if wanted(copy) else kept).append(copy)
            lane.waiting = kept
        self._lanes.look()
        for copy in recalled:
            copy.give_back()

    async def close(self, patience: float) -> None:
        """Stop: idle connections end, those with a copy on the wire within `patience` seconds."""
        self._closing = True
        self.recall(lambda _: True)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._opening:
            task.cancel()
        deadline = time.monotonic() + patience
        while self._open and time.monotonic() < deadline:
            for session in list(self._open):
                session.say_goodbye()
            await asyncio.sleep(0.02)
        for session in list(self._open):
            session.abort("we were stopped before the relay answered")
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    def _dispatch(self) -> None:
        """Let idle connections carry copies, and open more as long as copies wait."""
        self._set_timer()
        for session in list(self._open):
            if not self._lanes.wants():
                return
            session.nudge()
        unused = self._allowed - len(self._open) - len(self._opening)
        for _ in range(min(unused, self._lanes.wants() - len(self._opening))):
            if not self._closing:
                task = asyncio.get_running_loop().create_task(self._connect())
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        rested = min(self._failures, len(self._rests))
        if self._rests and (rested or self._full_since is not None):
            await asyncio.sleep(self._rests[rested - 1])
        if not self._lanes or self._closing:
            return
        began = time.monotonic()
        try:
            greeting = self._timeouts.greeting if self.patient() else GREETING_SECONDS
            client = await self._address.connect(greeting)
        except Exception as error:
            # An error from a library below counts, too: no copy may wait for ever.
            self._observer.not_connected()
            failure = error if isinstance(error, RelayError) else self._address.refusal(error)
            self._failed(failure, began)
            return
        self._full_since = None
        # uvloop's transports are no asyncio.Transport by class, only by their methods.
        transport = cast("asyncio.Transport | None", client.transport)
        if transport is None or transport.is_closing():
            # The relay hung up right after its EHLO. aiosmtplib was told; a session never would be.
            self._observer.not_connected()
            self._failed(self._breaks_off("the relay closed the connection"))
            return
        session = SMTPSession(
            transport,
            _extensions(client, self._address.notify),
            lambda: self._next(line),
            lambda copy: self._put_back(line, copy),
            self._ended,
            self._limit,
            self._timeouts,
            self._observer.replied,
            self._address.envelope_sender,
            self._address.mark_header,
        )
        line = Line(
            self._lanes,
            lambda: session.idle,
            lambda: self._retire(session),
        )
        self._observer.connected(time.monotonic() - began)
        transport.set_protocol(session)
        self._open[session] = line
        self._count()
        # The connection is no longer being made: it may end within the very next call.
        if (task := asyncio.current_task()) is not None:
            self._opening.discard(task)
        session.nudge()

    def _put_back(self, line: Line, copy: Copy) -> None:
        name = line.lane.name if line.lane is not None else OPEN
        self._lanes.of(name).waiting.appendleft(copy)
        self._lanes.look()

    def _next(self, line: Line) -> Copy | None:
        copy = None if self._closing else line.next()
        if copy is None and not self._lanes.alone:
            self._set_timer()
        return copy

    def _retire(self, session: SMTPSession) -> None:
        self._count()
        # Not within the call in which the session asks for a copy: it may still have to write,
        # and QUIT must come after that.
        asyncio.get_running_loop().call_soon(session.say_goodbye)

    def _count(self) -> None:
        """Find out whether there are more connections than allowed now."""
        staying = sum(not line.retired for line in self._open.values())
        self._lanes.crowded = staying > self._allowed
        self._lanes.look()

    def _set_timer(self) -> None:
        """Set a timer for the moment when a lane with an interval may go on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait = self._lanes.due_in()
        if wait is not None and not self._closing:
            self._timer = asyncio.get_running_loop().call_later(wait, self._dispatch)

    def _ended(self, session: SMTPSession, useful: bool) -> None:
        line = self._open.pop(session)
        if session.dismissed and line.last is not None:
            self._farewells[line.last.rcpt_to] = session.why
        line.leave()
        self._count()
        self._observer.disconnected()
        if self._closing:
            self.recall(lambda _: True)
        elif session.not_let_in:
            self._give_up(
                RelayRefusal(
                    N_("the relay {relay} wants a login or TLS: {reason}: look at {setting}"),
                    relay=self.relay,
                    setting=self._address.setting,
                    reason=session.why,
                )
            )
        elif useful:
            self._worked()
            self._dispatch()
        else:
            self._doubted |= session.in_doubt
            self._failed(self._breaks_off(session.why))

    def _breaks_off(self, reason: str) -> RelayError:
        return RelayError(
            N_("the relay {relay} breaks off every connection: {reason}"),
            relay=self.relay,
            reason=reason,
        )

    def _failed(self, error: RelayError, began: float | None = None) -> None:
        """Take a failure to connect; it counts if no other connection is open or being made.

        `began`: when the try began; None: it has only just failed.
        """
        if (task := asyncio.current_task()) is not None:
            self._opening.discard(task)
        if self._open or self._opening or self._closing:
            return
        if isinstance(error, FilesFull):
            self._wait_for_files(error)
            return
        self._full_since = None
        # Counted once for all connections that tried together: ten refusals at once are one.
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = time.monotonic() if began is None else began
        in_time = time.monotonic() < self._failing_since + FAILING_SECONDS
        again = self._failures <= len(self._rests) and in_time and self.patient()
        if not again or isinstance(error, RelayRefusal):
            self._give_up(error)
        else:
            self._dispatch_later()

    def _wait_for_files(self, error: FilesFull) -> None:
        """Try again: this says nothing of the relay, and another one could not be dialled either.

        If it lasts, it is a trouble like a relay that is away: somebody must hear of it.
        """
        self.on_files_full(error.sentences[0])
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        if now < self._full_since + FULL_SECONDS:
            self._dispatch_later()
        else:
            self._full_since = None
            self._give_up(error)

    def _give_up(self, error: RelayError) -> None:
        """Give all copies back, since none is at fault, and report why."""
        told = None
        if self._doubted:
            # It takes letters and does not say so: a person must look at it first.
            told = self.on_doubt
        elif isinstance(error, RelayRefusal):
            told = self.on_refusal
        self._worked()
        (told or self.on_trouble)(error.sentences[0])
        self.recall(lambda _: True)

    def _worked(self) -> None:
        """Begin to count failures anew."""
        self._failures, self._failing_since, self._doubted = 0, None, False

    def _dispatch_later(self) -> None:
        asyncio.get_running_loop().call_soon(self._dispatch)

    async def _keep_watch(self) -> None:
        """End connections whose reply is late, or that have had nothing to carry for long."""
        while True:
            await asyncio.sleep(self._timeouts.watch)
            now = time.monotonic()
            for session in list(self._open):
                if now > session.deadline:
                    session.abort("no reply in time")
                elif session.idle and now > session.idle_since + self._timeouts.idle:
                    session.say_goodbye()
            if self._lanes:
                self._dispatch()


def _extensions(client: aiosmtplib.SMTP, notify: str) -> Extensions:
    return Extensions(
        pipelining=client.supports_extension("pipelining"),
        size=client.supports_extension("size"),
        eightbit=client.supports_extension("8bitmime"),
        smtputf8=client.supports_extension("smtputf8"),
        size_limit=size_limit(client),
        notify=notify if client.supports_extension("dsn") else "",
    )
