"""pli intake maildir: takes the mails of a Maildir, once or for as long as it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import click

from commands.common import Context, Installation, _, running, tell
from commands.engine_room import interruptible
from mailer.intake.maildir import Maildir, MaildirError
from mailer.intake.taking import Taken
from pli.database import DatabaseAway
from pli.errors import PliError
from pli.language import N_, say, say_n
from pli.work import until

LOOK_SECONDS = 1.0


@click.command(help=_("Take the mails of a Maildir; each is marked as read once it is kept."))
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help=_("Go on with what arrives, until Ctrl-C."))
@running
async def maildir(context: Context, folder: Path, watch: bool) -> None:
    """Read the folder under its lock; a mail that cannot be read is told, and the others go on."""
    box = Maildir(folder)
    async with context.open() as installation:
        with box.held():
            if watch:
                await _watch(installation, box)
                return
            counted = Counter([it async for it in box.read(installation.database)])
    new = counted[Taken.NEW]
    tell(say_n("{n} mail was taken in.", "{n} mails were taken in.", new))
    if box.faults:
        raise MaildirError.listing(box.faults)


async def _watch(installation: Installation, box: Maildir) -> None:
    stop = asyncio.Event()
    async with interruptible(stop.set):
        tell(say(N_("Pli watches the Maildir. Ctrl-C ends it.")))
        away = False
        while not stop.is_set():
            try:
                async for _taken in box.read(installation.database):
                    pass
                away = False
            except DatabaseAway as error:
                if not away:
                    _tell_all(error)
                away = True
            for fault in box.faults:
                tell(fault, stderr=True)
            box.faults.clear()
            await until(stop, LOOK_SECONDS)


def _tell_all(error: PliError) -> None:
    for line in error.sentences:
        tell(line, stderr=True)
