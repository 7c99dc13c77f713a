"""A TCP proxy that delays every byte: a long way to the relay, whatever the bandwidth.

python -m benchmarks.delay PORT SECONDS
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import cast

import uvloop


class End(asyncio.Protocol):
    """One end of a connection; what comes in here leaves at the other end, later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._held: deque[bytes | None] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what came before this end was connected."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.writelines(self._early)
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        """Hold the data back."""
        self._held.append(data)
        self._loop.call_later(self.seconds, self._forward)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, as late as everything reaches it."""
        del exc
        self._held.append(None)
        self._loop.call_later(self.seconds, self._forward)

    def _forward(self) -> None:
        # Timers of one length fire in the order in which they were set.
        data, other = self._held.popleft(), self.other
        if other is None:
            return
        if data is None:
            if other.transport is not None:
                other.transport.close()
        elif other.transport is None:
            other._early.append(data)
        elif not other.transport.is_closing():
            other.transport.write(data)


async def serve(port: int, seconds: float) -> None:
    """Print the proxy's port, and serve until ended."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[object]] = set()

    def accept() -> End:
        here, there = End(seconds), End(seconds)
        here.other, there.other = there, here
        task: asyncio.Task[object] = loop.create_task(
            loop.create_connection(lambda: there, "127.0.0.1", port)
        )
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return here

    server = await loop.create_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])))
