"""The connection that a queue has of its own: PgQueuer's statements go through it.

It follows PgQueuer's protocol of a driver, and what it delivers has the form of that trigger's
events; tests/pli/test_pgqueuer_parts.py fails when a version of PgQueuer changes either.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Self

import asyncpg
from pgqueuer.core.tm import TaskManager

from pli.work import until

log = logging.getLogger("pli.work")

RECONNECT_SECONDS = 1.0
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
)

_REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.SyntaxOrAccessError,
)

Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]


class Driver:
    """A connection of PgQueuer's own, which is opened again when it is lost.

    With PgQueuer's own driver a lost connection ends `QueueManager.run`, after all jobs in work.
    """

    def __init__(self, connect: Connect) -> None:
        self.on_insert: Callable[[], None] = self.wake
        """Called when jobs were added."""
        self._connect = connect
        self._connection: asyncpg.Connection[Any] | None = None
        self._lock = asyncio.Lock()
        self._listener: tuple[str, Callable[[str], None]] | None = None
        self._told = False
        self._stopped = asyncio.Event()
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """The rows that a statement returns."""
        return [dict(row) for row in await self._do("fetch", query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement."""
        return str(await self._do("execute", query, *args))

    async def notify(self, channel: str, payload: str) -> None:
        """Tell all that listen to a channel."""
        await self._do("execute", "SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(
        self, channel: str, callback: Callable[[str | bytes | bytearray], None]
    ) -> None:
        """Listen to a channel, also after the connection was lost."""
        self._listener = (channel, callback)
        async with self._lock:
            if self._connection is not None:
                await self._listen(self._connection)

    @property
    def shutdown(self) -> asyncio.Event:
        """Part of PgQueuer's protocol."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """Part of PgQueuer's protocol."""
        return self._tasks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """The connection stays open: PgQueuer writes the ends of the last jobs after this."""

    def stop(self) -> None:
        """From now on, wait for no lost connection."""
        self._stopped.set()

    async def close(self) -> None:
        """Close the connection."""
        async with self._lock:
            if self._connection is not None:
                try:
                    await self._connection.close(timeout=RECONNECT_SECONDS)
                except _LOST:
                    self._connection.terminate()
                self._connection = None

    def deliver(self, **event: object) -> None:
        """Give PgQueuer an event as if the server had sent it."""
        if self._listener is not None:
            channel, callback = self._listener
            base = {"channel": channel, "sent_at": datetime.now(UTC).isoformat()}
            callback(json.dumps(base | event))

    def wake(self) -> None:
        """Let PgQueuer look for jobs now; once, until `awake` is called."""
        if not self._told:
            self._told = True
            self.deliver(type="table_changed_event", operation="insert", table="")

    def awake(self) -> None:
        """PgQueuer looks for jobs: whatever is told from now on is new to it."""
        self._told = False

    async def _do(self, method: str, query: str, *args: object) -> Any:
        told = False
        async with self._lock:
            while True:
                connection = self._connection or await self._connected()
                try:
                    return await getattr(connection, method)(query, *args)
                except _LOST as error:
                    if isinstance(error, asyncpg.InterfaceError) and not connection.is_closed():
                        raise  # a fault of ours in the statement
                    # A statement may have come through: what it took is found as a dead worker's.
                    log.warning("queue.connection_lost", extra={"reason": str(error)})
                    connection.terminate()
                    self._connection = None
                except asyncpg.PostgresError as error:
                    if _is_refused(error):
                        raise
                    if not told:
                        log.warning("queue.not_served", extra={"reason": str(error)})
                        told = True
                    if await until(self._stopped, RECONNECT_SECONDS):
                        raise ConnectionError(str(error)) from error

    async def _connected(self) -> asyncpg.Connection[Any]:
        while True:
            try:
                connection = await self._connect()
                await self._listen(connection)
            except (*_LOST, asyncpg.PostgresError) as error:
                if self._stopped.is_set():
                    raise ConnectionError(str(error)) from error
                await until(self._stopped, RECONNECT_SECONDS)
            else:
                self._connection = connection
                if self._listener is not None:
                    log.info("queue.connected")
                    self.on_insert()  # what was told meanwhile is lost
                return connection

    async def _listen(self, connection: asyncpg.Connection[Any]) -> None:
        if self._listener is not None:
            await connection.add_listener(self._listener[0], self._heard)

    def _heard(self, _connection: object, _pid: object, _channel: object, payload: object) -> None:
        # The trigger tells of each INSERT and DELETE, also of nothing, and of no UPDATE. That a job
        # has ended gives nobody work. What we tell ourselves names a chance, so that one job does
        # not wake all (`telling`).
        event = json.loads(str(payload))
        told = event.get("operation") in ("insert", "truncate")
        if told and random.random() < event.get("chance", 1.0):
            self.on_insert()


def _is_refused(error: asyncpg.PostgresError) -> bool:
    """Whether the server refuses a statement or its data, as `pli.database` judges it.

    All else passes: a full disk, a standby that has just taken over, a deadlock.
    """
    return isinstance(error, _REFUSED) and not isinstance(error, asyncpg.InsufficientPrivilegeError)
