"""Every request has a deadline for its body, and neither all nor one network may have too many."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.networks import Networks

BODY_SECONDS = 10.0
"""For a short body. A long one, as that of a photo, has more time for each octet that came."""
SLOWEST = 10_000
"""Octets in a second, below which a long body is too slow."""
MOST_REQUESTS = 200
"""Requests at one time."""
AGAIN_SECONDS = "5"


class Patience:
    """Limits requests; what is too much is an HTTPException, told as all others are.

    It stands around the routes, inside of what makes pages of exceptions.
    """

    def __init__(self, app: ASGIApp, networks: Networks, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._networks = networks
        self._most = most
        self._running = 0
        self._of_network: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a deadline for its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        network = self._network(scope)
        if self._running >= self._most:
            raise HTTPException(503, headers={"Retry-After": AGAIN_SECONDS})
        if network and self._of_network[network] >= self._networks.most:
            raise HTTPException(429, headers={"Retry-After": AGAIN_SECONDS})
        self._running += 1
        self._of_network[network or ""] += 1
        try:
            await self._app(scope, _in_time(receive), send)
        finally:
            self._running -= 1
            self._of_network[network or ""] -= 1
            if not self._of_network[network or ""]:
                del self._of_network[network or ""]

    def _network(self, scope: Scope) -> str | None:
        peer = (scope.get("client") or ("",))[0]
        said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return self._networks.of(peer, b",".join(said).decode("latin-1"))


def _in_time(receive: Receive) -> Receive:
    """`receive` with a deadline for a body, by its length; then 408, and the connection ends."""
    ends = asyncio.get_running_loop().time() + BODY_SECONDS
    whole = False

    async def received() -> Message:
        nonlocal whole, ends
        if whole:  # what comes now is the end of the connection, and may take any time
            return await receive()
        try:
            async with asyncio.timeout_at(ends):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        ends += len(message.get("body", b"")) / SLOWEST
        return message

    return received
