"""pli subscriber import: imports people from an office's CSV file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
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
from pli.errors import PliError
from pli.language import N_, Sentence, say, say_n
from subscribers import headings, importing, lists, status_words
from subscribers.csv_reading import Sheet
from subscribers.folding import visible
from subscribers.import_report import ImportReport, Noted, Rejected
from subscribers.importing import Work
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
@click.option(
    "--new-list", is_flag=True, help=_("Make the list, even if its name is near to another's.")
)
@by_option
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
    new_list: bool,
    person: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """In slices: one that is stopped goes on when the same file is given again."""
    if not source.strip():
        raise PeopleError(N_("--source is empty: say where the addresses come from"))
    sign = None if delimiter is None else headings.read_delimiter(delimiter)
    answers = status_words.read_answers(meanings)
    async with context.open() as installation:
        sheet = importing.read(file, encoding=encoding, delimiter=sign)
        statuses = _survey(sheet, answers, file, yes=yes, quiet=as_json)
        if not new_list:
            name = await _meant(installation, name, yes=yes)
        if nobody := importing.all_rejected(sheet, statuses):
            raise PeopleError.listing(_lines(nobody, file))
        async with installation.database.reading() as session:
            there = await lists.find(session, name)
            by = await acting(
                session,
                person,
                Ability.IMPORT_PEOPLE,
                lists=ALL_LISTS if there is None else [there.id],
            )
        if not yes:
            await _ask(installation, sheet, statuses, file, name, quiet=as_json)
        async with installation.database.begin() as session:
            joined = await lists.find(session, name)
            is_new = joined is None
            if joined is None:
                joined = await lists.create(session, name=name, by=by, now=now())
            work = await importing.begin(
                session,
                sheet,
                list_id=joined.id,
                basis=Basis(basis),
                source=source,
                keys=installation.keys,
                file=file.name,
                statuses=statuses,
                by=by,
                now=now(),
            )
        if work.resumed_after is not None and not as_json:
            tell(_goes_on(work, file))
        try:
            with _counting(statuses.rows, quiet=as_json) as counted:
                report = await importing.run_in_slices(
                    installation.database, work, progress=counted, now=now
                )
        except (PliError, asyncio.CancelledError):
            tell(_stopped(work, file), stderr=True)
            raise
    if as_json:
        show_json(
            {**_document(report), **_of_the_import(work, name, is_new), **_of_file(sheet, statuses)}
        )
    else:
        _show_import(report, file, name, is_new=is_new)
    if yes and not as_json:
        _show_rejected(report, file)


def _survey(
    sheet: Sheet, answers: Mapping[str, Standing], file: Path, *, yes: bool, quiet: bool
) -> Statuses:
    """Show what was made of the file, and ask what its unknown words mean."""
    statuses = status_words.survey(sheet, answers)
    if not quiet:
        for sentence in file_view.sentences(sheet, statuses, file):
            tell(sentence)
    if statuses.unknown:
        return _ask_for_meanings(sheet, statuses, file, yes=yes)
    return statuses


async def _meant(installation: Installation, name: str, *, yes: bool) -> str:
    """The list's name; where it is probably a slip for another's, as a person answers."""
    async with installation.database.reading() as session:
        near = await lists.meant(session, name)
    if near is None:
        return name
    if yes or not sys.stdin.isatty():
        raise PeopleError(
            N_(
                'there is no list called "{name}": is "{near}" meant? If not, --new-list makes '
                "{name}"
            ),
            name=name,
            near=near,
        )
    question = say(N_('There is no list called "{name}": is "{near}" meant?'), name=name, near=near)
    return near if confirm(question, yes=False) else name


async def _ask(
    installation: Installation,
    sheet: Sheet,
    statuses: Statuses,
    file: Path,
    name: str,
    *,
    quiet: bool,
) -> None:
    """Say what the import would do, and ask whether it may."""
    async with installation.database.reading() as session:
        joined = await lists.find(session, name)
        with _counting(statuses.rows, quiet=quiet) as counted:
            foreseen = await importing.preview(
                session,
                sheet,
                list_id=joined.id if joined else None,
                keys=installation.keys,
                statuses=statuses,
                progress=counted,
            )
    _show_rejected(foreseen, file)
    for sentence in _noes(foreseen):
        tell(sentence, stderr=True)
    if not confirm(_foreseen(foreseen, name, is_new=joined is None), yes=False):
        raise declined()


def _goes_on(work: Work, file: Path) -> Sentence:
    return say(
        N_("{file}: import {id} had stopped behind line {line}: it goes on there"),
        file=file.name,
        id=work.id,
        line=work.resumed_after,
    )


def _stopped(work: Work, file: Path) -> Sentence:
    return say(
        N_(
            "{file}: import {id} stopped behind line {line} ({rows} rows are in): "
            "the same command goes on there"
        ),
        file=file.name,
        id=work.id,
        line=work.saved_line,
        rows=work.saved_rows,
    )


def _ask_for_meanings(sheet: Sheet, statuses: Statuses, file: Path, *, yes: bool) -> Statuses:
    """Ask what each unknown word of a status column means; refused if there is nobody to ask."""
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
    """Show the progress of an import as a bar on stderr."""
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
        "skipped": [_row(it) for it in report.skipped],
        "rejected": [_row(it) for it in report.rejected],
        "noted": [_row(it) for it in report.noted],
    }


def _of_the_import(work: Work, name: str, is_new: bool) -> dict[str, Any]:
    return {
        "list": name,
        "new_list": is_new,
        "import": work.id,
        "resumed_after_line": work.resumed_after,
    }


def _of_file(sheet: Sheet, statuses: Statuses) -> dict[str, Any]:
    return {"file": file_view.document(sheet, statuses)}


def _row(it: Rejected | Noted) -> dict[str, Any]:
    return {"line": it.line, "value": it.value, "reason": it.reason.tell(LANGUAGE)}


def _show_import(report: ImportReport, file: Path, name: str, *, is_new: bool) -> None:
    tell(say(N_("On the new list {name}:") if is_new else N_("On the list {name}:"), name=name))
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
        for sentence in _lines(report.skipped, file):
            tell(sentence)
    for sentence in _noes(report):
        tell(sentence)


def _noes(report: ImportReport) -> Iterator[Sentence]:
    """Yield how many people left, or may not be written to, as the file itself says."""
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
    """Show the rows that cannot be taken, and the remarks on those that can."""
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
