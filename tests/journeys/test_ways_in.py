"""Answers come in by themselves: by a real Postfix, from a real Dovecot, by a web hook."""

from __future__ import annotations

import asyncio
import shutil
import smtplib
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from mailer.links import Links
from pli import keys as key_ring
from tests.certificates import authority
from tests.dovecot import PASSWORD, Dovecot
from tests.journeys.installation import Installation
from tests.journeys.ways_in import DOMAIN, bounce_to, bounces, came_in, refuses
from tests.paths import ROOT
from tests.postfix import Postfix
from tests.relay import Received, Relay
from tests.servers import PostgreSQL, free_port
from tests.waiting import until

pytestmark = pytest.mark.proof


@contextmanager
def postfix(transport: str, services: str = "") -> Iterator[tuple[Postfix, Relay]]:
    """A Postfix that passes the world's mail on to a relay of the test, and our domain's to us."""
    with Relay(script=refuses, dsn=False).running() as world:
        maps = {"transport": f"{DOMAIN} {transport}\n* smtp:[127.0.0.1]:{world.port}\n"}
        settings = {"transport_maps": "texthash:{maps}/transport"}
        with Postfix.started(settings, maps, services) as server:
            yield server, world


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


def test_as_the_page_sets_postfix_up_strangers_bring_answers_and_nothing_else(
    installation: Installation,
) -> None:
    door = free_port()
    page = (ROOT / "docs" / "bounces.md").read_text().partition("### Set-up 1")[2]
    page = page.partition("### Set-up 2")[0].replace("2424", str(door))
    lines = [it.strip() for it in page.splitlines() if it.startswith("    ")]
    (ours,) = (it for it in lines if it.startswith("intake_listen"))
    (transport,) = (it for it in lines if " lmtp:inet:" in it)
    settings = {
        name.strip(): value.strip().replace("/etc/postfix/", "{maps}/")
        for name, _, value in (it.partition("=") for it in lines if it not in (ours, transport))
    }
    assert len(settings) == 5
    installation.set(f'sender = "lettres@{DOMAIN}"', ours)
    installation.members(2)
    letter = installation.letter()
    with Relay(script=refuses, dsn=False).running() as world:
        more = {"mynetworks": "127.0.0.1/32", "relayhost": f"[127.0.0.1]:{world.port}"}
        maps = {"transport": f"{transport}\n"}
        with Postfix.started({**settings, **more}, maps) as server:
            installation.set(f'relay_url = "{server.url}"')
            with installation.serving():
                installation.pli("send", letter, "--list", "comite", "--yes")
                until(lambda: bounces(installation) == {"unknown_user": "suppressed"}, 60)
                taken = next(it for it in world.received if it.recipient == "p0001@example.org")
                with smtplib.SMTP("127.0.0.1", server.port, source_address=("127.0.0.9", 0)) as mx:
                    mx.ehlo("mx.example.net")
                    mx.mail("")
                    assert mx.rcpt(f"marie@{DOMAIN}")[0] == 550
                    assert mx.rcpt("marie@elsewhere.example")[0] in (454, 554)
                    until(lambda: mx.rcpt(taken.mail_from)[0] == 250)
                    assert mx.data(bounce_to(taken))[0] == 250
                until(lambda: len(installation.pli("bounce", "list", "--json").json) == 2, 60)
            assert "warning" not in server.log


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


