"""The door that is a folder: a Maildir into which a mail server delivers.

A mail is claimed by a rename into `cur`, and marked as seen once it is committed. What a reader
that died had claimed carries no mark, and is taken again: the hash makes that harmless.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from mailer.intake import taking
from mailer.intake.taking import Taken
from pli.database import Database, DatabaseAway
from pli.errors import PliError, reason_of
from pli.faults import place_of
from pli.language import N_, Sentence, say

log = logging.getLogger("pli.intake")

DOOR = "maildir"
LOCK = ".pli.lock"
TOGETHER = 50
"""Mails that are taken in one transaction."""


class MaildirError(PliError):
    """The folder is no Maildir, or another process reads it."""


class Maildir:
    """One Maildir; `with` holds its lock, so that one process reads it at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.faults: list[Sentence] = []
        """What was wrong with single mails; the others went on. Each is told once."""
        self._told: set[tuple[str, int | None]] = set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock while the block inside runs; raises MaildirError."""
        missing = [it for it in ("new", "cur") if not (self._folder / it).is_dir()]
        if missing:
            raise MaildirError(
                N_("{folder}: is no Maildir: it has no folder “{missing}”"),
                folder=str(self._folder),
                missing=missing[0],
            )
        try:
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise MaildirError(
                N_("{place}: {reason}"), place=str(self._folder / LOCK), reason=reason_of(error)
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise MaildirError(
                N_("{folder}: another process reads it"), folder=str(self._folder)
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    async def read(self, database: Database, came_to: str = "") -> AsyncIterator[Taken]:
        """Take each mail that waits, and yield what became of it. DatabaseAway leaves the rest."""
        waiting = self._waiting()
        while some := list(islice(waiting, TOGETHER)):
            found = [(it, raw) for it in some if (raw := self._opened(it)) is not None]
            try:
                taken = await self._keep(database, found, came_to)
            except DatabaseAway:
                raise
            # A fault of ours with one of them must not hold up the others.
            except Exception:
                taken = [it for one in found async for it in self._alone(database, one, came_to)]
            for it in taken:
                yield it

    async def _keep(
        self, database: Database, found: Sequence[tuple[Path, bytes]], came_to: str
    ) -> list[Taken]:
        async with database.begin() as session:
            now = datetime.now(UTC)
            taken = [
                await taking.take(session, raw=raw, came_to=came_to, by=DOOR, now=now)
                for _, raw in found
            ]
        for path, _ in found:
            self._mark(path)
        return taken

    async def _alone(
        self, database: Database, found: tuple[Path, bytes], came_to: str
    ) -> AsyncIterator[Taken]:
        """Take one mail; one that a fault of ours keeps from that stays, and is told."""
        try:
            for it in await self._keep(database, [found], came_to):
                yield it
        except DatabaseAway:
            raise
        except Exception as error:
            log.error(
                "intake.door_fault",
                extra={"door": DOOR, "error": type(error).__name__, "at": place_of(error)},
            )
            self._say(found[0], None, say(N_("a fault of Pli: see the log")))

    def _waiting(self) -> Iterator[Path]:
        """Yield what was claimed before and not marked, then what is new, each claimed."""
        for path in sorted((self._folder / "cur").iterdir()):
            if not path.name.startswith(".") and "S" not in path.name.partition(":2,")[2]:
                yield path
        for path in sorted((self._folder / "new").iterdir()):
            if path.name.startswith("."):
                continue
            name = path.name.partition(":2,")[0]
            claimed = self._folder / "cur" / f"{name}:2,"
            try:
                path.rename(claimed)
            except FileNotFoundError:  # somebody took it away meanwhile
                continue
            except OSError as error:
                self._tell(path, error)
                continue
            yield claimed

    def _opened(self, path: Path) -> bytes | None:
        """The beginning of a mail; None, and told: it is no file, or cannot be read."""
        try:
            # Opening a pipe would wait for ever, and a link may lead to what is no mail.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    with os.fdopen(descriptor, "rb", closefd=False) as file:
                        return file.read(taking.LARGEST)
            finally:
                os.close(descriptor)
            self._say(path, None, say(N_("is no file")))
            return None
        except OSError as error:
            self._tell(path, error)
            return None

    def _mark(self, path: Path) -> None:
        """Mark a mail as seen; without room for that it is taken again, which does nothing."""
        flags = "".join(sorted({*path.name.partition(":2,")[2], "S"}))
        try:
            path.rename(path.with_name(f"{path.name.partition(':2,')[0]}:2,{flags}"))
        except OSError as error:
            self._tell(path, error)

    def _tell(self, path: Path, error: OSError) -> None:
        self._say(path, error.errno, reason_of(error))

    def _say(self, path: Path, number: int | None, reason: Sentence | str) -> None:
        if (path.name, number) in self._told:
            return
        self._told.add((path.name, number))
        log.warning("intake.maildir", extra={"reason": os.strerror(number) if number else "fault"})
        self.faults.append(say(N_("{place}: {reason}"), place=str(path), reason=reason))
