"""pli subscriber import: people read in from an office's CSV file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    console,
    declined,
    now,
    running,
    show_json,
    tell,
)
from commands.people import file_view
from commands.people.options import PeopleError, basis_option, list_option, source_option
from pli.language import N_, Sentence, say, say_n
from subscribers import headings, importing, lists, status_words
from subscribers.csv_reading import Sheet
from subscribers.folding import visible
from subscribers.importing import ImportReport, Noted, Rejected
from subscribers.models import Basis
from subscribers.status_words import Standing, Statuses

SHOWN = 20


@click.command("import", help=_("Read people from a CSV file onto a list."))
@click.argument("file", type=click.Path(path_type=Path))
@list_option
@basis_option
@source_option
@click.option("--encoding", help=_("If the file's is not recognised: utf-8, cp1252 …"))
@click.option("--delimiter", help=_("If the sign between cells is not recognised: ; , tab …"))
@click.option(
    "--status",
    "meanings",
    multiple=True,
    metavar="WORD=MEANING",
    help=_("What a word of a status column means: yes, left, bounced, complained, objected."),
)
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
    delimiter: str | None,
    meanings: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """All of the file or nothing; a row that is no person is told with its line."""
    if not source.strip():
        raise PeopleError(N_("--source is empty: say where the addresses come from"))
    sign = None if delimiter is None else headings.read_delimiter(delimiter)
    answers = status_words.read_answers(meanings)
    async with context.open() as installation:
        sheet = importing.read(file, encoding=encoding, delimiter=sign)
        statuses = status_words.survey(sheet, answers)
        if not as_json:
            for sentence in file_view.sentences(sheet, statuses, file):
                tell(sentence)
        if statuses.unknown:
            statuses = _ask_for_meanings(sheet, statuses, file, yes=yes)
        rows = statuses.rows
        if not yes:
            async with installation.database.reading() as session:
                joined = await lists.find(session, name)
                with _counting(rows, quiet=as_json) as counted:
                    foreseen = await importing.preview(
                        session,
                        sheet,
                        list_id=joined.id if joined else None,
                        keys=installation.keys,
                        statuses=statuses,
                        progress=counted,
                    )
            _refuse_all(foreseen, file)
            _show_rejected(foreseen, file)
            for sentence in _noes(foreseen):
                tell(sentence, stderr=True)
            if not confirm(_foreseen(foreseen, name, is_new=joined is None), yes=False):
                raise declined()
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
                    statuses=statuses,
                    progress=counted,
                    now=now(),
                )
                _refuse_all(report, file)
    if as_json:
        show_json({**_document(report), "file": file_view.document(sheet, statuses)})
    else:
        _show_import(report)
    if yes and not as_json:
        _show_rejected(report, file)


def _ask_for_meanings(sheet: Sheet, statuses: Statuses, file: Path, *, yes: bool) -> Statuses:
    """Ask what each unknown word of a status column means; refuse where nobody can be asked."""
    if yes or not sys.stdin.isatty():
        raise PeopleError.listing(
            say_n(
                '{file}:{line}: {column} says "{word}" ({n} row): say what it means: '
                '--status "{word}=yes" or "{word}=left"',
                '{file}:{line}: {column} says "{word}" ({n} rows): say what it means: '
                '--status "{word}=yes" or "{word}=left"',
                it.rows,
                file=file.name,
                line=it.line,
                column=it.heading,
                word=it.word,
            )
            for it in statuses.unknown[:SHOWN]
        )
    answers = dict(statuses.answers)
    for it in statuses.unknown:
        question = say_n(
            '{column} says "{word}" ({n} row): may this person be written to? '
            "If not, the person is kept as one who left.",
            '{column} says "{word}" ({n} rows): may these people be written to? '
            "If not, they are kept as people who left.",
            it.rows,
            column=it.heading,
            word=it.word,
        )
        may = confirm(question, yes=False)
        answers |= status_words.answer(it.word, Standing.YES if may else Standing.LEFT)
    return status_words.survey(sheet, answers)


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
        raise PeopleError.listing(_lines(report.rejected, file))


def _lines(rows: Sequence[Rejected] | Sequence[Noted], file: Path) -> Iterator[Sentence]:
    for it in rows[:SHOWN]:
        yield say(
            N_("{file}:{line}: {value}: {reason}"),
            file=file.name,
            line=it.line,
            value=visible(it.value) or "–",
            reason=it.reason,
        )
    if len(rows) > SHOWN:
        yield say(N_("and {n} more: --json lists all"), n=len(rows) - SHOWN)


def _document(report: ImportReport) -> dict[str, Any]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "objected": report.objected,
        "left": report.left,
        "suppressed": report.suppressed,
        "rejected": [_row(it) for it in report.rejected],
        "noted": [_row(it) for it in report.noted],
    }


def _row(it: Rejected | Noted) -> dict[str, Any]:
    return {"line": it.line, "value": it.value, "reason": it.reason.tell(LANGUAGE)}


def _show_import(report: ImportReport) -> None:
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
    for sentence in _noes(report):
        tell(sentence)


def _noes(report: ImportReport) -> Iterator[Sentence]:
    """For how many people the file itself says no."""
    if report.left:
        yield say_n(
            "{n} person left, the file says: kept as left",
            "{n} people left, the file says: kept as left",
            report.left,
        )
    if report.suppressed:
        yield say_n(
            "{n} address bounced, complained or objected, the file says: never written to",
            "{n} addresses bounced, complained or objected, the file says: never written to",
            report.suppressed,
        )


def _show_rejected(report: ImportReport, file: Path) -> None:
    """The rows that cannot be taken, and what is to be told of those that are."""
    if report.rejected:
        n = len(report.rejected)
        tell(say_n("{n} row cannot be taken:", "{n} rows cannot be taken:", n), stderr=True)
        for sentence in _lines(report.rejected, file):
            tell(sentence, stderr=True)
    if report.noted:
        n = len(report.noted)
        tell(say_n("{n} remark on rows:", "{n} remarks on rows:", n), stderr=True)
        for sentence in _lines(report.noted, file):
            tell(sentence, stderr=True)
