"""pli subscriber imports: the files that were read in, and where one was stopped."""

from __future__ import annotations

from typing import Any

import click

from commands.common import Context, _, as_json, running, show_json, tell
from pli.language import N_, Sentence, say, say_n
from subscribers import importing
from subscribers.importing import ListedImport
from subscribers.models import ImportState

COUNTS = ("added", "updated", "unchanged", "objected", "rejected")


@click.command(help=_("The files that were read in, and where an import was stopped."))
@as_json
@running
async def imports(context: Context, as_json: bool) -> None:
    """The latest first."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await importing.everything(session)
    if as_json:
        show_json([_document(it) for it in found])
        return
    if not found:
        tell(say(N_("No file was read in yet.")))
    for it in found:
        tell(_line(it))


def _line(it: ListedImport) -> Sentence:
    return say(
        N_(
            "{id}  {begun}  {file} → {list}: {added} added, {updated} changed, {unchanged} as "
            "before, {objected} who said no, {rejected} rejected: {state}"
        ),
        id=it.row.id,
        begun=f"{it.row.at:%Y-%m-%d %H:%M}",
        file=it.row.file,
        list=it.list,
        state=_state(it),
        **{name: getattr(it.row, name) for name in COUNTS},
    )


def _state(it: ListedImport) -> Sentence:
    if it.row.state is ImportState.FINISHED:
        return say("finished")
    return say_n(
        "not finished: {n} row is in, up to line {line}",
        "not finished: {n} rows are in, up to line {line}",
        it.row.rows,
        line=it.row.line,
    )


def _document(it: ListedImport) -> dict[str, Any]:
    row = it.row
    return {
        "id": row.id,
        "file": row.file,
        "list": it.list,
        "basis": row.basis,
        "source": row.source,
        "state": row.state,
        "at": row.at,
        "ended_at": row.ended_at,
        "rows": row.rows,
        "line": row.line,
        **{name: getattr(row, name) for name in COUNTS},
    }
