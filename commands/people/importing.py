"""pli subscriber import: people read in from an office's CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import Progress

from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    console,
    now,
    running,
    show_json,
    tell,
)
from commands.people.options import PeopleError, basis_option, list_option, source_option
from pli.language import N_, Sentence, say, say_n
from subscribers import importing, lists
from subscribers.importing import ImportReport
from subscribers.models import Basis

SHOWN = 20


@click.command("import", help=_("Read people from a CSV file onto a list."))
@click.argument("file", type=click.Path(path_type=Path))
@list_option
@basis_option
@source_option
@click.option("--encoding", help=_("If the file's is not recognised: utf-8, cp1252 …"))
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def import_(
    context: Context,
    file: Path,
    name: str,
    basis: str,
    source: str,
    encoding: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """All of the file or nothing; a row that is no person is told with its line."""
    if not source.strip():
        raise PeopleError(N_("--source is empty: say where the addresses come from"))
    async with context.open() as installation:
        sheet = importing.read(file, encoding=encoding)
        rows = sum(1 for _row in sheet.rows())
        if not yes:
            async with installation.database.reading() as session:
                joined = await lists.find(session, name)
                with _counting(rows, quiet=as_json) as counted:
                    foreseen = await importing.preview(
                        session,
                        sheet,
                        list_id=joined.id if joined else None,
                        keys=installation.keys,
                        progress=counted,
                    )
            _refuse_all(foreseen, file)
            _show_rejected(foreseen, file)
            if not confirm(_foreseen(foreseen, name, is_new=joined is None), yes=False):
                raise click.Abort
        with _counting(rows, quiet=as_json) as counted:
            async with installation.database.begin() as session:
                joined = await lists.find(session, name)
                if joined is None:
                    joined = await lists.create(session, name=name, now=now())
                report = await importing.run(
                    session,
                    sheet,
                    list_id=joined.id,
                    basis=Basis(basis),
                    source=source,
                    keys=installation.keys,
                    file=file.name,
                    progress=counted,
                    now=now(),
                )
                _refuse_all(report, file)
    _show_import(report, as_json=as_json)
    if yes and not as_json:
        _show_rejected(report, file)


@contextmanager
def _counting(rows: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that a long import fills."""
    shown = Progress(console=console(stderr=True), disable=quiet, transient=True)
    with shown:
        task = shown.add_task(_("Reading"), total=rows)
        yield lambda done: shown.update(task, completed=done)


def _foreseen(report: ImportReport, name: str, *, is_new: bool) -> Sentence:
    return say(
        N_(
            "{added} to add to {list}, {updated} to change, {unchanged} as before, "
            "{objected} who objected or left, {rejected} that cannot be taken. Do it?"
        ),
        added=report.added,
        list=say(N_("the new list {name}"), name=name) if is_new else name,
        updated=report.updated,
        unchanged=report.unchanged,
        objected=report.objected,
        rejected=len(report.rejected),
    )


def _refuse_all(report: ImportReport, file: Path) -> None:
    """A file without one person in it is not an import but a mistake: nothing is kept of it."""
    if report.rejected and len(report.rejected) == report.rows:
        raise PeopleError.listing(_rejections(report, file))


def _rejections(report: ImportReport, file: Path) -> Iterator[Sentence]:
    for it in report.rejected[:SHOWN]:
        yield say(
            N_("{file}:{line}: {value}: {reason}"),
            file=file.name,
            line=it.line,
            value=it.value or "–",
            reason=it.reason,
        )
    if len(report.rejected) > SHOWN:
        yield say(N_("and {n} more: --json lists all"), n=len(report.rejected) - SHOWN)


def _show_import(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "added": report.added,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "objected": report.objected,
                "rejected": [
                    {"line": it.line, "value": it.value, "reason": it.reason.tell(LANGUAGE)}
                    for it in report.rejected
                ],
            }
        )
        return
    tell(
        say(
            N_("{added} added, {updated} changed, {unchanged} as before"),
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
        )
    )
    if report.objected:
        tell(
            say_n(
                "{n} person objected or left: skipped",
                "{n} people objected or left: skipped",
                report.objected,
            )
        )


def _show_rejected(report: ImportReport, file: Path) -> None:
    if report.rejected:
        n = len(report.rejected)
        tell(say_n("{n} row cannot be taken:", "{n} rows cannot be taken:", n), stderr=True)
        for sentence in _rejections(report, file):
            tell(sentence, stderr=True)
