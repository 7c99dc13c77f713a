"""What every command uses: settings, the open installation, the language, and how to show.

A command parses, calls one verb and shows the answer. It raises PliError for what a person can
mend; `cli.main` prints that error, one line a fault, and exits with 1.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from pli import logs
from pli.errors import PliError
from pli.harmless import harmless, harmless_json
from pli.language import N_, Sentence, terminal_language, translations
from pli.relay_names import MAIN

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pli.database import Database
    from pli.home import Here
    from pli.keys import Keys
    from pli.settings import Settings

P = ParamSpec("P")

LANGUAGE = terminal_language()
"""The terminal's language; a process has one terminal, so help texts are translated at import."""

_ = translations(LANGUAGE).gettext


@dataclass(frozen=True, slots=True)
class Installation:
    """What a command works with: the settings, the keys and the open database."""

    settings: Settings
    keys: Keys
    database: Database

    @property
    def here(self) -> Here:
        """This place, by which the database knows whether it is at home."""
        return here_of(self.settings, self.keys, self.database)

    async def refuse_a_stranger(self) -> None:
        """Raise NotAtHome if the database is older than what this machine knows, or a copy."""
        from pli import home  # not above: who only looks asks nothing of the kind

        async with self.database.reading() as session:
            why = await home.stranger(session, self.here)
        if why is not None:
            raise home.refusal(why)


@dataclass(frozen=True, slots=True)
class Context:
    """The options that stand before the command's name."""

    config: Path | None

    def settings(self, **overrides: Any) -> Settings:
        """Read the settings anew."""
        # Imported here: pydantic takes as long to load as all that `pli --help` needs.
        from pli import settings

        return settings.read(self.config, **overrides)

    @asynccontextmanager
    async def open(self, **overrides: Any) -> AsyncIterator[Installation]:
        """Open the installation of the settings file, with `overrides`; closed at the end."""
        values = self.settings(**overrides)
        async with open_installation(values) as installation:
            yield installation


@asynccontextmanager
async def open_installation(values: Settings) -> AsyncIterator[Installation]:
    """Open keys and database of these settings, and check that they match; closed at the end."""
    # Imported here: SQLAlchemy is half of what a command loads, and some need no database.
    from pli import database as databases
    from pli import keys as key_ring
    from pli import schema

    logs.configure(values.log_format, values.log_level)
    keys = key_ring.read(values.keys_file)
    database = databases.Database(values.database_url)
    try:
        await schema.check(database)
        async with database.begin() as session:
            await databases.check_keys(session, keys)
        await _settle_in(database, here_of(values, keys, database))
        yield Installation(values, keys, database)
    finally:
        await database.close()


def here_of(values: Settings, keys: Keys, database: Database) -> Here:
    """This place: the database's file, and this machine's notes."""
    from pli.home import Here  # not above, as in `open_installation`

    return Here(database.file, values.journal_folder, keys.fingerprints()["address"])


async def _settle_in(database: Database, here: Here) -> None:
    """A copied database in which nothing was begun is at home where it is opened."""
    from pli import home  # not above, as in `open_installation`

    async with database.reading() as session:
        if await home.stranger(session, here) is None:
            return
    from mailer.campaign import adoption  # not above: hardly any database was copied

    async with database.begin() as session:
        if await adoption.anything_at_stake(session):
            return
        count = await home.adopt(session, here)
    here.note(count)


def running(
    function: Callable[Concatenate[Context, P], Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Make an async function the body of a command: it gets the Context, and runs in a new loop."""

    @click.pass_obj
    @wraps(function)
    def body(context: Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        # Imported here: help needs neither asyncio nor uvloop.
        from pli import interpreter

        interpreter.run(function(context, *args, **kwargs))

    return body


as_json = click.option("--json", "as_json", is_flag=True, help=_("Print JSON, for scripts."))


def show_json(document: Any) -> None:
    """Print one JSON document on stdout, with datetimes as ISO 8601 in UTC."""
    click.echo(harmless_json(json.dumps(document, ensure_ascii=False, indent=2, default=_as_text)))


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return value.value if isinstance(value, Enum) else str(value)


def relay_names(settings: Settings) -> tuple[str, ...]:
    """The names of the relays, in order."""
    return (MAIN, *settings.relays)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The time that commands give to verbs as `now`."""
    return datetime.now(UTC)


def console(*, stderr: bool = False) -> Console:
    """Where tables and progress are drawn; plain text if the output is no terminal."""
    # Imported here: output of plain lines or of JSON needs no Rich.
    from commands.harmless_console import HarmlessConsole

    # No markup: brackets in a relay's answer or a letter's title are no styles.
    return HarmlessConsole(
        stderr=stderr, highlight=False, markup=False, soft_wrap=not sys.stdout.isatty()
    )


def new_table(*heads: str, show_header: bool = True) -> Table:
    """A table without lines, for `console()`."""
    from rich.table import Table  # not above, as in `console`

    return Table(*heads, box=None, show_header=show_header)


def tell(sentence: Sentence, *, stderr: bool = False) -> None:
    """Print one sentence in the terminal's language."""
    show(sentence.tell(LANGUAGE), stderr=stderr)


def show(text: str, *, stderr: bool = False, end: bool = True) -> None:
    """Show a text on the terminal, which may come from outside; with `end`, end its line."""
    click.echo(harmless(text), nl=end, err=stderr)


@contextmanager
def answering() -> Iterator[None]:
    """Let Ctrl-C end the command at once inside; asyncio would only cancel a task that awaits."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def declined() -> PliError:
    """The refusal of a person who answered no: the command is not done, so it exits with 1."""
    return PliError(N_("You said no: nothing was changed."))


def at_a_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def confirm(question: Sentence, *, yes: bool) -> bool:
    """Ask a person, unless `yes` answers already; refused if there is no terminal to ask at."""
    if yes:
        return True
    if not at_a_terminal():
        raise PliError(N_('{question} There is no terminal to ask: add "--yes"'), question=question)
    text = harmless(question.tell(LANGUAGE)) + _(" [y/N]")
    with answering():
        answer = click.prompt(text, default="", show_default=False)
    return answer.strip().lower() in ("y", "yes", _("y"), _("yes"))
