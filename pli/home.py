"""Where a database is at home: notices one that wakes up in the past, or elsewhere.

A backup that is brought back, and a copy of a folder, hold campaigns that may have gone on without
them. Three things show it:

* each engine raises a counter in the database, and notes it in this machine's journal folder: a
  database behind the note is older than what this machine has seen;
* a SQLite database keeps inode and path of its file: another inode is another file. The same inode
  under another path was moved;
* a file that `pli db backup` wrote says so.

A folder without a note proves nothing, and a note that is behind is that of another machine.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.errors import PliError
from pli.language import N_, Sentence, say
from pli.tables import Home

log = logging.getLogger("pli.database")

COUNT_SECONDS = 60.0
"""So often a running engine raises the counter: a copy from before then is known as older."""
_SUFFIX = ".home"
_OLDER = N_("this database is older than what this machine has noted of its sendings")


class NotAtHome(PliError):
    """The database is older than what this machine knows, or a copy: a person must adopt it."""


class Count(NamedTuple):
    """How often a database was adopted, then how often an engine raised the counter.

    An engine does so when it starts, every minute, and when it ends.
    """

    adopted: int
    starts: int


@dataclass(frozen=True, slots=True)
class Here:
    """This place: the file of SQLite (None on PostgreSQL), and the folder of this machine's notes.

    `installation` names the keys that belong to the database: a folder may serve several.
    """

    file: Path | None
    folder: Path
    installation: str

    def noted(self) -> Count | None:
        """The count that this machine has noted last; None if it has none, or none to be read."""
        try:
            kept = json.loads(self._note.read_text())
            return Count(int(kept["adopted"]), int(kept["starts"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("home.unreadable", extra={"reason": type(error).__name__})
            return None

    def note(self, count: Count) -> None:
        """Note a count that the database has committed; one that is behind the last is not noted.

        What cannot be noted is told in the log: it proves nothing later, and stops nothing now.
        """
        if (self.noted() or Count(0, 0)) >= count:
            return
        new = self._note.with_suffix(f".{os.getpid()}.new")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new.open("w") as file:
                json.dump(count._asdict(), file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._note)
        except OSError as error:
            log.warning("home.not_noted", extra={"reason": str(error)})

    def inode(self) -> str | None:
        """The number of the file that is there now."""
        return str(self.file.stat().st_ino) if self.file else None

    @property
    def _note(self) -> Path:
        return self.folder / f"{self.installation[:32]}{_SUFFIX}"


async def stranger(session: AsyncSession, here: Here, *, lock: bool = False) -> Sentence | None:
    """Why this database is not at home here; None if nothing shows it.

    The session must not have read anything yet. `lock`: nobody adopts it until the session ends.
    """
    # The note first: whoever counts and notes meanwhile is then in the row, or in neither.
    noted = here.noted()
    row = select(Home).with_for_update() if lock else select(Home)
    home = (await session.execute(row)).scalar_one()
    if home.backup_of is not None:
        return say(N_("this database is a backup of {time}"), time=home.backup_of)
    if here.file is not None and home.inode not in (None, here.inode()):
        if home.path == str(here.file):
            return say(
                N_("{file} is another file than before, so a copy or a backup brought back"),
                file=str(here.file),
            )
        return say(
            N_("this database is a copy: its file was {before}, and now is {file}"),
            before=home.path,
            file=str(here.file),
        )
    if noted is not None and Count(home.adopted, home.starts) < noted:
        return say(_OLDER)
    return None


async def adopt(session: AsyncSession, here: Here) -> Count:
    """The database is at home here from now on; the count to note once this is committed.

    Whoever wakes up with an earlier state of it is older from then on, on this machine.
    """
    home = (await session.execute(select(Home))).scalar_one()
    before = max(Count(home.adopted, home.starts), here.noted() or Count(0, 0))
    count = Count(before.adopted + 1, before.starts)
    await session.execute(
        update(Home).values(
            adopted=count.adopted,
            starts=count.starts,
            inode=here.inode(),
            path=str(here.file) if here.file else None,
            backup_of=None,
        )
    )
    return count


async def counted(session: AsyncSession) -> Count:
    """The count as the database has it."""
    row = await session.execute(select(Home.adopted, Home.starts))
    return Count(*row.one())


async def begin(session: AsyncSession, here: Here) -> Count:
    """An engine begins to work: raise the counter, and follow a file that was moved.

    Raises NotAtHome.
    """
    if why := await stranger(session, here):
        raise refusal(why)
    if here.file is not None:
        await session.execute(update(Home).values(inode=here.inode(), path=str(here.file)))
    return await count_on(session)


async def count_on(session: AsyncSession) -> Count:
    """Raise the counter; the count to note once this is committed."""
    raised = await session.execute(
        update(Home).values(starts=Home.starts + 1).returning(Home.adopted, Home.starts)
    )
    return Count(*raised.one())


def refuse_an_older(raised: Count, before: Count) -> None:
    """Raise NotAtHome if a counter that was raised is not higher: the database has gone back."""
    if raised <= before:
        raise refusal(say(_OLDER))


def settle_in(connection: Connection, file: Path) -> None:
    """Write down where a new SQLite database lies; one that knows its place keeps it."""
    connection.execute(
        update(Home)
        .where(Home.inode.is_(None), Home.backup_of.is_(None))
        .values(inode=str(file.stat().st_ino), path=str(file))
    )


async def mark_backup(session: AsyncSession, *, time: str) -> None:
    """This file is a backup: it is at home nowhere."""
    await session.execute(update(Home).values(backup_of=time, inode=None, path=None))


def refusal(why: Sentence) -> NotAtHome:
    """What a person is told who would send from it."""
    return NotAtHome(
        N_('{why}: "pli db adopt" says what may be sent twice, and lets it send from here'), why=why
    )
