"""pli db copy: copies an installation from SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from commands.common import Context, Installation, _, as_json, console, running, show_json, tell
from commands.engine_turn import lock_of, take
from commands.handing_over import HandedOver
from mailer.campaign import jobs
from pli import copying, home, secret_urls
from pli.database import Database, DatabaseError
from pli.errors import PliError
from pli.language import N_, say

ROLES = ("engine", "serve")


class CopyError(PliError):
    """Nothing was copied."""


@click.command(help=_("Copy this installation from SQLite into an empty PostgreSQL database."))
@click.option(
    "--to",
    "url",
    required=True,
    type=HandedOver(),
    help="postgresql+asyncpg://USER:PASSWORD@HOST/NAME",
)
@as_json
@running
async def copy(context: Context, url: str, as_json: bool) -> None:
    """Copy every table; the source stays as it is. The last line says what to change then."""
    target = _target(url)
    try:
        async with context.open() as installation:
            await installation.refuse_a_stranger()
            with _held(installation), _progress(quiet=as_json) as bar:
                task = bar.add_task("", total=await copying.rows_of(installation.database))

                def told(table: str, rows: int) -> None:
                    bar.update(task, advance=rows, description=table)

                counts = await copying.copy(
                    installation.database, target, told=told, fill=jobs.offer_all
                )
                async with target.reading() as session:
                    count = await home.counted(session)
                installation.here.note(count)
    finally:
        await target.close()
    if as_json:
        show_json({"tables": counts, "rows": sum(counts.values())})
        return
    tell(
        say(
            N_(
                "Copied: {rows} rows in {tables} tables, the sums compared. Now set database_url "
                "in pli.toml to {url} (with its password), and keep the old file as a backup: "
                "nothing must be sent from it any more."
            ),
            rows=sum(counts.values()),
            tables=len(counts),
            url=secret_urls.shown(target.url.render_as_string(hide_password=False)),
        )
    )


def _target(url: str) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _no_target() from None
    if parsed.get_backend_name() != "postgresql":
        raise _no_target()
    asynchronous = parsed.set(drivername="postgresql+asyncpg")
    return Database(asynchronous.render_as_string(hide_password=False))


def _no_target() -> DatabaseError:
    return DatabaseError(N_("only from SQLite to PostgreSQL: postgresql+asyncpg://…"))


@contextmanager
def _held(installation: Installation) -> Iterator[None]:
    """Keep engine and server from running meanwhile: the copy would lack what they write."""
    with ExitStack() as stack:
        for role in ROLES:
            lock = lock_of(installation, role)
            if lock is None:
                raise _no_target()
            if not take(lock, "pli db copy"):
                owner = lock.owner()
                raise CopyError(
                    N_("{command} (process {pid}) works on this database: end it first"),
                    command=owner.command if owner else "?",
                    pid=owner.pid if owner else "?",
                )
            stack.callback(lock.release)
        yield


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        disable=quiet,
    )
