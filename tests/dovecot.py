"""A real Dovecot for tests, with a folder, a mailbox and a port of its own.

It starts as root and gives its rights away to the users `dovecot` and `dovenull`, as Debian sets
them up; the mailbox belongs to `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pytest

from benchmarks.tools import tool
from tests.certificates import certificate
from tests.servers import free_port

USER = "comite"
PASSWORD = "mot de passe#1"
_LOGIN = f"{USER}:{quote(PASSWORD)}"

_CONF = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:{folder}/mail
imap_capability = {capability}
default_internal_user = dovecot
default_login_user = dovenull
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running Dovecot; `url` is that of its mailbox."""

    port: int
    tls_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"imap://{_LOGIN}@127.0.0.1:{self.port}/INBOX"

    @property
    def tls_url(self) -> str:
        """The mailbox by TLS, with a certificate of the tests' authority."""
        return f"imaps://{_LOGIN}@localhost:{self.tls_port}/INBOX"

    @property
    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def deliver(self, raw: bytes) -> None:
        """Put a mail into the mailbox, as a mail server does."""
        name = f"{time.time_ns()}.M{os.getpid()}.host"
        file = self.folder / "mail" / "tmp" / name
        file.write_bytes(raw)
        self._own(file)
        file.rename(self.folder / "mail" / "new" / name)

    def mails(self, folder: str = "") -> dict[str, str]:
        """The flags of each mail of a folder, by its subject."""
        place = self.folder / "mail" / (f".{folder}" if folder else "")
        found = {}
        for part in ("new", "cur"):
            for file in sorted((place / part).glob("*")):
                subject = next(
                    it[9:] for it in file.read_text().split("\n") if it.startswith("Subject: ")
                )
                found[subject] = file.name.partition(":2,")[2]
        return found

    def number_anew(self) -> None:
        """Let the mailbox have another UIDVALIDITY, as after it was restored from a copy."""
        for file in (self.folder / "mail").glob("dovecot*"):
            file.unlink()

    def _own(self, path: Path) -> None:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    @classmethod
    @contextmanager
    def started(cls, capability: str = "", *, prefix: str = "") -> Iterator[Self]:
        """Run a Dovecot while the block inside runs; `capability` as of its setting.

        `prefix`: what the names of folders begin with, as "INBOX." at many providers.
        """
        program = tool("dovecot")
        if os.geteuid() != 0:
            pytest.skip("Dovecot's master starts as root only")
        folder = Path(tempfile.mkdtemp(prefix="pli-dovecot-", dir="/tmp"))
        folder.chmod(0o755)
        nobody = pwd.getpwnam("nobody")
        server = cls(free_port(), free_port(), folder)
        for name in ("run", "state", "home", "mail", "mail/new", "mail/cur", "mail/tmp"):
            (folder / name).mkdir()
            if name.startswith(("home", "mail")):
                server._own(folder / name)
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        (folder / "users").chmod(0o644)
        for file, name in zip(certificate("DNS:localhost"), ("pem", "key"), strict=True):
            shutil.copy(file, folder / f"server.{name}")
        conf = folder / "dovecot.conf"
        conf.write_text(
            _CONF.format(
                folder=folder, port=server.port, tls_port=server.tls_port, uid=nobody.pw_uid,
                gid=nobody.pw_gid, capability=capability, prefix=prefix,
                separator=prefix[-1:] or ".",
            )
        )  # fmt: skip
        quietly: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 20}
        subprocess.run([program, "-c", str(conf)], check=True, **quietly)
        try:
            yield server
        finally:
            doveadm = Path(program).parent.parent / "bin" / "doveadm"
            subprocess.run([doveadm, "-c", str(conf), "stop"], check=False, **quietly)
            shutil.rmtree(folder, ignore_errors=True)
