"""Lets real mail servers write bounces: each gets our letters and a receiver's scripted answers."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mailer.links import Links
from tests import mail_servers
from tests.factories import KEYS
from tests.postfix import Postfix
from tests.relay import Relay, Script
from tests.servers import free_port
from tests.specimens.bounces.replies import Reply

OUR_DOMAIN = "orme.example.org"
THEIR_DOMAIN = "recipients.example.net"
LINKS = Links(KEYS, "https://lettres.orme.example.org", OUR_DOMAIN)
DELAY = 25


def our_letter(number: int, recipient: str) -> bytes:
    """A short letter of ours, as the copy of a delivery."""
    marks = LINKS.marks(number, "ab")
    url = LINKS.unsubscribe(number + 1000, 1, number, "ab")
    return (
        f"From: =?utf-8?q?Comit=C3=A9_du_Val-d=27Orme?= <comite@{OUR_DOMAIN}>\r\n"
        f"To: <{recipient}>\r\n"
        f"Subject: Lettre =?utf-8?q?n=C2=B0?= 294\r\n"
        f"Message-ID: {marks.message_id}\r\n"
        "Date: Thu, 03 Dec 2026 09:00:00 +0100\r\n"
        f"List-Unsubscribe: <{url}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
        "Bonjour,\r\n\r\nl'assemblée se tient jeudi.\r\n"
    ).encode()


def script_of(replies: Mapping[str, Reply]) -> Script:
    """The receiver: refuses each recipient as the table says, and takes everything else."""

    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        reply = replies.get(recipient.partition("@")[0])
        if reply is None or stage != ("body-received" if reply.after_data else "rcpt"):
            return None
        return reply.text.replace("{rcpt}", recipient)

    return script


def bounced(
    port: int, relay: Relay, numbers: Mapping[str, int], *, notify: str = "", wait: float = DELAY
) -> dict[str, bytes]:
    """Send a letter to each name through a server, and collect what comes back, by name."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="pli.example.org") as session:
        session.ehlo()
        for name, number in numbers.items():
            recipient = f"{name}@{THEIR_DOMAIN}"
            session.sendmail(
                LINKS.marks(number, "ab").return_path,
                [recipient],
                our_letter(number, recipient),
                rcpt_options=[f"NOTIFY={notify}"] if notify else [],
            )
    names = {LINKS.marks(number, "ab").return_path: name for name, number in numbers.items()}
    ends = time.monotonic() + wait
    found: dict[str, bytes] = {}
    while time.monotonic() < ends and len(found) < len(numbers):
        time.sleep(0.2)
        for mail in list(relay.received):
            if mail.recipient in names and mail.mail_from == "":
                found.setdefault(names[mail.recipient], mail.data)
    return found


@contextmanager
def postfix(relay: Relay, settings: Mapping[str, str]) -> Iterator[int]:
    """A private Postfix that passes everything on to the receiver."""
    maps = {"transport": f"* smtp:[127.0.0.1]:{relay.port}\n"}
    with Postfix.started({"transport_maps": "texthash:{maps}/transport", **settings}, maps) as it:
        yield it.port


@contextmanager
def exim(relay: Relay, *, gives_up: bool) -> Iterator[int]:
    """A private Exim that passes everything on to the receiver."""
    port = free_port()
    configuration = f"""
primary_hostname = exim.example.org
acl_smtp_rcpt = accept
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
dsn_advertise_hosts = *
delay_warning = {"" if gives_up else "1s"}
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  transport = receiver
  self = send
begin transports
receiver:
  driver = smtp
  port = {relay.port}
  hosts_try_fastopen =
begin retry
{"* * F,1s,1s" if gives_up else "* * F,1h,1s"}
"""
    with mail_servers.exim(configuration, port):
        yield port


@contextmanager
def opensmtpd(relay: Relay) -> Iterator[int]:
    """A private OpenSMTPD that passes everything on to the receiver."""
    port = free_port()
    configuration = f"""
listen on 127.0.0.1 port {port} hostname opensmtpd.example.org
queue ttl 1s
action "out" relay host smtp://127.0.0.1:{relay.port} helo opensmtpd.example.org
match from any for any action "out"
"""
    with mail_servers.opensmtpd(configuration, port):
        yield port
