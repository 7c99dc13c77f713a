"""Runs a slow relay: it answers each message of a connection only after a while.

    python -m benchmarks.slow_relay SECONDS

It offers PIPELINING and accepts everything. Connections do not wait for each other.
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
        self._received = bytearray()
        self._searched = 0
        self._in_body = False
        self._waiting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Answer all complete commands, unless a message still waits for its answer."""
        self._received += data
        self._answer()

    def _answer(self) -> None:
        answers: list[bytes] = []
        while not self._waiting and self._transport is not None:
            if self._in_body:
                end = self._received.find(DOT, max(0, self._searched - len(DOT)))
                if end < 0:
                    self._searched = len(self._received)
                    break
                del self._received[: end + len(DOT)]
                self._searched, self._in_body, self._waiting = 0, False, True
                self._loop.call_later(self._seconds, self._accept)
                break
            end = self._received.find(b"\n")
            if end < 0:
                break
            verb = bytes(self._received[:4]).upper()
            del self._received[: end + 1]
            answers.append(REPLIES.get(verb, OK))
            self._in_body = verb == b"DATA"
            if verb == b"QUIT":
                self._transport.writelines(answers)
                self._transport.close()
                return
        if answers and self._transport is not None:
            self._transport.writelines(answers)

    def _accept(self) -> None:
        self._waiting = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(OK)
            self._answer()


async def serve(seconds: float) -> None:
    """Print the port, and serve until ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(seconds), "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
