"""The courier that speaks SMTP: one deque of copies, and up to N connections that empty it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import aiosmtplib

from mailer.delivery.couriers import Copy
from mailer.delivery.observing import UNOBSERVED, Observer
from mailer.delivery.pipelining import Conversation, Offer, Patience
from mailer.delivery.relays import GREETING_SECONDS, Relay, RelayError, RelayRefusal, size_limit
from pli.language import N_, Sentence

PATIENCE = Patience()
REST_SECONDS = (1.0, 2.0, 4.0)
"""Rests between tries to connect; after the last one the relay counts as gone."""


class SMTPCourier:
    """Carries copies to one relay; belongs to one event loop."""

    def __init__(
        self,
        relay: Relay,
        *,
        connections: int,
        messages_per_connection: int = 1_000,
        rests: tuple[float, ...] = REST_SECONDS,
        patience: Patience = PATIENCE,
        on_trouble: Callable[[Sentence], None] = lambda _: None,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self.relay = relay.name
        self.on_trouble = on_trouble
        self.patient: Callable[[], bool] = lambda: True
        self._address = relay
        self._connections = connections
        self._limit = messages_per_connection
        self._rests = rests
        self._patience = patience
        self._observer = observer
        self._waiting: deque[Copy] = deque()
        self._open: set[Conversation] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._failures = 0
        self._closing = False

    def post(self, copies: Sequence[Copy], *, first: bool = False) -> None:
        """Take copies, `first` before all that wait; each gets one `settle`, or `give_back`."""
        if first:
            self._waiting.extendleft(reversed(copies))
        else:
            self._waiting.extend(copies)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._keep_watch())
        self._summon()

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are not on the wire yet."""
        kept: deque[Copy] = deque()
        recalled: list[Copy] = []
        for copy in self._waiting:
            (recalled if wanted(copy) else kept).append(copy)
        self._waiting = kept
        for copy in recalled:
            copy.give_back()

    async def close(self, patience: float) -> None:
        """Stop: idle connections end, those in work may finish within `patience` seconds."""
        self._closing = True
        self.recall(lambda _: True)
        for task in self._opening:
            task.cancel()
        deadline = time.monotonic() + patience
        while self._open and time.monotonic() < deadline:
            for conversation in list(self._open):
                conversation.say_goodbye()
            await asyncio.sleep(0.02)
        for conversation in list(self._open):
            conversation.abort("we were stopped before the relay answered")
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    def _summon(self) -> None:
        """Give idle connections work, and open more as long as copies wait."""
        for conversation in list(self._open):
            if not self._waiting:
                return
            conversation.nudge()
        room = self._connections - len(self._open) - len(self._opening)
        for _ in range(min(room, len(self._waiting) - len(self._opening))):
            if not self._closing:
                task = asyncio.get_running_loop().create_task(self._connect())
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        rested = min(self._failures, len(self._rests))
        if rested:
            await asyncio.sleep(self._rests[rested - 1])
        if not self._waiting or self._closing:
            return
        began = time.monotonic()
        try:
            greeting = self._patience.greeting if self.patient() else GREETING_SECONDS
            client = await self._address.connect(greeting)
        except RelayError as error:
            self._observer.not_connected()
            self._failed(error)
            return
        except Exception as error:
            # Whatever else goes wrong in a library below: no copy may wait for it for ever.
            self._observer.not_connected()
            self._failed(self._address.refusal(error))
            return
        # uvloop's transports are no asyncio.Transport by class, only by their methods.
        transport = cast("asyncio.Transport | None", client.transport)
        if transport is None or transport.is_closing():
            # It hung up right behind its EHLO: aiosmtplib was told, and nobody will be again.
            self._observer.not_connected()
            self._failed(self._breaks_off("the relay closed the connection"))
            return
        conversation = Conversation(
            transport,
            _offer(client),
            self._next,
            self._put_back,
            self._ended,
            self._limit,
            self._patience,
            self._observer.replied,
        )
        self._observer.connected(time.monotonic() - began)
        transport.set_protocol(conversation)
        self._open.add(conversation)
        # No longer opening, from now on: it may end within the very next call.
        if (task := asyncio.current_task()) is not None:
            self._opening.discard(task)
        conversation.nudge()

    def _put_back(self, copy: Copy) -> None:
        self._waiting.appendleft(copy)

    def _next(self) -> Copy | None:
        return self._waiting.popleft() if self._waiting and not self._closing else None

    def _ended(self, conversation: Conversation, useful: bool) -> None:
        self._open.discard(conversation)
        self._observer.disconnected()
        if self._closing:
            self.recall(lambda _: True)
        elif conversation.not_let_in:
            self._give_up(
                RelayRefusal(
                    N_("the relay {relay} wants a login or TLS: {reason}: look at {setting}"),
                    relay=self.relay,
                    setting=self._address.setting,
                    reason=conversation.why,
                )
            )
        elif useful:
            self._failures = 0
            self._summon()
        else:
            self._failed(self._breaks_off(conversation.why))

    def _breaks_off(self, reason: str) -> RelayError:
        return RelayError(
            N_("the relay {relay} breaks off every connection: {reason}"),
            relay=self.relay,
            reason=reason,
        )

    def _failed(self, error: RelayError) -> None:
        """Count a connection that came to nothing; when all do, the relay is at fault."""
        if (task := asyncio.current_task()) is not None:
            self._opening.discard(task)
        if self._open or self._opening or self._closing:
            return
        # Counted once for all that tried together: ten refusals of one moment are one.
        self._failures += 1
        again = self._failures <= len(self._rests) and self.patient()
        if not again or isinstance(error, RelayRefusal):
            self._give_up(error)
        else:
            self._summon_later()

    def _give_up(self, error: RelayError) -> None:
        """Nobody's copy is at fault: all come back, and somebody is told why."""
        self._failures = 0
        self.on_trouble(error.sentences[0])
        self.recall(lambda _: True)

    def _summon_later(self) -> None:
        # The task that failed still counts as opening until it has ended.
        asyncio.get_running_loop().call_soon(self._summon)

    async def _keep_watch(self) -> None:
        """End connections that are late with a reply, or have had nothing to do for long."""
        while True:
            await asyncio.sleep(self._patience.watch)
            now = time.monotonic()
            for conversation in list(self._open):
                if now > conversation.deadline:
                    conversation.abort("no reply in time")
                elif conversation.idle and now > conversation.idle_since + self._patience.idle:
                    conversation.say_goodbye()
            if self._waiting:
                self._summon()


def _offer(client: aiosmtplib.SMTP) -> Offer:
    return Offer(
        pipelining=client.supports_extension("pipelining"),
        size=client.supports_extension("size"),
        eightbit=client.supports_extension("8bitmime"),
        smtputf8=client.supports_extension("smtputf8"),
        size_limit=size_limit(client),
    )
