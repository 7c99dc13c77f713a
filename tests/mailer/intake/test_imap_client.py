"""Servers that stall, drop, or send what nobody asked for: each is told in a sentence."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from contextlib import suppress
from datetime import date

import pytest

from mailer.intake import checkup, imap_door, imap_line
from mailer.intake.checkup import Expected
from mailer.intake.imap_client import Mailbox, MailboxError, MailboxPlan, MailboxRefusal
from mailer.intake.imap_door import ImapDoor
from mailer.intake_models import IntakeDoor
from pli.database import Database
from tests.mailer.intake.imap_server import Answer, on, server, usual
from tests.waiting import until_true


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_line, "SECONDS", 0.5)


def read(plan: MailboxPlan) -> None:
    box = Mailbox(plan)
    try:
        box.uids_after(0, date(2026, 1, 1))
        box.fetched(3)
    finally:
        box.hang_up()


@pytest.mark.parametrize(
    ("answer", "said", "kind"),
    [
        (on("LOGIN", "{tag} NO wrong secret, u\r\n"), "refuses", MailboxRefusal),
        (on("SELECT", "{tag} NO no such mailbox\r\n"), "no such mailbox", MailboxRefusal),
        (on("SELECT", "* 1 EXISTS\r\n{tag} OK done\r\n"), "no lasting numbers", MailboxRefusal),
        (on("LOGIN", "rubbish\r\n"), "does not answer as it should", MailboxError),
        (on("SEARCH", "{tag} BAD what\r\n"), "does not answer as it should|refuses", MailboxError),
        (
            on("FETCH", "* 1 FETCH (UID 3 BODY[]<0> {{2147483648}}\r\n"),
            "a literal of 2147483648 octets",
            MailboxError,
        ),
    ],
)
def test_what_a_server_should_not_say_is_told_in_a_sentence(
    answer: Answer, said: str, kind: type[MailboxError]
) -> None:
    with server(answer) as plan, pytest.raises(kind, match=said) as raised:
        read(plan)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("what", ["lines", "literals"])
def test_a_server_that_never_ends_its_answer_is_hung_up_on(what: str) -> None:
    piece = {
        "lines": b"* OK " + b"x" * 60_000 + b"\r\n",
        "literals": b"* 1 FETCH (X {60000}\r\n" + b"x" * 60_000 + b")\r\n",
    }

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        del tag
        if "SEARCH" not in command:
            return False
        with suppress(OSError):
            while True:
                connection.sendall(piece[what])
        return True

    with server(answer) as plan:
        box = Mailbox(plan)
        with pytest.raises(MailboxError, match="an answer of over 4000000 octets"):
            box.uids_after(0, date(2026, 1, 1))
        box.hang_up()


def test_a_mail_that_comes_while_idle_begins_is_noticed_before_and_after_the_server_agrees() -> (
    None
):
    for reply, told in (
        ("* 2 EXISTS\r\n+ idling\r\n", True),
        ("+ idling\r\n* 2 EXISTS\r\n", True),
        ("+ idling\r\n", False),
    ):
        tags: list[str] = []

        def answer(
            connection: socket.socket, tag: str, command: str, reply: str = reply,
            tags: list[str] = tags,
        ) -> bool:  # fmt: skip
            if command == "IDLE":
                tags.append(tag)
                connection.sendall(reply.encode())
            elif tag == "DONE":
                connection.sendall(f"{tags[0]} OK done\r\n".encode())
            else:
                return False
            return True

        with server(answer) as plan:
            box = Mailbox(plan)
            box.begins_idle()
            assert box.waits(0.1) is told
            box.ends_idle()
            assert box.uids_after(0, date(2026, 1, 1)) == []
            box.hang_up()
    with server(on("IDLE", "{tag} NO not now\r\n")) as plan:
        box = Mailbox(plan)
        with pytest.raises(MailboxError, match="not now"):
            box.begins_idle()
        box.hang_up()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (on("CREATE", "{tag} BAD what\r\n"), "refuses: .*what"),
        (on("CREATE", "* BYE\r\n"), "does not answer as it should"),
        (on("COPY", "{tag} NO no such folder\r\n"), "refuses COPY: no such folder"),
    ],
)
def test_a_folder_that_may_not_be_made_is_told_in_a_sentence(answer: Answer, said: str) -> None:
    with server(answer) as plan:
        box = Mailbox(plan)
        with pytest.raises(MailboxError, match=said):
            box.file([3])
        box.hang_up()


@pytest.mark.parametrize("stalls", [True, False], ids=["stalls", "drops"])
def test_a_server_that_stalls_or_drops_is_noticed(stalls: bool) -> None:
    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        del tag
        if "SEARCH" in command and not stalls:
            connection.shutdown(socket.SHUT_RDWR)
        return "SEARCH" in command

    begun = time.monotonic()
    with server(answer) as plan:
        box = Mailbox(plan)
        with pytest.raises(MailboxError, match="does not answer as it should"):
            box.uids_after(0, date(2026, 1, 1))
        box.hang_up()
    assert time.monotonic() - begun < 10


def test_the_last_mail_is_not_taken_again_and_one_that_is_gone_is_passed_over() -> None:
    with server(on("SEARCH", "* SEARCH 3\r\n{tag} OK done\r\n")) as plan:
        box = Mailbox(plan)
        assert box.uidvalidity == 7
        assert box.uids_after(3, date(2026, 1, 1)) == []
        assert box.uids_after(2, date(2026, 1, 1)) == [3]
        assert box.fetched(3) is None
        box.hang_up()


def test_a_token_comes_from_a_command() -> None:
    seen: list[str] = []

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        if command.startswith("CAPABILITY"):
            connection.sendall(f"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n{tag} OK done\r\n".encode())
            return True
        if command.startswith("AUTHENTICATE"):
            connection.sendall(b"+ \r\n")
            seen.append(tag)
            return True
        if seen and tag not in seen and not command:  # the token itself
            connection.sendall(f"{seen[0]} OK done\r\n".encode())
            seen.append(tag)
            return True
        return False

    with server(answer) as plan:
        url = f"imap://u@127.0.0.1:{plan.port}"
        Mailbox(MailboxPlan.parse("imap", url, "seen", ("echo", "tok"))).hang_up()
        assert b"auth=Bearer tok" in base64.b64decode(seen[1])
        for command, told in (
            (("false",), "prints no token"),
            (("/none/such",), "does not run: No such file"),
        ):
            with pytest.raises(MailboxRefusal, match=told):
                Mailbox(MailboxPlan.parse("imap", url, "seen", command))


async def test_a_fault_is_noted_and_a_refusal_is_not_tried_again_at_once(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_door, "AGAIN", (0.01,))
    database = Database(sqlite_url)
    stop = asyncio.Event()
    with server(on("LOGIN", "{tag} NO wrong\r\n")) as plan:
        door = ImapDoor(database, plan, keep_days=90)
        running = asyncio.create_task(door.run(stop))
        fault: dict[str, object] = {}
        while not fault:
            await asyncio.sleep(0.02)
            async with database.reading() as session:
                row = await session.get(IntakeDoor, "imap")
                fault = row.fault if row else {}
        stop.set()
        await running
    assert "refuses" in str(fault)
    assert door._failures == 1
    await database.close()


async def test_a_fault_of_ours_does_not_end_the_door_and_the_doctor_tells_of_it(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(imap_door, "AGAIN", (0.01,))
    database = Database(sqlite_url)
    stop = asyncio.Event()
    tried = 0

    def broken(*_: object) -> list[int]:
        nonlocal tried
        tried += 1
        raise KeyError("marie@example.org")

    async def twice() -> bool:
        return tried >= 2

    monkeypatch.setattr(Mailbox, "uids_after", broken)
    with server(usual) as plan:
        running = asyncio.create_task(ImapDoor(database, plan, keep_days=90).run(stop))
        await until_true(twice)
        async with database.reading() as session:
            (warning, *_) = await checkup.check(session, Expected("x.example", mailboxes=("imap",)))
        stop.set()
        await running
    await database.close()
    assert warning.told.tell("en").startswith("mailbox imap: Pli cannot go on (KeyError)")
    assert "marie" not in caplog.text
