"""pli letter drafts, pull, push: manuscripts of the office as files, and files as manuscripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from accounts.abilities import Ability
from commands.acting import acting, by_option
from commands.common import (
    Context,
    _,
    as_json,
    console,
    iso,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from mailer.letter import attachments, beside, images
from mailer.letter.beside import FileTrouble, Trouble
from mailer.letter.drafts import files, rows
from mailer.letter.drafts.files import Files
from mailer.letter.drafts.rows import DraftError, DraftLine
from mailer.letter.drafts.saving import Conflict
from pli.errors import reason_of
from pli.language import N_, say
from pli.new_files import written_together
from subscribers import lists

NOTES = "manuscript.json"
"""In the folder of a manuscript: which one it is, and the version that was pulled."""


@click.command("drafts", help=_("Show the manuscripts of the office."))
@click.option("--list", "list_name", metavar="LIST", help=_("Those for this list alone."))
@as_json
@running
async def drafts(context: Context, list_name: str | None, as_json: bool) -> None:
    """List the manuscripts."""
    async with context.open() as installation, installation.database.reading() as session:
        only = None if list_name is None else [(await lists.get(session, list_name)).id]
        found = await rows.listed(session, list_ids=only)
    if as_json:
        show_json([_document(it) for it in found])
        return
    table = new_table(_("id"), _("list"), _("no."), _("title"), _("state"), _("saved"))
    for it in found:
        saved = f"{it.saved_at.astimezone():%Y-%m-%d %H:%M}"
        number = str(it.number or "")
        table.add_row(str(it.id), it.list_name, number, it.title, it.state.value, saved)
    console().print(table)


def _document(line: DraftLine) -> dict[str, object]:
    return {
        "id": line.id,
        "list": line.list_name,
        "number": line.number,
        "title": line.title,
        "state": line.state.value,
        "version": line.version,
        "saved_at": iso(line.saved_at),
        "saved_by": line.saved_by,
    }


@click.command(
    "pull", help=_("Write a manuscript of the office into a folder, as a letter's file.")
)
@click.argument("draft_id", metavar="ID", type=click.IntRange(min=1))
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@running
async def pull(context: Context, draft_id: int, folder: Path) -> None:
    """Write the letter's file and its pictures; never over a file that is there."""
    async with context.open() as installation, installation.database.reading() as session:
        found, version = await files.pull(session, draft_id)
        line = await rows.line_of(session, draft_id)
    notes = {
        "manuscript": draft_id,
        "version": version,
        "list": line.list_name,
        "file": found.name,
    }
    _write(folder, found, notes)
    tell(say(N_("Written: {file}."), file=str(folder / found.name)))


def _write(folder: Path, found: Files, notes: dict[str, Any]) -> None:
    """Write a letter's file, the files beside it and the notes: all, or none."""
    root = folder.resolve()
    written = {root / name: data for name, data in found.beside.items()}
    if not all(path.is_relative_to(root) for path in (it.resolve() for it in written)):
        raise DraftError(N_("a picture's name leads out of {folder}"), folder=str(folder))
    written |= {root / found.name: found.data, root / NOTES: json.dumps(notes).encode() + b"\n"}
    try:
        for path in written:
            path.parent.mkdir(parents=True, exist_ok=True)
        written_together(written)
    except FileExistsError as error:
        raise DraftError(
            N_("{file}: is there already: name another folder"), file=str(error.filename)
        ) from None
    except OSError as error:
        raise DraftError(
            N_("{file}: cannot be written: {reason}"), file=str(folder), reason=reason_of(error)
        ) from None


@click.command("push", help=_("Make a manuscript of the letter in a folder, or a version of one."))
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--list", "list_name", metavar="LIST", help=_("For which list, if it is a new one."))
@click.option("--new", "is_new", is_flag=True, help=_("A new manuscript, wherever it came from."))
@by_option
@running
async def push(
    context: Context, folder: Path, list_name: str | None, is_new: bool, person: str | None
) -> None:
    """Save what the folder holds onto the version that was pulled, or begin a manuscript."""
    notes = {} if is_new else _notes(folder)
    found = _read(folder, str(notes.get("file", "")))
    list_name = list_name or notes.get("list")
    if not list_name:
        raise DraftError(N_("say for which list the manuscript is: --list LIST"))
    async with context.open() as installation, installation.database.begin() as session:
        of = await lists.get(session, list_name)
        by = await acting(session, person, Ability.WRITE_DRAFTS, lists=[of.id])
        pushed = await files.push(
            session,
            draft_id=notes.get("manuscript"),
            base=notes.get("version"),
            list_id=of.id,
            files=found,
            by=by,
            now=now(),
        )
        if isinstance(pushed, Conflict):
            latest = pushed.latest.line
            raise DraftError(
                N_(
                    "{name} saved version {version} meanwhile: pull it into another folder, and "
                    "put both together"
                ),
                name=latest.saved_by,
                version=latest.version,
            )
        line = await rows.line_of(session, pushed)
    notes = {"manuscript": line.id, "version": line.version, "list": of.name, "file": found.name}
    (folder / NOTES).write_text(json.dumps(notes) + "\n", "utf-8")
    tell(say(N_("Manuscript {id}, version {version}."), id=line.id, version=line.version))


def _notes(folder: Path) -> dict[str, Any]:
    try:
        notes = json.loads((folder / NOTES).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        notes = None
    kinds = {"manuscript": int, "version": int, "list": str, "file": str}
    if not isinstance(notes, dict) or not all(
        isinstance(notes.get(key), kind) for key, kind in kinds.items()
    ):
        raise DraftError(
            N_('{file}: cannot be read: take it away, or say "--new"'), file=str(folder / NOTES)
        )
    return dict(notes)


def _read(folder: Path, name: str) -> Files:
    """The letter's file of a folder, and what it names beside it."""
    if not name:
        letters = sorted(it.name for it in folder.glob("*.md"))
        if len(letters) != 1:
            raise DraftError(
                N_("{folder}: must hold one letter (.md), and holds {n}"),
                folder=str(folder),
                n=len(letters),
            )
        name = letters[0]
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise DraftError(
            N_("{file}: cannot be read: {reason}"), file=str(folder / name), reason=reason_of(error)
        ) from None
    _text, named = files.named_in(data, name)
    beside_it = {}
    for it in named:
        try:
            most = max(images.HEAVIEST, attachments.LARGEST)
            beside_it[it] = beside.read(folder, it, most)
        except FileTrouble as trouble:
            if trouble.trouble is not Trouble.ABSENT:
                raise DraftError(N_('the file "{name}" cannot be taken'), name=it) from None
            # A picture that is not there yet is a finding of the letter, and no reason to lose it.
    return Files(name, data, beside_it)
