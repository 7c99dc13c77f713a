"""HTTP as uvicorn speaks it, with deadlines and a limit on connections, of which it has neither.

A request that never ends costs its sender nothing, and this process a file descriptor. A thousand
of them stopped the pages, and the sending beside them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from ipaddress import ip_address
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from web.live import TAKEN
from web.networks import Networks, network_of
from web.patience import SLOWEST

HEAD_SECONDS = 10.0
"""From the connection, or from the first octet of a further request, to the end of its head."""
REQUEST_SECONDS = 60.0
"""From the end of the head to the end of the answer, also for readers that take it slowly. A long
body, as that of a photo, has more time for each octet that came."""


class ConnectionLimit:
    """What the connections of one server share: how many there may be, and who waits longest."""

    def __init__(self, most: int, networks: Networks) -> None:
        self.most = most
        self.networks = networks
        self.open: set[Protocol] = set()
        self.waiting: OrderedDict[Protocol, None] = OrderedDict()
        """Connections without a whole request, those that have waited longest first."""
        self.of_network: dict[str, int] = {}

    def protocol(self, **options: Any) -> Protocol:
        """A protocol for one connection, as uvicorn asks for it."""
        return Protocol(self, **options)


class Protocol(H11Protocol):
    """One connection."""

    def __init__(self, limit: ConnectionLimit, **options: Any) -> None:
        super().__init__(**options)
        self._limit = limit
        self._deadline: asyncio.TimerHandle | None = None
        self._network: str | None = None

    # uvicorn narrows asyncio's BaseTransport in the same way, and says so by the same mark.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in; where there is no room, the one that has waited longest has to go."""
        super().connection_made(transport)
        limit = self._limit
        limit.open.add(self)
        if not self._counts_in_its_network():
            transport.abort()
            return
        self._wait_for_a_head()
        if len(limit.open) > limit.most:
            longest = next(iter(limit.waiting))
            if longest is self and len(limit.waiting) > 1:
                longest = [*limit.waiting][1]
            longest.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._limit.open.discard(self)
        self._limit.waiting.pop(self, None)
        self._set(None)
        if self._network is not None:
            left = self._limit.of_network[self._network] - 1
            if left:
                self._limit.of_network[self._network] = left
            else:
                del self._limit.of_network[self._network]
            self._network = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came; octets put off the deadline of a long body, and never that of a head."""
        if self._deadline is None:
            self._wait_for_a_head()
        elif self.cycle is not None and not self.cycle.response_complete:
            left = self._deadline.when() - self.loop.time()
            self._set(max(left, 0.001) + len(data) / SLOWEST)
        super().data_received(data)

    def handle_events(self) -> None:
        """As uvicorn does; a whole head has a deadline for its answer from then on."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and not self.cycle.response_complete:
            self._limit.waiting.pop(self, None)
            self._set(REQUEST_SECONDS)
            # An answer that lasts calls it after each piece that its reader took.
            extensions: dict[str, Any] = {TAKEN: self._was_taken}
            self.cycle.scope["extensions"] = extensions

    def on_response_complete(self) -> None:
        """After an answer: end what still owes its body, else wait for a further request."""
        self._set(None)
        self._limit.waiting[self] = None
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        super().on_response_complete()

    def cut(self) -> None:
        """Break the connection off."""
        self._limit.waiting.pop(self, None)
        self._limit.open.discard(self)
        self.transport.abort()

    def _was_taken(self) -> None:
        """The reader of an answer that lasts has taken a piece: the deadline begins anew."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._set(REQUEST_SECONDS)

    def _wait_for_a_head(self) -> None:
        self._limit.waiting[self] = None
        self._set(HEAD_SECONDS)

    def _set(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.cut) if seconds else None

    def _counts_in_its_network(self) -> bool:
        """Whether its network may have one more; connections of proxies and of here all may."""
        networks = self._limit.networks
        address = self.client[0] if self.client else ""
        try:
            if ip_address(address).is_loopback or networks.trusts(address):
                return True
        except ValueError:
            return True  # a socket of this machine
        self._network = network_of(address)
        count = self._limit.of_network.get(self._network, 0) + 1
        self._limit.of_network[self._network] = count
        return count <= networks.most
