"""A process that reads a mailbox and works on its mails, and kills itself at one point.

`python -m tests.mailer.intake.killed_reader DATABASE MAILBOX POINT`: POINT is where it dies, or
"never": then it ends when nothing is left to be done.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from mailer.intake import taking, waiting, working
from mailer.intake.imap_client import Mailbox, MailboxPlan
from mailer.intake.imap_door import ImapDoor
from pli.database import Database
from tests.mailer.intake.coming_in import means

POINTS = ("fetched", "taken", "committed", "worked", "recorded", "filed")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def set_to_die(point: str) -> None:
    """Let the process die at the third mail, or at the point's first time."""
    taken, noted, fetched, file = taking.take, waiting.note, Mailbox.fetched, Mailbox.file
    count = 0

    async def take(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        answer = await taken(*arguments, **named)
        count += 1
        if point == "taken" and count == 3:
            dies()
        return answer

    def note(*arguments: Any, **named: Any) -> None:
        noted(*arguments, **named)
        if point == "worked":  # all of them, and not committed
            dies()

    def fetch(box: Mailbox, uid: int) -> bytes | None:
        nonlocal count
        raw = fetched(box, uid)
        count += point == "fetched"
        if point == "fetched" and count == 3:
            dies()
        return raw

    def filing(box: Mailbox, uids: Any) -> None:
        file(box, uids)
        if point == "filed":
            dies()

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (taking, "take", take),
        (waiting, "note", note),
        (Mailbox, "fetched", fetch),
        (Mailbox, "file", filing),
    )
    for owner, name, function in replaced:
        setattr(owner, name, function)


async def main(url: str, mailbox: str, point: str) -> None:
    set_to_die(point)
    database = Database(url)
    plan = MailboxPlan.parse("imap", mailbox, "delete")
    door = ImapDoor(database, plan, keep_days=90)
    box = await asyncio.to_thread(Mailbox, plan)
    assert await door._hold()
    while True:
        new = await door.read(box)
        if point == "committed":
            dies()
        worked = await working.work_all(database, means())
        if point == "recorded":
            dies()
        if not new and not worked and not await door._file(box):
            break
    box.hang_up()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
