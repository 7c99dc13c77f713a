"""Fixtures for all tests: a migrated database of each kind, keys, and a fixed clock."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pli import schema
from pli.database import Database, check_keys
from pli.interpreter import new_event_loop
from pli.keys import Keys
from tests.clock import NOW
from tests.databases import MigratedDatabase
from tests.examples import examples
from tests.factories import KEYS
from tests.mail_servers import NOT_LET
from tests.servers import PostgreSQL
from tests.twins import repeating_sqlite

# pytest explains a failed assertion only in test files; these helpers want that, too.
pytest.register_assert_rewrite("tests.commands", "tests.journeys", "tests.mailer", "tests.web")

# The command line speaks the terminal's language; tests read English unless they say otherwise.
os.environ["LC_ALL"] = "C.UTF-8"

# A script that starts the tests by "&" or nohup has these signals ignored. The commands that tests
# start would inherit that, and tests want them as a person starts them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests share two busy cores with servers and browsers, so a slow example is no fault.
settings.register_profile("pli", deadline=None, max_examples=examples())
settings.load_profile("pli")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Run tests on the event loop that commands use."""
    return {"loop": new_event_loop}


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each core, a dozen at most: most tests wait for a relay or a server."""
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 12))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through the imported modules again and again."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make proof` what only repeats what SQLite says, and begin with what takes long.

    No worker shall run a long test alone at the end.
    """
    for item in repeating_sqlite(items, Path(__file__).parent):
        item.add_marker("proof")
    items.sort(key=lambda item: item.get_closest_marker("proof") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With PLI_TESTS_MAY_NOT_SKIP, where every program is installed, a skipped test has failed.

    But for tests that need what the kernel does not let this process do.
    """
    report = yield
    if not report.skipped or NOT_LET in str(report.longrepr):
        return report
    if os.environ.get("PLI_TESTS_MAY_NOT_SKIP"):
        report.outcome = "failed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write one line: how many tests were skipped, and which packages would let them run."""
    reasons = [str(it.longrepr[-1]) for it in terminalreporter.getreports("skipped")]
    packages = sorted({it.rpartition("apt install ")[2] for it in reasons if "apt install" in it})
    if packages:
        line = f"{len(reasons)} tests were skipped; apt install {' '.join(packages)}"
        terminalreporter.write_line(line)


def _run_aside(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in a thread, for a test whose loop is running may ask for a session's fixture."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys with which the factories hash addresses and sign links."""
    return KEYS


@pytest.fixture
def now() -> datetime:
    """The time that tests give to verbs as `now`."""
    return NOW


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for this pytest worker alone, in a private folder, on a free port."""
    with PostgreSQL.started() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file; tests copy it, which is faster than migrating each time."""
    path = tmp_path_factory.mktemp("migrated") / "pli.db"

    async def migrate() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await schema.upgrade(database)
        await database.close()

    _run_aside(migrate())
    with sqlite3.connect(path) as connection:
        # Each test's copy is a database of its own, not a copy that somebody brought elsewhere.
        connection.execute("UPDATE home SET inode = NULL, path = NULL")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> Iterator[MigratedDatabase]:
    """A migrated database that one test after the other has, as the migrations left it."""

    async def migrate(url: str) -> None:
        database = Database(url)
        await schema.upgrade(database)
        await database.close()

    with MigratedDatabase.made(postgresql, migrate) as database:
        yield database


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The URL of a migrated SQLite file for this test alone."""
    path = tmp_path / "pli.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, keys: Keys) -> AsyncIterator[Database]:
    """A migrated database for this test alone; the test runs once with each kind."""
    if request.param == "sqlite":
        database = Database(request.getfixturevalue("sqlite_url"))
    else:
        migrated: MigratedDatabase = request.getfixturevalue("migrated_postgresql")
        database = Database(migrated.ready())
    async with database.begin() as session:
        await check_keys(session, keys)
    yield database
    await database.close()
