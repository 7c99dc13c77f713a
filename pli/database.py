"""One database, SQLite or PostgreSQL: `begin` opens a transaction to write, `reading` one to read.

SQLite works in WAL mode with synchronous=FULL: if a power cut could take a claim back, its copies
would leave twice. It gets one writer at a time, for its locks are unfair: a writer waited up to
1.2 s beside two others, and 0.03 s alone.

`perform` and `transact` run a plain function over a session or a connection, for work that recurs
all the time. On SQLite they run it in a thread of its own, where otherwise each statement would
cost two changes of thread.

All four raise DatabaseAway if the database does not answer, or is busy for too long.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from pli.columns import SQLITE, clock
from pli.errors import PliError
from pli.keys import Keys, KeysError
from pli.language import N_
from pli.shared_lock import SharedLock
from pli.tables import KeyFingerprint

if TYPE_CHECKING:
    import asyncpg

P = ParamSpec("P")
R = TypeVar("R")

_WRITES = "BEGIN IMMEDIATE"
_WRITERS_CACHE, _READERS_CACHE = 32_768, 8_192
"""KiB of the file that one connection may keep in memory; two of a process write, some read."""
_BUSY_SECONDS = 15
IDLE_SECONDS = 15.0
"""PostgreSQL ends a writer that is silent for so long within a transaction. A process that was
stopped, or a machine that is gone, would else keep its locks, and everybody would wait for them."""
_ANSWER_SECONDS = 15.0
"""A connection apart that has not answered by then is lost."""
_SERVER_SETTINGS = {
    "application_name": "pli",
    # The server notices a vanished machine within half a minute, not in TCP's usual two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


_SQLALCHEMYS_OWN = (
    "async_fallback", "async_creator_fn", "prepared_statement_cache_size",
    "prepared_statement_name_func",
)  # fmt: skip


class DatabaseError(PliError):
    """The database is missing, or is not one that this program can work on."""


class DatabaseAway(DatabaseError):
    """The database does not answer, or others keep it busy: the same may succeed later."""


class Database:
    """The open database of one process."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == SQLITE
        self.writer: AsyncEngine
        self.reader: AsyncEngine
        if self.is_sqlite:
            self.writer = _sqlite(url, pool_size=1, begin=_WRITES)
            self.reader = _sqlite(url, pool_size=4, begin="BEGIN")
            self._direct = _sqlite_direct(self.url.database or "")
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pli-ledger")
            # If two writers met in SQLite, one would wait by trying again and again. Functions for
            # the thread share this lock, for the thread runs them one after the other, without a
            # pause; `begin` takes the lock alone.
            self._writing = SharedLock()
        else:
            ending = {"idle_in_transaction_session_timeout": f"{IDLE_SECONDS * 1000:.0f}"}
            self.writer = _postgresql(url, _SERVER_SETTINGS | ending)
            # What is read together must be of one moment: a report's sum, above all. A reader may
            # be silent for long, for it holds no locks.
            self.reader = _postgresql(url, _SERVER_SETTINGS, isolation_level="REPEATABLE READ")

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database, else None."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes; committed at the end, undone by an exception."""
        with _told_if_away():
            async with (
                self._alone(),
                AsyncSession(self.writer, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    async def transact(
        self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **options: P.kwargs
    ) -> R:
        """Run `work` over one connection, in a transaction that writes; returns its result.

        An exception undoes the transaction. `work` must do nothing but speak to the database.
        """
        if not self.is_sqlite:
            with _told_if_away():
                async with self.writer.begin() as connection:
                    return await connection.run_sync(work, *args, **options)

        def run() -> R:
            with self._direct.begin() as connection:
                return work(connection, *args, **options)

        with _told_if_away():
            async with self._writing.shared():
                return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def perform(
        self,
        verb: Callable[Concatenate[Session, P], R],
        *args: P.args,
        **options: P.kwargs,
    ) -> R:
        """Run `verb` over a session, otherwise as `transact`."""

        def run(connection: Connection) -> R:
            with Session(connection, expire_on_commit=False) as session:
                result = verb(session, *args, **options)
                session.flush()
                return result

        return await self.transact(run)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        async with self._writing.alone():
            yield

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One snapshot to read from; nothing that is written in it is kept."""
        with _told_if_away():
            async with AsyncSession(self.reader, expire_on_commit=False) as session:
                # No rollback here: it would expire what was read. Closing ends the snapshot.
                yield session

    async def read_stoppably(self, read: Callable[[AsyncSession], Awaitable[R]]) -> R:
        """Run `read` over one snapshot; if its task is cancelled, its statement ends, too.

        Otherwise SQLite would go on with the statement in a thread, for nobody.
        """
        async with self.reading() as session:
            raw = await (await session.connection()).get_raw_connection()
            driver: Any = raw.driver_connection
            task = asyncio.ensure_future(read(session))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if self.is_sqlite:
                    await driver.interrupt()
                else:
                    task.cancel()
                # What an ended statement raises is nobody's any more.
                with suppress(Exception, asyncio.CancelledError):
                    await task
                raise

    async def connect_apart(self, name: str = "pli") -> asyncpg.Connection[Any]:
        """A connection of PostgreSQL's driver, outside all pools; the caller closes it.

        `name` is what the server shows of it in `pg_stat_activity`.
        """
        import asyncpg

        dialect = self.writer.dialect
        options = dialect.create_connect_args(self.url)[1]
        for ours in _SQLALCHEMYS_OWN:
            options.pop(ours, None)
        return await asyncpg.connect(
            **options,
            server_settings=_SERVER_SETTINGS | {"application_name": name},
            command_timeout=_ANSWER_SECONDS,
        )

    async def now(self) -> datetime:
        """The time on the database's clock."""
        async with self.reading() as session:
            return (await session.execute(select(clock()))).scalar_one()

    async def end_silent(self) -> int:
        """End connections that others wait for and that are silent within a statement; how many.

        PostgreSQL itself ends only connections that are silent between two statements.
        """
        if self.is_sqlite:
            return 0
        async with self.begin() as session:
            ended = await session.scalars(_END_SILENT, {"seconds": IDLE_SECONDS})
            return len(ended.all())

    async def close(self) -> None:
        """Close all connections."""
        await self.writer.dispose()
        await self.reader.dispose()
        if self.is_sqlite:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._direct.dispose)
            self._thread.shutdown()


_END_SILENT = text(
    """
    SELECT pg_terminate_backend(silent.pid) FROM pg_stat_activity AS silent
    WHERE silent.datname = current_database() AND silent.usename = current_user
      AND silent.application_name = 'pli' AND silent.pid <> pg_backend_pid()
      AND silent.state <> 'idle' AND silent.wait_event = 'ClientRead'
      AND clock_timestamp() - greatest(silent.query_start, silent.state_change)
          > make_interval(secs => :seconds)
      AND silent.pid IN (
        SELECT unnest(pg_blocking_pids(waiting.pid)) FROM pg_stat_activity AS waiting
        WHERE waiting.datname = current_database() AND waiting.wait_event_type = 'Lock')
    """
)


def _sqlite(url: str, pool_size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else 10,
        **_SQLITE_OPTIONS,
    )
    _listen(engine.sync_engine, begin)
    return engine


def _sqlite_direct(file: str) -> Engine:
    # One connection, for only one thread uses it.
    engine = create_engine(f"{SQLITE}:///{file}", pool_size=1, max_overflow=0, **_SQLITE_OPTIONS)
    _listen(engine, _WRITES)
    return engine


_SQLITE_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # an error's text goes into logs, and people's names must not
    "connect_args": {"isolation_level": None, "timeout": _BUSY_SECONDS},
}


