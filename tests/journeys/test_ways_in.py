"""Answers come in by themselves: a real Postfix brings them, by LMTP and by a pipe."""

from __future__ import annotations

import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.installation import Installation
from tests.postfix import Postfix
from tests.relay import Relay
from tests.servers import free_port
from tests.waiting import until

pytestmark = pytest.mark.proof

REFUSALS = {"p0000": "550 5.1.1 <{}>: Recipient address rejected: User unknown"}
DOMAIN = "lettres.example.org"


def refuses(stage: str, recipient: str, times: int) -> str | None:
    del times
    reply = REFUSALS.get(recipient.partition("@")[0])
    return reply.format(recipient) if reply and stage == "rcpt" else None


@contextmanager
def postfix(transport: str, services: str = "") -> Iterator[tuple[Postfix, Relay]]:
    """A Postfix that passes the world's mail on to a relay of the test, and our domain's to us."""
    with Relay(script=refuses, dsn=False).running() as world:
        maps = {"transport": f"{DOMAIN} {transport}\n* smtp:[127.0.0.1]:{world.port}\n"}
        settings = {"transport_maps": "texthash:{maps}/transport"}
        with Postfix.started(settings, maps, services) as server:
            yield server, world


def bounces(installation: Installation) -> dict[str, str]:
    listed = installation.pli("bounce", "list", "--json").json
    return {it["reason"]: it["effect"] for it in listed}


def test_postfix_brings_its_own_notices_by_lmtp_within_seconds(
    installation: Installation,
) -> None:
    door = free_port()
    installation.set(f'sender = "lettres@{DOMAIN}"', f'intake_listen = "127.0.0.1:{door}"')
    installation.members(3)
    letter = installation.letter()
    with postfix(f"lmtp:inet:127.0.0.1:{door}") as (server, world):
        installation.set(f'relay_url = "{server.url}"', 'dsn = "success"')
        with installation.serving():
            installation.pli("send", letter, "--list", "comite", "--yes")
            begun = time.monotonic()
            until(lambda: bounces(installation).get("unknown_user") == "suppressed", 60)
            assert time.monotonic() - begun < 30
            until(
                lambda: (
                    {it["kind"]: it["mails"] for it in came_in(installation)}
                    == {"failure": 1, "success": 2}
                )
            )
        assert {it["door"] for it in came_in(installation)} == {"lmtp"}
        header = world.received[0].message["List-Unsubscribe"]
        assert header.startswith("<http")
        assert ", <mailto:leave+" in header
        assert f"@{DOMAIN}>" in header


def came_in(installation: Installation) -> Any:
    return installation.pli("intake", "list", "--json").json["came_in"]


class _Bridge(socketserver.BaseRequestHandler):
    """Runs the command for the pipe: Postfix runs pipes as nobody, who may not read this folder."""

    installation: Installation
    away = True
    """Whether the database is away."""

    def handle(self) -> None:
        file = self.request.makefile("rwb")
        to, size = file.readline().decode().split()
        nowhere = {"PLI_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/pli"} if self.away else {}
        done = subprocess.run(
            [sys.executable, "-c", "from cli import main; main()", "intake", "read", "--to", to],
            input=file.read(int(size)), cwd=self.installation.folder,
            env=self.installation.environment(**nowhere), check=False, capture_output=True,
        )  # fmt: skip
        file.write(f"{done.returncode}\n".encode())
        file.flush()


BRIDGE = """\
#!/bin/bash
mail=$(mktemp)
cat > "$mail"
exec 3<> /dev/tcp/127.0.0.1/{port}
printf '%s %s\\n' "$1" "$(stat -c %s "$mail")" >&3
cat "$mail" >&3
rm "$mail"
read -r code <&3
exit "$code"
"""
PIPE = """\
pli unix - n n - 1 pipe
  flags=Rq user=nobody null_sender= argv={script} ${{original_recipient}}
"""


@pytest.fixture
def script(installation: Installation) -> Iterator[Path]:
    """A program for a pipe of Postfix, which lets `pli intake read` run in the installation."""
    _Bridge.installation = installation
    _Bridge.away = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Bridge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = Path(tempfile.mkdtemp(prefix="pli-pipe-", dir="/tmp"))
        folder.chmod(0o755)
        file = folder / "read"
        file.write_text(BRIDGE.format(port=server.server_address[1]))
        file.chmod(0o755)
        try:
            yield file
        finally:
            shutil.rmtree(folder)
            server.shutdown()


def test_a_pipe_of_postfix_keeps_the_mail_until_the_database_is_back(
    installation: Installation, script: Path
) -> None:
    installation.set(f'sender = "lettres@{DOMAIN}"')
    installation.members(2)
    letter = installation.letter()
    with postfix("pli:", PIPE.format(script=script)) as (server, _world):
        installation.set(f'relay_url = "{server.url}"')
        installation.pli("send", letter, "--list", "comite", "--yes")
        until(lambda: "relay=pli" in server.log and "status=deferred" in server.log, 60)
        assert waiting(installation) == 0
        _Bridge.away = False
        server.flush()
        until(lambda: waiting(installation) == 1, 60)
    assert "1 mail was worked on" in installation.pli("intake", "work").out
    assert bounces(installation) == {"unknown_user": "suppressed"}


def waiting(installation: Installation) -> int:
    return int(installation.pli("intake", "list", "--json").json["waiting"])
