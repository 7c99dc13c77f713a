"""The schema's version: `pli db upgrade` migrates to it, every other command only checks it.

A version is the number with which the name of its migration's file begins. Only `upgrade` loads
alembic, for every other command would wait for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, column, delete, func, insert, inspect, select, table
from sqlalchemy.exc import DBAPIError

from pli import __version__, home
from pli.columns import SQLITE
from pli.database import Database, DatabaseError, away
from pli.files import shipped
from pli.language import N_
from pli.queue_names import QUEUES
from pli.tables import Program

if TYPE_CHECKING:
    from alembic.config import Config

_QUEUES = "0017"
"""The migration that makes the queues."""
_ALEMBIC = table("alembic_version", column("version_num"))


def versions() -> list[str]:
    """All versions that this program knows, the oldest first."""
    files = (shipped("migrations") / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def head() -> str:
    """The version that this program works on."""
    return versions()[-1]


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Run the missing migrations; the versions before (None if there was none) and after.

    Queues that a copy of the database left out are made anew: they hold nothing that is missed.
    Refuses a database of a newer program, and leaves it untouched. A step that fails is undone
    whole. Raises DatabaseError.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    wanted, file = head(), database.file

    def run(connection: Connection) -> str | None:
        before = _version(connection)
        config = Config()
        config.set_main_option("script_location", str(shipped("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if not _has_queues(connection):
            _make_queues(connection, config)
        connection.execute(delete(Program))
        connection.execute(insert(Program).values(version=__version__))
        if file is not None:
            home.settle_in(connection, file)
        return before

    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        async with database.writer.begin() as connection:
            before = await connection.run_sync(run)
    except CommandError:
        raise _newer() from None
    except (DBAPIError, OSError) as error:
        raise away(error) from None
    return before, wanted


async def check(database: Database) -> None:
    """Refuse with DatabaseError a database that is missing, or that another version migrated.

    All processes on one database must be of one version: a worker of an older version would compose
    and judge copies by older rules.
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
            complete = await connection.run_sync(_has_queues)
    except (DBAPIError, OSError) as error:
        raise away(error) from None
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
        if not complete:
            raise DatabaseError(
                N_('the queues are missing in this copy of a database: run "pli db upgrade"')
            )
        return
    if version is None or version in versions():
        raise DatabaseError(
            N_('the database is older than this program: run "pli db upgrade" (a backup first)')
        )
    raise _newer()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_ALEMBIC.name):
        return None
    return connection.scalar(select(_ALEMBIC.c.version_num))


def _has_queues(connection: Connection) -> bool:
    if connection.dialect.name == SQLITE:
        return True
    there = (func.to_regclass(it.table).is_not(None) for it in QUEUES)
    return bool(connection.scalar(select(and_(*there))))


def _make_queues(connection: Connection, config: Config) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    migration = ScriptDirectory.from_config(config).get_revision(_QUEUES).module
    with Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()


def _newer() -> DatabaseError:
    return DatabaseError(
        N_("the database is of a newer version of Pli: install that version, or a later one")
    )