def test_as_the_page_says_a_mailbox_is_read_by_tls_while_pli_serves(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    letter = installation.letter()
    page = (ROOT / "docs" / "bounces.md").read_text().partition("### Set-up 2")[2]
    lines = [it.strip() for it in page.partition("### Set-up 3")[0].split("\n") if it[:4] == "    "]
    with Dovecot.started(prefix="INBOX.") as dovecot:
        url = dovecot.tls_url
        assert url not in installation.pli_apart("settings", PLI_INTAKE__IMAP__URL=url).out
        installation.set('relay_envelope_sender = "retours@example.org"')
        with (installation.folder / "pli.toml").open("a") as file:
            file.write("\n".join(lines).replace("imaps://USER:PASSWORD@HOST/INBOX", url) + "\n")
        told = installation.pli("settings").out
        assert url not in told
        assert quote(PASSWORD) not in told
        trusted = {"SSL_CERT_FILE": str(authority() / "ca.pem")}
        with installation.running("serve", **trusted) as process:
            until(lambda: process.poll() is not None or installation.get("/healthz")[0] == 200)
            installation.pli("send", letter, "--list", "comite", "--yes")
            copy = next(it for it in relay.received if it.recipient == "p0000@example.org")
            assert copy.mail_from == "retours@example.org"
            dovecot.deliver(bounce_to(copy))
            dovecot.deliver(b"From: a@example.org\nSubject: Bonjour\n\nMerci.\n")
            until(lambda: bounces(installation) == {"unknown_user": "suppressed"}, 30)
            until(lambda: list(dovecot.mails("Pli")) == ["Undelivered mail"], 30)
        assert dovecot.mails() == {"Bonjour": ""}


def test_who_writes_stop_leaves_if_the_mail_server_proves_it_and_a_forger_makes_nobody_leave(
    installation: Installation,
) -> None:
    installation.members(3)
    with Dovecot.started() as dovecot:
        installation.set('authentication_server = "mx.example.org"')
        with (installation.folder / "pli.toml").open("a") as file:
            file.write(f'[intake.imap]\nurl = "{dovecot.url}"\n')
        with installation.serving():
            for person, server in ((0, "mx.example.org"), (1, "mx.evil.example"), (2, "")):
                proof = f"Authentication-Results: {server}; dkim=pass header.d=example.org\n"
                dovecot.deliver(
                    f"{proof if server else ''}From: p000{person}@example.org\n"
                    f"Subject: Désabonnement{person}\n\nSTOP\n\nMerci.\n".encode()
                )
            until(lambda: left(installation) == 1, 30)
            until(lambda: len(wishes(installation)) == 2, 30)
            until(lambda: len(dovecot.mails("Pli")) == 1, 30)
        assert wishes(installation) == ["p0001@example.org", "p0002@example.org"]
        assert list(dovecot.mails("Pli")) == ["Désabonnement0"]
        assert set(dovecot.mails().values()) == {""}, "what staff decide stays unread"


def wishes(installation: Installation) -> list[str]:
    found = installation.pli("intake", "list", "--json").json["wishes"]
    return sorted(it["address"] for it in found)


def test_a_provider_tells_by_its_web_hook(installation: Installation, relay: Relay) -> None:
    installation.members(2)
    letter = installation.letter()
    installation.set('relay_kind = "brevo"')
    assert "relay_hook_secret is not set" in installation.pli("serve", code=1).err
    lines = [
        it.strip() for it in installation.pli("intake", "setup", "--for", "brevo").out.split("\n")
    ]
    (line,) = (it for it in lines if "hook_secret" in it)
    (address,) = (it for it in lines if it.endswith("/hooks/main"))
    installation.set(line)
    secret = line.split('"')[1]
    assert secret not in installation.pli("settings").out
    assert "hook_former" in installation.pli("intake", "secret").out
    with installation.serving():
        installation.pli("send", letter, "--list", "comite", "--yes")
        copy = next(it for it in relay.received if it.recipient == "p0000@example.org")
        event = {
            "event": "hard_bounce", "email": "p0000@example.org",
            "X-Mailin-custom": copy.message["X-Mailin-custom"],
            "reason": "550 5.1.1 user unknown",
        }  # fmt: skip
        url = f"{installation.public_url}/hooks/main"
        assert httpx.post(url, json=event).status_code == 401
        assert httpx.post(address, json=event).status_code == 200
        assert httpx.post(f"{url}?key={secret}", json=event).status_code == 200
        until(lambda: bounces(installation) == {"unknown_user": "suppressed"}, 30)

        def provider() -> None:
            until(lambda: any(it.recipient.startswith("bounce+") for it in relay.received), 30)
            probe = next(it for it in relay.received if it.recipient.startswith("bounce+"))
            told = {"event": "delivered", "X-Mailin-custom": probe.message["X-Mailin-custom"]}
            httpx.post(address, json={**told, "email": probe.recipient})

        telling = threading.Thread(target=provider)
        telling.start()
        said = installation.pli("doctor", "--answers", "--json", code=None).json["checks"]
        telling.join()
        (told,) = (it["message"] for it in said if it["check"] == "answers")
        assert "answers arrive, by hook main" in told
    folder = installation.folder.parent / f"{installation.folder.name}-said"
    logged = "".join(it.read_text() for it in folder.rglob("*") if it.is_file())
    assert "hook.not_proven" in logged
    assert secret not in logged


def test_a_mail_to_the_unsubscribe_address_stops_a_waiting_copy_within_two_seconds(
    installation: Installation, relay: Relay
) -> None:
    door = free_port()
    installation.set(f'intake_listen = "127.0.0.1:{door}"', "relay_per_second = 2")
    installation.members(40)
    letter = installation.letter()
    with installation.serving():
        installation.pli("campaign", "create", letter, "--list", "comite")
        installation.pli("campaign", "start", "1", "--yes")
        until(lambda: len(relay.received) >= 2)
        address = leave_address_of_the_last(installation)
        with smtplib.LMTP("127.0.0.1", door) as client:
            client.sendmail("p0039@example.org", [address], b"Subject: unsubscribe\r\n\r\n")
        begun = time.monotonic()
        until(lambda: left(installation) == 1, 10)
        assert time.monotonic() - begun < 3  # two, and a command that looks
        until(lambda: len(relay.received) >= 6)
        installation.pli("campaign", "cancel", "1", "--yes")
    assert address not in {it.recipient for it in relay.received}


def leave_address_of_the_last(installation: Installation) -> str:
    keys = key_ring.read(installation.folder / "pli.keys")
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database:
        subscriber, list_, number = database.execute(
            "SELECT subscriber_id, list_id, id FROM delivery ORDER BY batch DESC, id DESC LIMIT 1"
        ).fetchone()
    address = Links(keys, "", "example.org").leave_address(subscriber, list_, number, keys.current)
    assert address is not None
    return address


def left(installation: Installation) -> int:
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database:
        return int(
            database.execute("SELECT count(*) FROM subscription WHERE state = 'left'").fetchone()[0]
        )


def test_the_doctors_own_mail_comes_in_by_the_relay(installation: Installation) -> None:
    door = free_port()
    installation.set(f'sender = "lettres@{DOMAIN}"', f'intake_listen = "127.0.0.1:{door}"')
    with postfix(f"lmtp:inet:127.0.0.1:{door}") as (server, _world):
        installation.set(f'relay_url = "{server.url}"')
        with installation.serving():
            said = installation.pli("doctor", "--answers", "--json", code=None).json
    told, refused = (it for it in said["checks"] if it["check"] == "answers")
    assert "who answers a letter writes to" in refused["message"], "reply_forward names nobody"
    assert told["state"] == "ok"
    assert "answers arrive, by lmtp" in told["message"]
    assert bounces(installation) == {}


def test_on_postgresql_a_worker_opens_the_door_and_a_serve_without_work_does_the_rest(
    installation: Installation, relay: Relay, postgresql: PostgreSQL
) -> None:
    name = f"i{uuid.uuid4().hex[:12]}"
    asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
    door = free_port()
    installation.set(
        f'database_url = "{postgresql.url(name)}"', f'intake_listen = "127.0.0.1:{door}"'
    )
    installation.pli("db", "upgrade")
    installation.members(2)
    letter = installation.letter()
    # The door is the worker's: two processes cannot listen at one address.
    with (
        installation.running("serve", "--no-work", PLI_INTAKE_LISTEN=""),
        installation.running("worker", "--intake"),
    ):
        installation.pli("send", letter, "--list", "comite", "--yes")
        copy = next(it for it in relay.received if it.recipient == "p0000@example.org")
        until(lambda: brought(door, copy), 30)
        until(lambda: bounces(installation) == {"unknown_user": "suppressed"}, 30)


def brought(door: int, copy: Received) -> bool:
    """Bring a bounce of a copy, once the door is open."""
    try:
        with smtplib.LMTP("127.0.0.1", door) as client:
            return client.sendmail("", [copy.mail_from], bounce_to(copy)) == {}
    except ConnectionRefusedError:
        return False
