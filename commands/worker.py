"""pli worker: runs engines that send beside others, and lists the workers."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from commands.common import Context, _, as_json, console, iso, new_table, running, show_json, tell
from mailer.engine import workers
from pli.errors import PliError
from pli.hours import zone_of
from pli.language import N_, say

PLI = (sys.executable, "-c", "from cli import main; main()")


class WorkerError(PliError):
    """A worker cannot run here, or has ended."""


@click.group(
    help=_("Send what is to be sent, beside other workers (PostgreSQL), until Ctrl-C."),
    invoke_without_command=True,
)
@click.option(
    "--processes",
    type=click.IntRange(min=1, max=64),
    default=1,
    help=_("So many processes, where one core is the limit."),
)
@click.option(
    "--chores",
    is_flag=True,
    help=_("Do chores, too, as “pli serve” does: notices, hours, imports."),
)
@click.pass_context
def worker(context: click.Context, processes: int, chores: bool) -> None:
    """Send until Ctrl-C, unless a subcommand is called."""
    if context.invoked_subcommand is None:
        context.invoke(work, processes=processes, chores=chores)


@click.command(hidden=True)
@running
async def work(context: Context, processes: int, chores: bool) -> None:
    """Run one engine, or several processes with an engine each; one of them does `chores`."""
    # Imported here: `pli worker list` needs no engine.
    from commands.engine_room import adopted, engine, interruptible, wait
    from commands.engine_turn import Turn
    from mailer.models import Listening

    async with context.open() as installation:
        if installation.database.is_sqlite:
            raise WorkerError(
                N_(
                    'workers need PostgreSQL: on SQLite "pli serve" does the work '
                    '("pli db copy" moves an installation)'
                )
            )
        installation.settings.require("relay_url", "public_url")
        stop = asyncio.Event()
        if processes == 1:
            turn = Turn(installation, "pli worker")
            async with interruptible(stop.set):
                if not await adopted(installation, stop):
                    return
                listening = Listening.ASKED if chores else Listening.NO
                async with engine(installation, turn, listening=listening) as machine:
                    tell(say(N_("A worker sends. Ctrl-C ends it.")))
                    await wait(machine, stop)
            return
    async with interruptible(stop.set):
        metrics_listen = installation.settings.metrics_listen
        await _several(context.config, processes, stop, metrics_listen, chores=chores)


async def _several(
    config: Path | None,
    processes: int,
    stop: asyncio.Event,
    metrics_listen: str,
    *,
    chores: bool,
) -> None:
    """Run several processes of this command; when one ends, end all: a supervisor starts anew."""
    from commands.measuring import beside  # not above, as in `work`

    words = [*PLI, *(["--config", str(config)] if config else []), "worker"]
    children = [
        await asyncio.create_subprocess_exec(
            *words,
            *(["--chores"] if chores and number == 0 else []),
            env=os.environ | {"PLI_METRICS_LISTEN": beside(metrics_listen, number)},
        )
        for number in range(processes)
    ]
    ends = [asyncio.create_task(child.wait()) for child in children]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([stopped, *ends], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for child in children:
        if child.returncode is None:
            child.terminate()
    codes = await asyncio.gather(*ends)
    if not stop.is_set():
        raise WorkerError(
            N_("a worker process ended with exit code {code}: all were ended"),
            code=next((it for it in codes if it), 0),
        )


@worker.command("list", help=_("Who sends: where, since when, how fast."))
@as_json
@running
async def list_(context: Context, as_json: bool) -> None:
    """Show the workers, also those that were last seen up to a day ago."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await workers.known(session)
    if as_json:
        show_json(
            [
                {
                    "host": it.host,
                    "pid": it.pid,
                    "command": it.command,
                    "version": it.version,
                    "relay": it.relay,
                    "started_at": iso(it.started_at),
                    "seen_at": iso(it.seen_at),
                    "alive": alive,
                    "batches": it.batches,
                    "settled": it.settled,
                    "rate": round(it.rate, 1),
                    "chores": it.listens,
                }
                for it, alive in found
            ]
        )
        return
    if not found:
        tell(say(N_("Nobody sends now.")))
        return
    table = new_table(
        _("machine"), _("process"), _("command"), _("version"), _("relay"), _("since"),
        _("last seen"), _("batches"), _("settled"), _("a second"),
    )  # fmt: skip
    zone = zone_of(installation.settings.timezone)
    for it, alive in found:
        seen = it.seen_at.astimezone(zone).strftime("%H:%M:%S")
        table.add_row(
            it.host,
            str(it.pid),
            it.command,
            it.version,
            it.relay,
            it.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            seen if alive else _("{seen}, gone").format(seen=seen),
            str(it.batches),
            str(it.settled),
            f"{it.rate:.0f}",
        )
    console().print(table)
