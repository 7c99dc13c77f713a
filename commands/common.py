"""What every command shares: settings, the open installation, the language, and how to show.

A command parses, calls one verb and shows the answer. It raises PliError for what a person can
mend; `cli.main` turns that into one line a fault and exit 1.
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

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pli.database import Database
    from pli.keys import Keys
    from pli.settings import Settings

P = ParamSpec("P")

LANGUAGE = terminal_language()
"""One process serves one terminal: its language is known when the commands are declared."""

_ = translations(LANGUAGE).gettext


@dataclass(frozen=True, slots=True)
class Installation:
    """What a command works with once the doors are open."""

    settings: Settings
    keys: Keys
    database: Database


@dataclass(frozen=True, slots=True)
class Context:
    """What the options before the command's name said."""

    config: Path | None

    def settings(self, **overrides: Any) -> Settings:
        """The settings, read anew."""
        # Not above: pydantic takes as long to load as all that `pli --help` needs.
        from pli import settings

        return settings.read(self.config, **overrides)

    @asynccontextmanager
    async def open(self, **overrides: Any) -> AsyncIterator[Installation]:
        """Settings, keys and database, checked against each other; closed at the end."""
        values = self.settings(**overrides)
        async with open_installation(values) as installation:
            yield installation


@asynccontextmanager
async def open_installation(values: Settings) -> AsyncIterator[Installation]:
    """Keys and database of these settings, checked against each other; closed at the end."""
    # Not above: SQLAlchemy is half of what a command loads, and not every command has a database.
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
        yield Installation(values, keys, database)
    finally:
        await database.close()


def running(
    function: Callable[Concatenate[Context, P], Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Make an async function a command's body: it gets the Context first, and a loop of its own."""

    @click.pass_obj
    @wraps(function)
    def body(context: Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        # Not above: help needs neither asyncio nor uvloop.
        from pli import interpreter

        interpreter.run(function(context, *args, **kwargs))

    return body


as_json = click.option("--json", "as_json", is_flag=True, help=_("Print JSON, for scripts."))


def show_json(document: Any) -> None:
    """One JSON document on stdout; moments as ISO 8601 in UTC."""
    click.echo(harmless_json(json.dumps(document, ensure_ascii=False, indent=2, default=_as_text)))


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return value.value if isinstance(value, Enum) else str(value)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The hour a command was called at: what verbs receive as `now`."""
    return datetime.now(UTC)


def console(*, stderr: bool = False) -> Console:
    """Where tables and progress are drawn; plain text when it is no terminal."""
    # Not above: what is said in a line, or in JSON, needs no Rich.
    from commands.harmless_console import HarmlessConsole

    # Markup off: a relay's answer or a letter's title may have brackets, and they mean nothing.
    return HarmlessConsole(
        stderr=stderr, highlight=False, markup=False, soft_wrap=not sys.stdout.isatty()
    )


def new_table(*heads: str, show_header: bool = True) -> Table:
    """A table without lines, for `console()`."""
    from rich.table import Table  # not above, as in `console`

    return Table(*heads, box=None, show_header=show_header)


def tell(sentence: Sentence, *, stderr: bool = False) -> None:
    """Tell the person at the terminal one sentence."""
    show(sentence.tell(LANGUAGE), stderr=stderr)


def show(text: str, *, stderr: bool = False, end: bool = True) -> None:
    """Show a text on the terminal, which may come from outside; with `end`, end its line."""
    click.echo(harmless(text), nl=end, err=stderr)


@contextmanager
def answering() -> Iterator[None]:
    """While a person is asked, Ctrl-C ends at once; asyncio would only cancel a waiting task."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def confirm(question: Sentence, *, yes: bool) -> bool:
    """Ask; `yes` answers beforehand, and without a terminal nobody can be asked: refused."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise PliError(N_('{question} There is no terminal to ask: add "--yes"'), question=question)
    text = harmless(question.tell(LANGUAGE)) + _(" [y/N]")
    with answering():
        answer = click.prompt(text, default="", show_default=False)
    return answer.strip().lower() in ("y", "yes", _("y"), _("yes"))
