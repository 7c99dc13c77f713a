"""A relay that thinks: each message of a connection is answered only after a while.

    python -m benchmarks.slow_relay SECONDS

It offers PIPELINING and takes everything. Connections do not wait for each other.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

DOT = b"\r\n.\r\n"
GREETING = b"220 relay.example.org ESMTP\r\n"
REPLIES = {
    b"EHLO": b"250-relay.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
OK = b"250 2.0.0 Ok\r\n"


class Session(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._came = bytearray()
        self._looked = 0
        self._in_body = False
        self._thinking = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Answer all that is complete, unless a message is thought about."""
        self._came += data
        self._go_on()

    def _go_on(self) -> None:
        answers: list[bytes] = []
        while not self._thinking and self._transport is not None:
            if self._in_body:
                end = self._came.find(DOT, max(0, self._looked - len(DOT)))
                if end < 0:
                    self._looked = len(self._came)
                    break
                del self._came[: end + len(DOT)]
                self._looked, self._in_body, self._thinking = 0, False, True
                self._loop.call_later(self._seconds, self._taken)
                break
            end = self._came.find(b"\n")
            if end < 0:
                break
            verb = bytes(self._came[:4]).upper()
            del self._came[: end + 1]
            answers.append(REPLIES.get(verb, OK))
            self._in_body = verb == b"DATA"
            if verb == b"QUIT":
                self._transport.writelines(answers)
                self._transport.close()
                return
        if answers and self._transport is not None:
            self._transport.writelines(answers)

    def _taken(self) -> None:
        self._thinking = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(OK)
            self._go_on()


async def serve(seconds: float) -> None:
    """Print the port, and serve until ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(seconds), "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
