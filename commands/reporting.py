"""pli report: what became of a campaign's copies, as a table, JSON, CSV or a page."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
from rich.console import Console

from commands.common import LANGUAGE, Context, Installation, _, as_json, console, running, show
from commands.harmless_console import HarmlessConsole
from commands.report_table import SHOWN, draw
from mailer.models import Status
from mailer.report import copies, summary
from mailer.report.summary import Report, ReportError
from pli.harmless import harmless_json


@click.command(help=_("What became of each copy of a campaign: its id, or letter:294."))
@click.argument("campaign")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    help=_("csv has a row for every copy; html is one page that can be printed."),
)
@as_json
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("Write into this file.")
)
@running
async def report(
    context: Context, /, campaign: str, form: str, as_json: bool, output: Path | None
) -> None:
    """One report; refused at the end if the sum is not right."""
    if as_json and form not in ("table", "json"):
        raise click.UsageError(_("--json and --format say different things: give one of them"))
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            found = await summary.report(session, campaign_id)
        pieces = _pieces(
            installation, found, "json" if as_json else form, to_file=output is not None
        )
        if output is not None:
            await _write(output, pieces)
        else:
            async for piece in pieces:
                _to_stdout(piece, "json" if as_json else form)
    if not found.balanced:
        raise ReportError.listing(found.faults)


def _to_stdout(piece: str, form: str) -> None:
    """For a script as it is, and harmless for a terminal; a table is so by its console."""
    if form != "table" and sys.stdout.isatty():
        show(piece.replace("\r\n", "\n"), end=False)
    else:
        click.echo(piece, nl=False)


async def print_table(installation: Installation, campaign_id: int) -> None:
    """The report of a campaign as a table on stdout."""
    async with installation.database.reading() as session:
        found = await summary.report(session, campaign_id)
    await _table(installation, found, console())


async def _pieces(
    installation: Installation, found: Report, form: str, *, to_file: bool
) -> AsyncIterator[str]:
    """The report in one form, in pieces: of a great campaign the list never stands in memory."""
    if form == "json":
        yield harmless_json(json.dumps(found.as_json(), ensure_ascii=False, indent=2)) + "\n"
    elif form == "csv":
        async with installation.database.reading() as session:
            async for lines in copies.as_csv(session, found.campaign, installation.keys):
                yield lines
    elif form == "html":
        from mailer.report import html_page  # not above: only a page needs Jinja

        async with installation.database.reading() as session:
            yield await html_page.render(session, found, language=LANGUAGE)
    else:
        drawn: Console = console()
        if to_file:
            drawn = HarmlessConsole(file=io.StringIO(), width=100, highlight=False)
        with drawn.capture() as captured:
            await _table(installation, found, drawn)
        yield captured.get()


async def _table(installation: Installation, found: Report, drawn: Console) -> None:
    async with installation.database.reading() as session:
        shown = {
            status: await copies.by_status(session, found.campaign, status=status, limit=SHOWN)
            for status in (Status.FAILED, Status.UNCERTAIN)
        }
    draw(drawn, found, shown)


async def _write(path: Path, pieces: AsyncIterator[str]) -> None:
    """The whole file or none: what is half written never has its name."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            async for piece in pieces:
                file.write(piece)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