def _listen(engine: Engine, begin: str) -> None:
    event.listen(engine, "do_connect", _refuse_what_cannot_be_opened)
    # A reader looks at many pages once; a writer comes back to the same pages.
    cached = _WRITERS_CACHE if begin == _WRITES else _READERS_CACHE
    event.listen(engine, "connect", partial(_prepare_connection, cached))
    # isolation_level=None leaves BEGIN to us: the driver's own comes too late, and is deferred.
    event.listen(engine, "begin", lambda it: it.exec_driver_sql(begin))


def _postgresql(url: str, server_settings: dict[str, str], **options: Any) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=10,
        max_overflow=10,
        hide_parameters=True,
        connect_args={"server_settings": server_settings},
        **options,
    )
    event.listen(engine.sync_engine, "do_connect", _connect)
    return engine


def _connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    # The driver lets the OSError of a refused connection pass as it is.
    try:
        return dialect.connect(*arguments, **options)
    except OSError as error:
        raise _NotConnected(str(error) or type(error).__name__) from error


def _refuse_what_cannot_be_opened(_dialect: Any, _record: Any, arguments: Any, _: Any) -> None:
    """Refuse a file before aiosqlite starts a thread, which would answer after the loop closed."""
    file = Path(arguments[0])
    there = file if file.exists() else file.parent
    if file.is_dir() or not os.access(there, os.R_OK | os.W_OK):
        raise sqlite3.OperationalError("unable to open database file")


