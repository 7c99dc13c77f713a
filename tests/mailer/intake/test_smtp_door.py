"""The door for a relay takes mails to addresses of ours, by LMTP and SMTP, and loses none."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select

from mailer.intake import taking
from mailer.intake.smtp_door import CONNECTIONS, Accepted, DoorError, DoorPlan, door
from mailer.intake_models import IntakeMail
from pli.database import Database, DatabaseAway
from tests.certificates import authority, certificate
from tests.mailer.intake.coming_in import leave_address
from tests.specimens.bounces.pieces import TOKENS, return_path

T = TypeVar("T")
HERE = DoorPlan("127.0.0.1:0")
OURS = Accepted(TOKENS, frozenset(("retours@orme.example.org",)))
MAIL = b"Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n"


@pytest.fixture
async def file(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


async def asked(database: Database, ask: Callable[[int], T], plan: DoorPlan = HERE) -> T:
    """Open the door, and let a client ask it in a thread."""
    async with door(database, plan, OURS) as port:
        return await asyncio.to_thread(ask, port)


async def came_to(database: Database) -> list[tuple[str, str, bytes]]:
    async with database.reading() as session:
        rows = await session.execute(
            select(IntakeMail.door, IntakeMail.came_to, IntakeMail.raw).order_by(IntakeMail.id)
        )
        return [(row.door, row.came_to, row.raw) for row in rows]


async def test_a_mail_is_answered_for_each_recipient_by_lmtp_and_once_by_smtp(
    file: Database,
) -> None:
    def ask(port: int) -> None:
        with smtplib.LMTP("127.0.0.1", port) as client:
            offered = client.docmd("LHLO", "mx")[1].decode().split("\n")
            assert {"PIPELINING", "SMTPUTF8", "8BITMIME", "SIZE 1000000"} < set(offered)
            assert not any(it.startswith("AUTH") for it in offered)
            client.mail("<>")
            assert client.rcpt("marie@orme.example.org")[0] == 550
            assert client.rcpt(return_path(3).replace("@", "0@"))[0] == 550
            assert client.rcpt(leave_address(1, 2, 3).upper())[0] == 250
            assert client.rcpt(leave_address(2, 2, 4))[0] == 250
            assert client.docmd("DATA")[0] == 354
            client.send(MAIL)
            assert [client.getreply()[0] for _ in range(2)] == [250, 250]
            assert client.docmd("NOOP")[0] == 250  # no third answer
        with smtplib.SMTP("127.0.0.1", port) as client:
            sent = client.sendmail(
                "", [return_path(3), "Retours@orme.example.org"], "Subject: y\n\n"
            )
            assert sent == {}
            # In one piece, as PIPELINING allows.
            to = return_path(4)
            client.send(f"RSET\r\nMAIL FROM:<>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
            assert [client.getreply()[0] for _ in range(4)] == [250, 250, 250, 354]
            client.send(b"Subject: z\r\n\r\n" + b"x" * 5_000 + b"\r\n.\r\n")
            assert client.getreply()[0] == 250

    await asked(file, ask)
    found = await came_to(file)
    assert [it[1] for it in found] == [
        leave_address(1, 2, 3), leave_address(2, 2, 4), return_path(3), return_path(4),
    ]  # fmt: skip
    assert found[0][2] == b"Subject: x\r\n\r\n.dot\r\nend\r\n"


@pytest.mark.parametrize("lines", [[b"x" * 990] * 1_100, [b"x" * 1_200_000]], ids=["mail", "line"])
async def test_a_mail_that_is_refused_is_answered_for_each_recipient_by_lmtp(
    file: Database, lines: list[bytes]
) -> None:
    mail = b"Subject: x\r\n\r\n" + b"\r\n".join(lines) + b"\r\n.\r\n"

    def ask(port: int) -> None:
        for client, hello, answers in (
            (smtplib.LMTP("127.0.0.1", port, timeout=20), "LHLO", 3),
            (smtplib.SMTP("127.0.0.1", port, timeout=20), "EHLO", 1),
        ):
            with client:
                client.docmd(hello, "mx")
                client.mail("<>")
                assert client.docmd("DATA")[0] == 503
                for number in (3, 4, 5):
                    assert client.rcpt(return_path(number))[0] == 250
                assert client.docmd("DATA", "now")[0] == 501
                assert client.docmd("DATA")[0] == 354
                client.send(mail)
                assert {client.getreply()[0] for _ in range(answers)} <= {500, 552}
                assert client.docmd("RSET")[0] == 250  # no answer is left

    await asked(file, ask)
    assert await came_to(file) == []


async def test_what_is_too_large_or_comes_while_the_database_is_away_stays_with_the_relay(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseAway("away")

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    def ask(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail("", [return_path(3)], b"x" * 1_000_001)
            assert refused.value.smtp_code == 552
            client.mail("")
            client.rcpt(return_path(3))
            assert client.data(b"x\r\n" * 400_000)[0] == 552
            for fault in (away, broken):
                with monkeypatch.context() as now:
                    now.setattr(taking, "take", fault)
                    client.mail("")
                    client.rcpt(return_path(3))
                    assert client.data(b"Subject: x\r\n\r\n")[0] == 451
            assert client.sendmail("", [return_path(3)], b"Subject: x\r\n\r\n") == {}

    await asked(file, ask)
    assert len(await came_to(file)) == 1


async def test_more_than_twenty_connections_and_strangers_are_turned_away(file: Database) -> None:
    def ask(port: int) -> None:
        with ExitStack() as opened:
            for n in range(CONNECTIONS + 1):
                client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                assert client.recv(3) == (b"220" if n < CONNECTIONS else b"421")
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.settimeout(10)
            client.sendall(b"EHLO x\r\nQUIT\r\n")
            assert client.recv(3) in (b"220", b"421")

    await asked(file, ask)
    elsewhere = DoorPlan("127.0.0.1:0", peers=("192.0.2.0/24",))

    def strange(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(b"EHLO x\r\n")
            return client.recv(100)

    assert (await asked(file, strange, elsewhere)).startswith(b"554")


async def test_other_machines_come_by_tls_alone(file: Database) -> None:
    crt, key = certificate("DNS:localhost")
    plan = DoorPlan("0.0.0.0:0", crt, key, ("127.0.0.0/8",))

    def ask(port: int) -> None:
        context = ssl.create_default_context(cafile=str(authority() / "ca.pem"))
        with smtplib.SMTP("localhost", port) as client:
            client.ehlo()
            assert client.docmd("MAIL", "FROM:<>")[0] == 530
            client.starttls(context=context)
            assert client.sendmail("", [return_path(3)], b"Subject: x\r\n\r\n") == {}

    await asked(file, ask, plan)
    assert len(await came_to(file)) == 1


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (DoorPlan("0.0.0.0:2424"), "set intake_tls_cert"),
        (DoorPlan("[::]:2424", Path("a"), Path("b")), "name your relays in intake_peers"),
        (DoorPlan("192.0.2.1:2424", Path("a"), Path("b"), ("::/0",)), "is the whole world"),
        (DoorPlan("192.0.2.1:2424", Path("a"), Path("b"), ("10.0.0.0/8",)), "intake_tls_cert: a"),
    ],
)
async def test_a_door_open_to_the_world_is_refused_at_the_start(
    plan: DoorPlan, said: str, file: Database
) -> None:
    with pytest.raises(DoorError, match=said):
        async with door(file, plan, OURS):
            pass
