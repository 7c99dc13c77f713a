"""A real Postfix for tests, with a folder, a queue and a port of its own.

Its master starts as root and gives its rights away to the user `postfix`, as Debian sets it up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from benchmarks.tools import tool
from tests.servers import free_port

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
verify unix - - n - 1 verify
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running Postfix; `port` of the loopback takes mail."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The URL for `relay_url`."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    @property
    def log(self) -> str:
        """What it has logged so far."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def flush(self) -> None:
        """Let it try at once whatever waits in its queue."""
        self._run("postqueue", "-c", str(self.folder / "etc"), "-f")

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    @contextmanager
    def started(
        cls, settings: Mapping[str, str], maps: Mapping[str, str], services: str = ""
    ) -> Iterator[Self]:
        """Run a Postfix of these settings while the block inside runs.

        `maps`: the text of each table by its name; a setting names one as texthash:{maps}/NAME.
        `services` are further lines of its master.cf.
        """
        program = tool("postfix")
        if os.geteuid() != 0:
            pytest.skip("Postfix's master starts as root only")
        folder = Path(tempfile.mkdtemp(prefix="pli-postfix-", dir="/tmp"))
        etc = folder / "etc"
        for it in ("etc", "queue", "data"):
            (folder / it).mkdir()
        folder.chmod(0o755)
        shutil.chown(folder / "data", "postfix")
        port = free_port()
        for name, text in maps.items():
            (etc / name).write_text(text)
        values = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": "relay.example.org",
            "mydestination": "",
            "local_recipient_maps": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "maillog_file": folder / "log",
            "maillog_file_prefixes": folder,
            "smtp_tls_security_level": "none",
            "smtpd_recipient_restrictions": "permit_mynetworks, reject",
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "lmtp_host_lookup": "native",
            "smtputf8_enable": "yes",
            **{name: value.replace("{maps}", str(etc)) for name, value in settings.items()},
        }
        (etc / "main.cf").write_text("".join(f"{it} = {value}\n" for it, value in values.items()))
        (etc / "master.cf").write_text(_MASTER.format(port=port) + services)
        server = cls(port, folder)
        server._run(program, "-c", str(etc), "start")
        try:
            yield server
        finally:
            server._run(program, "-c", str(etc), "stop")
            shutil.rmtree(folder, ignore_errors=True)
