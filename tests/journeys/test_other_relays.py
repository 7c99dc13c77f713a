"""The lines for Exim and OpenSMTPD, as they are printed, run: answers arrive, and nothing else."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import mail_servers
from tests.journeys.installation import Installation
from tests.journeys.ways_in import DOMAIN, bounce_to, bounces, came_in, refuses
from tests.relay import Received, Relay
from tests.servers import free_port
from tests.waiting import until

pytestmark = pytest.mark.proof

STRANGER = "127.0.0.9"


def printed(installation: Installation, relay: str, door: int) -> dict[str, str]:
    """The lines of `pli intake setup`, by the place into which they go."""
    installation.set(f'sender = "lettres@{DOMAIN}"', f'intake_listen = "127.0.0.1:{door}"')
    said = installation.pli("intake", "setup", "--for", relay).out
    found: dict[str, str] = {}
    place = ""
    for line in said.split("\n"):
        if line.startswith("Into "):
            place = line.removesuffix(":")
        elif line.startswith("    "):
            found[place] = found.get(place, "") + line[4:] + "\n"
    return found


def exim(lines: dict[str, str], port: int, world: Relay) -> AbstractContextManager[Path]:
    rcpt, routers, transports = (
        next(text for place, text in lines.items() if word in place)
        for word in ("acl_check_rcpt", "routers", "transports")
    )
    return mail_servers.exim(
        f"""\
primary_hostname = relay.{DOMAIN}
acl_smtp_rcpt = acl_check_rcpt
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
begin acl
acl_check_rcpt:
{rcpt}
  deny
    hosts = {STRANGER}
    message = relay not permitted
  accept
begin routers
{routers}
world:
  driver = manualroute
  route_list = * 127.0.0.1
  transport = world
  self = send
begin transports
{transports}
world:
  driver = smtp
  port = {world.port}
  hosts_try_fastopen =
begin retry
* * F,1h,1s
""",
        port,
    )


def opensmtpd(lines: dict[str, str], port: int, world: Relay) -> AbstractContextManager[Path]:
    (ours,) = (text for place, text in lines.items() if "smtpd.conf" in place)
    return mail_servers.opensmtpd(
        f"""\
listen on 127.0.0.1 port {port} hostname relay.{DOMAIN}
{ours}
action "world" relay host smtp://127.0.0.1:{world.port}
match !from src {STRANGER} for any action "world"
""",
        port,
    )


@pytest.fixture
def world() -> Iterator[Relay]:
    with Relay(script=refuses, dsn=False).running() as relay:
        yield relay


@pytest.mark.parametrize("name", ["exim", "opensmtpd"])
def test_the_printed_lines_bring_notices_and_answers_and_refuse_what_is_not_ours(
    installation: Installation, world: Relay, name: str
) -> None:
    door, port = free_port(), free_port()
    lines = printed(installation, name, door)
    installation.set(f'relay_url = "smtp://127.0.0.1:{port}?tls=none"')
    installation.members(2)
    letter = installation.letter()
    started = exim if name == "exim" else opensmtpd
    with started(lines, port, world), installation.serving():
        installation.pli("send", letter, "--list", "comite", "--yes")
        until(lambda: bounces(installation) == {"unknown_user": "suppressed"}, 60)
        until(lambda: any(it.recipient == "p0001@example.org" for it in world.received), 30)
        taken = next(it for it in world.received if it.recipient == "p0001@example.org")
        strangers(port, taken, asks_us=name == "exim")
        until(lambda: len(installation.pli("bounce", "list", "--json").json) == 2, 60)
        doctor = installation.pli("doctor", "--answers", "--json", code=None).json
    told = [it["message"] for it in doctor["checks"] if it["check"] == "answers"]
    assert any("answers arrive, by lmtp" in it for it in told), json.dumps(doctor)
    assert {it["door"] for it in came_in(installation)} == {"lmtp"}
    assert [it for it in world.received if it.mail_from == "" and DOMAIN in it.recipient] == []


def strangers(port: int, taken: Received, *, asks_us: bool) -> None:
    """What another machine may bring: an answer with our token, and no mail for anybody else."""
    with smtplib.SMTP("127.0.0.1", port, source_address=(STRANGER, 0)) as mx:
        mx.ehlo("mx.example.net")
        mx.mail("")
        assert mx.rcpt(f"marie@{DOMAIN}")[0] == 550
        assert mx.rcpt("marie@elsewhere.example")[0] == 550
        if asks_us:
            assert mx.rcpt(f"bounce+00@{DOMAIN}")[0] == 550
        assert mx.rcpt(taken.mail_from)[0] == 250
        assert mx.data(bounce_to(taken))[0] == 250
    if not asks_us:  # it goes by the form: what Pli refuses then ends there
        with smtplib.SMTP("127.0.0.1", port, source_address=(STRANGER, 0)) as mx:
            mx.sendmail("", [f"bounce+00@{DOMAIN}"], b"Subject: forged\r\n\r\nx\r\n")
