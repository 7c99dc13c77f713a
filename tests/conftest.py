"""What all rooms' tests stand on: a migrated database of each kind, keys, and a fixed clock."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import sqlite3
import uuid
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
from tests.factories import KEYS
from tests.servers import PostgreSQL

# Helpers beside the tests say as much as the tests when an assertion of theirs fails.
pytest.register_assert_rewrite("tests.commands", "tests.journeys", "tests.mailer", "tests.web")

# The command line speaks the terminal's language; tests read English unless they say otherwise.
os.environ["LC_ALL"] = "C.UTF-8"

# A script that starts the tests by "&" or nohup has these ignored, and a command that a test starts
# would inherit that: it is tested as a person starts it.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Two busy cores shared with servers and browsers: a slow example is no finding.
settings.register_profile("pli", deadline=None)
settings.load_profile("pli")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Tests run on the loop that commands run on."""
    return {"loop": new_event_loop}


def pytest_xdist_auto_num_workers() -> int:
    """Most tests wait, for a relay or a server: two for each core, up to a dozen."""
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 12))


def pytest_collection_finish() -> None:
    """What is imported stays: the collector need not look through it again and again."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is installed (PLI_TESTS_MAY_NOT_SKIP), a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("PLI_TESTS_MAY_NOT_SKIP"):
        report.outcome = "failed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In one line: how many tests were skipped, and which packages would let them run."""
    reasons = [str(it.longrepr[-1]) for it in terminalreporter.getreports("skipped")]
    packages = sorted({it.rpartition("apt install ")[2] for it in reasons if "apt install" in it})
    if packages:
        line = f"{len(reasons)} tests were skipped; apt install {' '.join(packages)}"
        terminalreporter.write_line(line)


def _run_aside(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end in a thread: a session's fixture may be asked for inside a running loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys by which the factories hash addresses and sign links."""
    return KEYS


@pytest.fixture
def now() -> datetime:
    """The hour at which verbs are called."""
    return NOW


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this worker's own, in a private folder, on a free port."""
    with PostgreSQL.started() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file, copied by the tests: faster than migrating for each."""
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
def postgresql_template(postgresql: PostgreSQL) -> str:
    """The name of a migrated database that others are copied from."""
    name = "pli_template"

    async def migrate() -> None:
        await postgresql.execute(f"CREATE DATABASE {name}")
        database = Database(postgresql.url(name))
        await schema.upgrade(database)
        await database.close()

    _run_aside(migrate())
    return name


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The address of a migrated SQLite file of this test's own."""
    path = tmp_path / "pli.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, keys: Keys) -> AsyncIterator[Database]:
    """A migrated database of this test's own, once of each kind."""
    if request.param == "sqlite":
        database = Database(request.getfixturevalue("sqlite_url"))
        server: PostgreSQL | None = None
    else:
        server = request.getfixturevalue("postgresql")
        template: str = request.getfixturevalue("postgresql_template")
        name = f"t{uuid.uuid4().hex[:16]}"
        await server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        database = Database(server.url(name))
    async with database.begin() as session:
        await check_keys(session, keys)
    yield database
    await database.close()
    if server is not None:
        # Kept to the end, hundreds of them took half a minute to remove.
        await server.execute(f"DROP DATABASE {database.url.database} WITH (FORCE)")
