"""The schema's version: `pli db upgrade` brings it up, every other command only checks it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DBAPIError

from pli import __version__
from pli.database import Database, DatabaseError, Program, unreachable
from pli.files import shipped
from pli.language import N_


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    return config


def head() -> str:
    """The version this program was made for."""
    version = ScriptDirectory.from_config(_config()).get_current_head()
    assert version is not None, "migrations/versions is empty"
    return version


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Run what migrations are missing; the versions before and after.

    A database of a newer program is refused untouched; each step is undone whole if it fails.
    """
    wanted = head()

    def run(connection: Connection) -> str | None:
        before = _version(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(delete(Program))
        connection.execute(insert(Program).values(version=__version__))
        return before

    if database.file is not None:
        Path(database.file).parent.mkdir(parents=True, exist_ok=True)
    try:
        async with database.writer.begin() as connection:
            before = await connection.run_sync(run)
    except CommandError:
        raise _newer() from None
    except (DBAPIError, OSError) as error:
        raise unreachable(error) from None
    return before, wanted


async def check(database: Database) -> None:
    """Refuse a database that is not there, or was brought up by another version of Pli.

    All processes on one database must be of one version: a worker of yesterday's would compose
    and judge copies by yesterday's rules.
    """
    if database.file is not None and not database.file.exists():
        raise DatabaseError(
            N_('{file}: no such database: run "pli init", or "pli db upgrade" to make it'),
            file=str(database.file),
        )
    try:
        async with database.reader.connect() as connection:
            version = await connection.run_sync(_version)
            program = await connection.scalar(select(Program.version)) if version == head() else ""
    except (DBAPIError, OSError) as error:
        raise unreachable(error) from None
    if version == head():
        if program != __version__:
            raise DatabaseError(
                N_(
                    "this is Pli {version}, and the database was brought up by {program}: "
                    'install one version everywhere, then run "pli db upgrade"'
                ),
                version=__version__,
                program=program or "?",
            )
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version is None or version in known:
        raise DatabaseError(
            N_('the database is older than this program: run "pli db upgrade" (a backup first)')
        )
    raise _newer()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newer() -> DatabaseError:
    return DatabaseError(
        N_("the database is of a newer version of Pli: install that version, or a later one")
    )
