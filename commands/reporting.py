"""pli report: shows what became of a campaign's copies, as a table, JSON, CSV or a page."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console

from accounts.abilities import Ability
from commands.acting import acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    as_json,
    console,
    now,
    running,
    show,
)
from commands.harmless_console import HarmlessConsole
from commands.report_table import SHOWN, draw
from mailer.campaign.finding import lists_of
from mailer.models import Status
from mailer.report import copies, summary, viewing
from mailer.report.summary import Report, ReportError
from pli.harmless import harmless_json
from pli.hours import zone_of

ONE_BY_ONE = (Status.FAILED, Status.UNCERTAIN)


@click.command(help=_("What became of each copy of a campaign: its id, or letter:294."))
@click.argument("campaigns", nargs=-1, required=True, metavar="CAMPAIGN")
@click.option(
    "--compare", is_flag=True, help=_("Letters side by side: name up to twelve campaigns.")
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "xlsx", "html"]),
    default="table",
    help=_("csv and xlsx have a row for every copy; html is one page that can be printed."),
)
@click.option(
    "--excel", is_flag=True, help=_("With --format csv: as a French Excel opens it (; and UTF-8).")
)
@as_json
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("Write into this file.")
)
@by_option
@running
async def report(
    context: Context,
    /,
    campaigns: Sequence[str],
    compare: bool,
    form: str,
    excel: bool,
    as_json: bool,
    output: Path | None,
    person: str | None,
) -> None:
    """Show or write one report; a wrong balance is an error after that."""
    if as_json and form not in ("table", "json"):
        raise click.UsageError(_("--json and --format say different things: give one of them"))
    if excel and form != "csv":
        raise click.UsageError(_("--excel belongs to --format csv"))
    if form == "xlsx" and output is None and sys.stdout.isatty():
        raise click.UsageError(_("a workbook is no text: say --output FILE.xlsx"))
    if compare and (form not in ("table", "json") or output is not None):
        raise click.UsageError(_("--compare shows a table or JSON"))
    if len(campaigns) > 1 and not compare:
        raise click.UsageError(_("name one campaign, or say --compare"))
    async with context.open() as installation:
        if compare:
            from commands import report_comparison  # not above: one report does not need it

            wants_json = as_json or form == "json"
            await report_comparison.show(installation, campaigns, as_json=wants_json, person=person)
            return
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaigns[0])
            found = await summary.report(session, campaign_id)
        shown = "json" if as_json else "excel" if excel else form
        await _note(installation, found, shown, person)
        if form == "xlsx":
            await _write_workbook(installation, found, output)
        else:
            pieces = _pieces(installation, found, shown, to_file=output is not None)
            await _write(output, pieces, shown)
    if not found.balanced:
        raise ReportError.listing(found.faults)


def _to_stdout(piece: str, form: str) -> None:
    """Write for a script as it is, and harmless on a terminal; a table is so by its console."""
    if form != "table" and sys.stdout.isatty():
        show(piece.replace("\r\n", "\n"), end=False)
    else:
        click.echo(piece, nl=False)


async def print_table(installation: Installation, campaign_id: int) -> None:
    """Print the report of a campaign as a table on stdout."""
    async with installation.database.reading() as session:
        found = await summary.report(session, campaign_id)
    await _note(installation, found, "table", None)
    await _table(installation, found, console())


def _listed(found: Report, form: str) -> int:
    """How many people a report names in this form."""
    if form == "json":
        return 0
    if form == "table":
        return sum(min(found.of(it), SHOWN) for it in ONE_BY_ONE)
    if form == "html":
        from mailer.report import html_page  # not above: only a page needs Jinja

        return html_page.listed(found)
    return found.candidates


async def _note(installation: Installation, found: Report, form: str, person: str | None) -> None:
    """Note who looks at how many people's copies, before they are shown."""
    people = _listed(found, form)
    may = Ability.SEE_COPIES if people else Ability.SEE_NUMBERS
    async with installation.database.begin() as session:
        its = await lists_of(session, campaign_id=found.campaign)
        viewing.note_people(
            session,
            count=people,
            how=form,
            campaign_id=found.campaign,
            by=await acting(session, person, may, lists=its),
            now=now(),
        )


async def _pieces(
    installation: Installation, found: Report, form: str, *, to_file: bool
) -> AsyncIterator[str]:
    """Yield the report in one format, in pieces: memory never holds the CSV of a large campaign."""
    if form == "json":
        yield harmless_json(json.dumps(found.as_json(), ensure_ascii=False, indent=2)) + "\n"
    elif form in ("csv", "excel"):
        async with installation.database.reading() as session:
            async for lines in copies.as_csv(
                session, found.campaign, installation.keys, excel=form == "excel"
            ):
                yield lines
    elif form == "html":
        from mailer.report import html_page  # not above: only a page needs Jinja

        async with installation.database.reading() as session:
            yield await html_page.render(
                session,
                found,
                language=LANGUAGE,
                zone=zone_of(installation.settings.timezone),
            )
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
            for status in ONE_BY_ONE
        }
    draw(drawn, found, shown, zone_of(installation.settings.timezone))


async def _write(path: Path | None, pieces: AsyncIterator[str], form: str) -> None:
    """Write the report into the file, or onto stdout."""
    if path is None:
        async for piece in pieces:
            _to_stdout(piece, form)
        return
    with _whole(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        async for piece in pieces:
            file.write(piece)


async def _write_workbook(installation: Installation, found: Report, path: Path | None) -> None:
    """Write the workbook into the file, or as bytes onto stdout."""
    from mailer.report import workbook  # not above: only this form needs it

    async with installation.database.reading() as session:
        if path is not None:
            with _whole(path) as unfinished:
                await workbook.write(session, found.campaign, installation.keys, unfinished)
            return
        with TemporaryDirectory(prefix="pli-") as folder:
            file = Path(folder) / "report.xlsx"
            await workbook.write(session, found.campaign, installation.keys, file)
            sys.stdout.buffer.write(file.read_bytes())


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give the whole file its name at the end: a file that is half written has another name."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
