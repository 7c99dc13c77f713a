"""pli letter import: a Word file, or pasted text, becomes a letter's file and its pictures."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from commands.common import LANGUAGE, Context, _, as_json, running, show, show_json, tell
from mailer.letter import importing, other_formats
from mailer.letter.import_report import Fate, Report
from mailer.letter.importing import LARGEST_FILE, Imported, Wish
from pli.errors import PliError, reason_of
from pli.language import N_, Sentence, say
from pli.new_files import written_together

_STDIN = Path("-")
_FATES = (
    (Fate.TAKEN, N_("Taken over:")),
    (Fate.CHANGED, N_("Changed:")),
    (Fate.LEFT_OUT, N_("Left out:")),
)


class ImportRefused(PliError):
    """A document becomes no letter; each sentence begins with its name."""


@click.command("import", help=_("Make a letter of a Word file; FILE may be - for pasted text."))
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--number", type=click.IntRange(min=1), help=_("Its number, if none is in it."))
@click.option("--list", "list_name", metavar="LIST", help=_("Else the next number of this list."))
@click.option("--output", type=click.Path(path_type=Path), help=_("The letter's file."))
@click.option(
    "--changes",
    type=click.Choice(["accept", "reject"]),
    help=_("What becomes of tracked changes; without this, a file with some is refused."),
)
@click.option(
    "--headings",
    type=click.Choice(["guess", "keep"]),
    default="guess",
    help=_("Whether bold lines and lines in capitals become headings."),
)
@click.option("--dry-run", is_flag=True, help=_("Only tell what would become of it."))
@as_json
@running
async def import_(
    context: Context,
    path: Path,
    number: int | None,
    list_name: str | None,
    output: Path | None,
    changes: str | None,
    headings: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read a document, write its letter and pictures, and show the report."""
    following = None if list_name is None else await _next_number(context, list_name)
    data = _data(path)
    number = number or importing.number_in(path.stem)
    target = output or Path(f"{_stem(path, number)}.md")
    if not target.name:
        raise ImportRefused(N_("--output {file} names no file"), file=str(target))
    wish = Wish(_slug(target.stem), path.stem, number, changes, headings == "guess", following)
    try:
        made = other_formats.read_confined(data, wish)
    except PliError as error:
        raise ImportRefused.listing(_named(path, it) for it in error.sentences) from None
    if not dry_run:
        _write(target, made)
    if as_json:
        show_json(_document(made.report, target, made.pictures))
        return
    _show(made.report)
    if not dry_run:
        files = ", ".join(map(str, (target, *(target.parent / it for it in made.pictures))))
        tell(say(N_("Written: {file}."), file=files))
        tell(say(N_('Look through it, then "pli letter check {file}".'), file=str(target)))


async def _next_number(context: Context, list_name: str) -> int:
    from mailer.campaign import numbering  # not above: without --list no database is needed

    async with context.open() as installation, installation.database.reading() as session:
        return await numbering.next_number(session, list_name=list_name)


def _data(path: Path) -> bytes:
    try:
        if path == _STDIN:
            data = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ImportRefused(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None
    if len(data) > LARGEST_FILE:
        fault = N_("it has more than {n} MB: make its pictures smaller")
        raise ImportRefused.listing([_named(path, say(fault, n=LARGEST_FILE // 1_000_000))])
    return data


def _named(path: Path, sentence: Sentence) -> Sentence:
    return say("{file}: {sentence}", file=str(path), sentence=sentence)


def _stem(path: Path, number: int | None) -> str:
    if number:
        return f"lettre-{number}"
    return "lettre" if path == _STDIN else _slug(path.stem)


def _slug(stem: str) -> str:
    """A name without signs that Markdown, mails or shells take for their own."""
    return re.sub(r"[^\w]+", "-", stem).strip("-")[:60] or "lettre"


def _write(target: Path, made: Imported) -> None:
    files: Mapping[Path, bytes] = {
        **{target.parent / name: data for name, data in made.pictures.items()},
        target: made.text.encode(),
    }
    try:
        written_together(files)
    except FileExistsError as error:
        raise ImportRefused(
            N_("{file}: is there already: name another file"), file=str(error.filename)
        ) from None
    except OSError as error:
        raise ImportRefused(
            N_("{file}: cannot be written: {reason}"), file=str(target), reason=reason_of(error)
        ) from None


def _show(report: Report) -> None:
    for fate, title in _FATES:
        lines = [*report.lines(fate)]
        if lines:
            tell(say(title))
        for line in lines:
            show(f"  {line.tell(LANGUAGE)}")


def _document(report: Report, target: Path, pictures: Mapping[str, bytes]) -> dict[str, object]:
    told = {fate.name.lower(): [it.tell(LANGUAGE) for it in report.lines(fate)] for fate in Fate}
    return {"file": str(target), "pictures": sorted(pictures), **told}