def _prepare_connection(cached: int, connection: Any, record: Any) -> None:
    del record
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{cached}",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def check_keys(session: AsyncSession, keys: Keys) -> None:
    """Refuse keys that are not this database's with KeysError; remember keys that are new.

    Every key that the database knows must be there and be the same: a token signed by a lost key is
    dead, and suppressions under another address key protect nobody.
    """
    rows = await session.execute(select(KeyFingerprint.name, KeyFingerprint.fingerprint))
    known = {row.name: row.fingerprint for row in rows}
    given = keys.fingerprints()
    if any(given.get(name) != fingerprint for name, fingerprint in known.items()):
        raise KeysError(
            N_("the keys are not this database's: bring back its pli.keys from the backup")
        )
    for name in given.keys() - known.keys():
        session.add(KeyFingerprint(name=name, fingerprint=given[name]))


def away(error: DBAPIError | OSError | PoolTimeout) -> DatabaseAway:
    """A driver's error as DatabaseAway, with one line for a person."""
    said = str(getattr(error, "orig", None) or error) or type(error).__name__
    reason = said.splitlines()[0]
    return DatabaseAway(N_("the database cannot be used: {reason}"), reason=reason)


@contextmanager
def _told_if_away() -> Iterator[None]:
    """Raise DatabaseAway for what a driver or a pool raises when the database does not answer.

    If the database refuses a statement, the fault is ours, and the driver's error passes as it is.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_refused(error):
            raise
        raise away(error) from error
    except BrokenPipeError:
        raise  # our own output is broken: nobody reads it any more
    except (PoolTimeout, _NotConnected, ConnectionError) as error:
        raise away(error) from error


class _NotConnected(OSError):
    """The driver could not connect. A class of its own, for a verb may raise other OSErrors."""


def refuses_the_data(error: DBAPIError) -> bool:
    """Whether the database refuses the values that it was given (SQLSTATE classes 22 and 23)."""
    if isinstance(error, DataError | IntegrityError):
        return True
    return _state(error).startswith(("22", "23"))


def _is_refused(error: DBAPIError) -> bool:
    """Whether the database answers, and refuses a statement or its data."""
    if refuses_the_data(error) or isinstance(error, ProgrammingError):
        return _state(error) != _NOT_ALLOWED
    # SQLite's name of a statement's own faults, such as a column that does not exist.
    return getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"


_NOT_ALLOWED = "42501"
"""PostgreSQL's insufficient_privilege: an operator can mend that, so it counts as away."""


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
