"""pli queue: work that is no batch; what waits, what failed and why, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from commands.common import Context, _, as_json, console, iso, new_table, running, show_json, tell
from mailer.engine.chore_sources import sources
from pli import chore_errands, chore_list
from pli.chore_errands import ChoreName
from pli.chore_list import DUE, FAILED, HELD, RUNNING, WAITING, Shown
from pli.hours import zone_of
from pli.language import N_, say

_STATUS = {
    WAITING: N_("waits"),
    DUE: N_("due"),
    RUNNING: N_("is done now"),
    FAILED: N_("is tried again"),
    HELD: N_("waits for you"),
}


@click.group(
    help=_("Chores: all work besides the letters' copies; what waits, and what failed."),
    invoke_without_command=True,
)
@as_json
@click.pass_context
def queue(context: click.Context, as_json: bool) -> None:
    """List the chores, unless a subcommand is called."""
    if context.invoked_subcommand is None:
        context.invoke(list_, as_json=as_json)
    elif as_json:
        raise click.UsageError(
            _('"--json" comes last: "pli queue {command} --json"').format(
                command=context.invoked_subcommand
            ),
            context,
        )


@queue.command("list", help=_("Every chore: its status, and when it is due."))
@as_json
@running
async def list_(context: Context, as_json: bool) -> None:
    """List the first thousand, those first that are due first."""
    await _list(context, as_json, failed=False)


@queue.command(help=_("What failed: what is tried again by itself, and what waits for you."))
@as_json
@running
async def failed(context: Context, as_json: bool) -> None:
    """List what failed."""
    await _list(context, as_json, failed=True)


@queue.command(help=_("Try a chore again now, such as notice:12."))
@click.argument("name", metavar="ID")
@as_json
@running
async def retry(context: Context, name: str, as_json: bool) -> None:
    """Let a chore be tried now, whatever it waits for."""
    chore = ChoreName.parse(name)
    async with context.open() as installation, installation.database.begin() as session:
        await chore_errands.retry(session, chore)
    if as_json:
        show_json({"id": str(chore), "status": DUE})
    else:
        tell(say(N_("{name}: is tried again now."), name=str(chore)))


@queue.command(help=_("Never do a chore, such as notice:12; its row stays as it is."))
@click.argument("name", metavar="ID")
@as_json
@running
async def forget(context: Context, name: str, as_json: bool) -> None:
    """Let a chore be done no more."""
    chore = ChoreName.parse(name)
    async with context.open() as installation, installation.database.begin() as session:
        await chore_errands.forget(session, chore)
    if as_json:
        show_json({"id": str(chore), "status": "forgotten"})
    else:
        tell(say(N_("{name}: is forgotten, and is done no more."), name=str(chore)))


async def _list(context: Context, as_json: bool, *, failed: bool) -> None:
    async with context.open() as installation, installation.database.reading() as session:
        found = await chore_list.listed(session, sources(), failed=failed)
    if as_json:
        show_json([_document(it) for it in found])
    elif not found:
        tell(say(N_("Nothing has failed.")) if failed else say(N_("No chore waits.")))
    else:
        _draw(found, installation.settings.timezone)


def _draw(found: Sequence[Shown], timezone: str) -> None:
    table = new_table(_("chore"), _("status"), _("due"), _("failures"), _("reason"))
    zone = zone_of(timezone)

    def hour(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""

    for it in found:
        table.add_row(it.name, _(_STATUS[it.status]), hour(it.due_at), str(it.tries or ""), it.code)
    console().print(table)


def _document(it: Shown) -> dict[str, object]:
    return {
        "id": it.name,
        "kind": it.kind,
        "row": it.row_id,
        "status": it.status,
        "due_at": iso(it.due_at) if it.due_at else None,
        "failures": it.tries,
        "reason": it.code,
    }
