"""A mail, or a server, that does not do as it should holds up nothing else, and is told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import pytest
from sqlalchemy import select

from mailer.intake import checkup, imap_door, imap_line
from mailer.intake.checkup import Expected
from mailer.intake.imap_client import Mailbox, MailboxError, MailboxPlan
from mailer.intake.imap_door import ImapDoor
from mailer.intake.imap_reading import TRIES, Progress
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeDoor, IntakeMail
from pli.database import Database
from tests.mailer.intake.imap_server import Answer, on, server
from tests.waiting import until_true


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_door, "AGAIN", (0.01,))
    monkeypatch.setattr(imap_line, "SECONDS", 5.0)


@asynccontextmanager
async def read(url: str, plan: MailboxPlan) -> AsyncIterator[Database]:
    database = Database(url)
    stop = asyncio.Event()
    running = asyncio.create_task(ImapDoor(database, plan, keep_days=90).run(stop))
    try:
        yield database
    finally:
        stop.set()
        await running
        await database.close()


def giving_out(broken: int, how: str) -> Answer:
    """Three mails, of which one is not given out."""

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        if "SEARCH" in command:
            first = int(command.split()[3].partition(":")[0])
            numbers = " ".join(str(it) for it in (3, 4, 5) if it >= first)
            connection.sendall(f"* SEARCH {numbers}\r\n{tag} OK done\r\n".encode())
            return True
        if "FETCH" not in command:
            return False
        uid = int(command.split()[2])
        if uid != broken:
            raw = f"Subject: {uid}\r\n\r\nx\r\n"
            said = f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n{raw})\r\n{tag} OK done"
            connection.sendall(f"{said}\r\n".encode())
        elif how == "drops":
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(how.format(tag=tag).encode())
        return True

    return answer


@pytest.mark.parametrize(
    "how", ["drops", "{tag} NO [SERVERBUG] no\r\n", "* 4 FETCH (UID 4 BODY[]<0> {{2147483648}}\r\n"]
)
@pytest.mark.usefixtures("soon")
async def test_a_mail_that_is_not_given_out_goes_last_and_is_left_and_told_after_some_tries(
    sqlite_url: str, how: str
) -> None:
    with server(giving_out(4, how)) as plan:
        async with read(sqlite_url, plan) as database:

            async def is_left() -> bool:
                async with database.reading() as session:
                    rows = await session.scalars(select(IntakeMail.kind).order_by(IntakeMail.id))
                    return Sort.UNREADABLE.value in list(rows)

            await until_true(is_left)
            async with database.reading() as session:
                rows = (
                    await session.execute(
                        select(IntakeMail.uid, IntakeMail.note).order_by(IntakeMail.id)
                    )
                ).all()
                assert [tuple(it) for it in rows] == [(3, ""), (5, ""), (None, "UID 4")]
                told = await checkup.check(session, Expected("x.example", mailboxes=("imap",)))
            assert any("1 mail lies in a mailbox" in it.told.tell("en") for it in told)

            async def goes_on() -> bool:
                async with database.reading() as session:
                    door = await session.get_one(IntakeDoor, "imap")
                    return (door.uid, door.fault) == (5, {})

            await until_true(goes_on)


def test_the_number_up_to_which_all_is_taken_stays_below_a_mail_that_failed() -> None:
    progress = Progress()
    progress.begins(7)
    assert progress.batches([3, 4, 5]) == [[3, 4, 5]]
    assert progress.took([3]) == 3
    assert not progress.failed(4)
    assert progress.batches([4, 5, 6]) == [[5, 6], [4]]
    assert progress.took([5, 6]) == 3
    assert progress.batches([4, 5, 6]) == [[4]]
    assert [progress.failed(4) for _ in range(TRIES - 1)] == [False] * (TRIES - 2) + [True]
    assert progress.took([4]) == 6
    assert not progress.failed(8)
    assert progress.batches([9]) == [[9]], "who took a mail away has decided"
    assert progress.took([9]) == 9
    assert not progress.failed(10)
    progress.begins(8)
    assert progress.batches([1, 10]) == [[1, 10]]


def test_a_server_that_sends_an_octet_now_and_then_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        del tag
        if "SEARCH" not in command:
            return False
        with suppress(OSError):
            while not over.wait(0.02):
                connection.sendall(b"x")
        return True

    with server(answer) as plan:
        box = Mailbox(plan)
        monkeypatch.setattr(imap_line, "ANSWER_SECONDS", 0.4)
        with pytest.raises(MailboxError, match=r"goes on for 0 s|timed out"):
            box.uids_after(0, date(2026, 1, 1))
        over.set()
        box.hang_up()


def test_a_list_of_numbers_of_over_a_million_octets_is_read() -> None:
    numbers = " ".join(map(str, range(1_000_000, 1_200_000)))
    with server(on("SEARCH", f"* SEARCH {numbers}\r\n{{tag}} OK done\r\n")) as plan:
        box = Mailbox(plan)
        assert len(box.uids_after(5, date(2026, 1, 1))) == 200_000
        box.hang_up()


async def test_a_process_that_ends_cuts_the_line_to_a_server_that_stalls(sqlite_url: str) -> None:
    asked = threading.Event()

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        del connection, tag
        if "SEARCH" in command:
            asked.set()
        return "SEARCH" in command

    with server(answer) as plan:
        async with read(sqlite_url, plan):

            async def is_asked() -> bool:
                return asked.is_set()

            await until_true(is_asked)
            begun = time.monotonic()
        assert time.monotonic() - begun < imap_line.SECONDS - 5
        database = Database(sqlite_url)
        async with database.reading() as session:
            assert (await session.get_one(IntakeDoor, "imap")).fault == {}
        await database.close()
