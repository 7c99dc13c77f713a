"""Checks the keys, the database, the clock and the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError as SQLError
from sqlalchemy.exc import OperationalError

from pli import schema
from pli.checks import Check, fine, warn, wrong
from pli.database import Database, DatabaseAway, check_keys
from pli.errors import reason_of
from pli.hours import clock_time
from pli.keys import Keys
from pli.language import N_, Sentence, say

TOLERATED = timedelta(seconds=2)
"""How far two clocks may be apart; NTP keeps them within some milliseconds."""
TOO_FAR = timedelta(minutes=5)
"""Clocks further apart are an error: tries come late, and mail with a wrong date is spam."""
TIGHT_BYTES = 1_000_000_000
FULL_BYTES = 50_000_000
_QUICK_CHECK = text("PRAGMA quick_check(1)")
_JOURNAL_MODE = text("PRAGMA journal_mode")
_POSTGRESQL = text(
    """
    SELECT current_setting('server_version') AS version,
           pg_database_size(current_database()) AS bytes,
           pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool
             AS read_only,
           (SELECT count(*) FROM pg_index WHERE NOT indisvalid) AS invalid
    """
)


def keys(file: Path, ring: Keys, environment: Mapping[str, str] = os.environ) -> Check:
    """Which keys were read, and the file's mode; `keys.read` refuses one that others can read."""
    told = {
        "names": ", ".join(ring.tokens),
        "fingerprint": ring.fingerprints()["address"][:16],
    }
    if environment.get("PLI_KEYS"):
        return fine("keys", say(N_("from PLI_KEYS: {names}, fingerprint {fingerprint}"), **told))
    return fine(
        "keys",
        say(
            N_("{file}: {names}, fingerprint {fingerprint}, mode {mode}"),
            file=str(file),
            mode=f"{S_IMODE(file.stat().st_mode):o}",
            **told,
        ),
    )


async def database(database: Database, ring: Keys | None) -> list[Check]:
    """Whether the database is undamaged, of this version, writable, and made with these keys.

    Raises DatabaseError for another version, and KeysError for other keys.
    """
    if damage := await _damage(database):
        return [damage]
    await schema.check(database)
    found = [_sqlite(database)] if database.is_sqlite else await _postgresql(database)
    async with database.begin() as session:
        if ring is not None:
            await check_keys(session, ring)
    return found


async def _damage(database: Database) -> Check | None:
    """What is wrong with a SQLite file, by SQLite's quick_check of the whole; None if nothing."""
    file = database.file
    if file is None or not file.exists():
        return None
    try:
        async with database.reading() as session:
            reason = await session.scalar(_QUICK_CHECK)
            mode = await session.scalar(_JOURNAL_MODE)
    except DatabaseAway as error:
        cause = error.__cause__
        if not isinstance(cause, SQLError) or isinstance(cause, OperationalError):
            raise
        reason, mode = str(cause.orig), ""
    if reason != "ok":
        told = say(N_("{file} is damaged: {reason}"), file=str(file), reason=reason)
        remedy = say(N_("end every process, and bring back the last backup"))
        return wrong("database", told, remedy)
    if mode != "wal":
        told = say(N_("{file} keeps no write-ahead log there"), file=str(file))
        remedy = say(N_("move it to a local disk: a network's folder does not do"))
        return wrong("database", told, remedy)
    return None


def _sqlite(database: Database) -> Check:
    assert database.file is not None
    return fine(
        "database",
        say(
            N_("SQLite, {file}: whole, version {version}, {size}"),
            file=str(database.file),
            version=schema.head(),
            size=in_bytes(database.file.stat().st_size),
        ),
    )


async def _postgresql(database: Database) -> list[Check]:
    async with database.reading() as session:
        row = (await session.execute(_POSTGRESQL)).one()
    place = f"{database.url.host or 'localhost'}/{database.url.database}"
    if row.read_only:
        return [
            wrong(
                "database",
                say(N_("PostgreSQL at {place} can only be read"), place=place),
                say(N_("set database_url to the server that takes writes, not to its copy")),
            )
        ]
    told = fine(
        "database",
        say(
            N_("PostgreSQL {server} at {place}: version {version}, {size}"),
            server=row.version.split()[0],
            place=place,
            version=schema.head(),
            size=in_bytes(row.bytes),
        ),
    )
    if not row.invalid:
        return [told]
    return [
        told,
        warn(
            "database.indexes",
            say(N_("PostgreSQL has indexes that are not valid: {n}"), n=row.invalid),
            say(N_('"REINDEX DATABASE {name}" makes them anew'), name=database.url.database),
        ),
    ]


async def clock(database: Database, latest: datetime | None, zone: str = "UTC") -> Check:
    """Compare this machine's clock with the database's; `latest` is a moment surely over.

    Hours are told in `zone`.
    """
    before = datetime.now(UTC)
    there = await database.now()
    after = datetime.now(UTC)
    ahead = timedelta(0) if database.is_sqlite else there - (before + (after - before) / 2)
    return judge_clock(after, ahead, latest, zone)


def judge_clock(
    now: datetime, ahead: timedelta, latest: datetime | None, zone: str = "UTC"
) -> Check:
    """The finding if our clock says `now`, and the database's clock is `ahead` of ours.

    Hours are told in `zone`.
    """
    remedy = say(N_("let NTP set the clock (timedatectl set-ntp true)"))
    seconds = f"{abs(ahead.total_seconds()):.1f}"
    if latest is not None and latest > now + TOLERATED:
        told = say(
            N_("it is {now} here, but the database knows of {latest}: the clock was set back"),
            now=clock_time(now, zone),
            latest=clock_time(latest, zone),
        )
        return (wrong if latest > now + TOO_FAR else warn)("clock", told, remedy)
    if abs(ahead) <= TOLERATED:
        return fine(
            "clock",
            say(N_("{now}, as the database's within {n} s"), now=clock_time(now, zone), n=seconds),
        )
    told = say(
        N_("the database's clock is {n} s ahead")
        if ahead > timedelta(0)
        else N_("the database's clock is {n} s behind"),
        n=seconds,
    )
    return (wrong if abs(ahead) > TOO_FAR else warn)("clock", told, remedy)


def disk(name: str, folder: Path) -> Check:
    """Whether we may write into a folder, or where it will be made, and the disk has room."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free
    place = {"folder": str(folder), "free": in_bytes(free)}
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return wrong(
            name,
            say(N_("{folder} cannot be written to: {reason}"), reason=reason_of(error), **place),
            say(N_("let the user that runs Pli write there, or make room")),
        )
    if free < FULL_BYTES:
        return wrong(name, say(N_("{folder}: {free} free"), **place), say(N_("make room first")))
    if free < TIGHT_BYTES:
        return warn(name, say(N_("{folder}: {free} free"), **place), say(N_("make room soon")))
    return fine(name, say(N_("{folder}: {free} free"), **place))


def in_bytes(count: int) -> Sentence:
    """A number of bytes for people, in powers of a thousand."""
    if count >= 1_000_000_000:
        return say(N_("{n} GB"), n=f"{count / 1e9:.1f}")
    if count >= 1_000_000:
        return say(N_("{n} MB"), n=f"{count / 1e6:.0f}")
    return say(N_("{n} kB"), n=f"{count / 1e3:.0f}")
