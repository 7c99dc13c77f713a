"""pli serve: the web pages and the engine, together, until Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from accounts import people
from accounts.entering import Policy
from commands import relays
from commands.common import Context, Installation, _, running, tell
from commands.doors import doors, hooks_of
from commands.engine_room import adopted, engine, interruptible, wait
from commands.engine_turn import Turn, lock_of, take
from commands.limits import plan
from commands.measuring import measuring
from commands.policy import identity_of, policy_of, providers_of, sizes_of, themes_of
from commands.users.inviting import nobody_yet
from commands.web_server import listening, open_doors
from mailer.scope import CHORES
from pli import descriptors, logs
from pli import settings as settings_file
from pli.checks import Check
from pli.database import DatabaseAway
from pli.errors import PliError
from pli.hours import zone_of
from pli.language import N_, say
from pli.lock import Lock
from pli.work import until
from web.app import create_app
from web.networks import Networks
from web.office.options import OfficeOptions
from web.office.sending_options import MachineChecks, SendingOptions
from web.office.tidying import tidying

log = logging.getLogger("pli.web")

WAIT_SECONDS = 1.0


class ServeError(PliError):
    """Another process serves already."""


@click.command(help=_("Open the web pages and send what is to be sent, until Ctrl-C."))
@click.option("--listen", help=_("HOST:PORT, if not the setting's."))
@click.option(
    "--no-work",
    is_flag=True,
    help=_("Pages and chores only: workers send (PostgreSQL)."),
)
@running
async def serve(context: Context, listen: str | None, no_work: bool) -> None:
    """Serve the pages and run the engine; a `pli send` that has the engine makes room for it.

    A SQLite file has one server at most.
    """
    overrides = {"listen": listen} if listen else {}
    values = context.settings(**overrides)
    values.require("relay_url", "public_url", "committee", "address", "phone", "email")
    async with context.open(**overrides) as installation:
        stop = asyncio.Event()
        async with interruptible(stop.set), serving(installation), doors(installation):
            tell(
                say(
                    N_("Pli serves {public_url} at {listen}. Ctrl-C ends it."),
                    public_url=values.public_url,
                    listen=values.listen,
                )
            )
            await _say_if_nobody_may_come_in(installation)
            if not no_work:
                await work(installation, stop)
            elif installation.database.is_sqlite:
                async with measuring(installation):
                    await stop.wait()
            else:
                await do_chores(installation, stop)


async def _say_if_nobody_may_come_in(installation: Installation) -> None:
    async with installation.database.reading() as session:
        if not await people.anybody(session):
            tell(nobody_yet())


@asynccontextmanager
async def serving(installation: Installation, inbox: Path | None = None) -> AsyncIterator[None]:
    """Serve the web pages while the block inside runs; refused if another server has this file."""
    lock = lock_of(installation, "serve")
    if not take(lock, "pli serve"):
        raise _served(lock)
    logs.load()
    try:
        networks = Networks(installation.settings.trusted_proxies)
        app = create_app(
            installation.database,
            keys=installation.keys,
            identity=identity_of(installation.settings),
            language=installation.settings.language,
            office=office_of(installation),
            inbox=inbox,
            zone=zone_of(installation.settings.timezone),
            networks=networks,
            hooks=hooks_of(installation.settings),
        )
        most = descriptors.for_web_pages(
            descriptors.raise_limit(), relays.all_connections(installation.settings)
        )
        listener = listening(installation.settings.listen)
        async with (
            open_doors(app, listener, most=most, networks=networks),
            tidying(installation.database),
        ):
            yield
    finally:
        if lock is not None:
            lock.release()


def office_of(installation: Installation) -> OfficeOptions:
    """What the office is told of the settings."""
    settings = installation.settings
    return OfficeOptions(
        url=settings.office_url,
        zone=settings.timezone,
        policy=Policy(
            two_for_all=settings.office_two_factors, sign_in_links=settings.office_sign_in_links
        ),
        plans={name: plan(settings, name, it.name) for name, it in relays.of(settings).items()},
        providers=providers_of(settings),
        sizes=sizes_of(settings),
        themes=themes_of(settings),
        sending=_sending_of(installation),
    )


def _sending_of(installation: Installation) -> SendingOptions:
    settings = installation.settings

    async def look() -> Sequence[Check]:
        # Imported here: it loads what speaks with relays and name servers.
        from commands import doctor

        return await doctor.look(settings, Path(settings_file.FILE), installation.database)

    return SendingOptions(
        policy=policy_of(installation),
        identity=partial(identity_of, settings),
        grace=timedelta(seconds=settings.grace_seconds),
        type_number_above=settings.type_number_above,
        notified=bool(settings.notify),
        relays=[it.name for it in relays.of(settings).values()],
        machine=MachineChecks(look),
    )


async def work(installation: Installation, stop: asyncio.Event) -> None:
    """Run the engine until `stop`, as soon as no other process has it.

    An engine whose database is gone ends. The pages go on and say so, and another engine begins
    once the database answers: whoever watches a sending loads nothing again.
    """
    with Turn(installation, "pli serve") as turn:
        while not stop.is_set():
            try:
                await _work_once(installation, turn, stop)
            except DatabaseAway as error:
                log.warning("serve.database_away", extra={"reason": str(error)})
                await until(stop, WAIT_SECONDS)


async def _work_once(installation: Installation, turn: Turn, stop: asyncio.Event) -> None:
    """Run one engine until it ends, or wait a little for whoever has it."""
    if not await adopted(installation, stop):
        return
    if turn.take():
        async with engine(installation, turn) as machine:
            await wait(machine, stop)
    else:
        await until(stop, WAIT_SECONDS)


async def do_chores(installation: Installation, stop: asyncio.Event) -> None:
    """Do what is no batch until `stop`, beside the workers that send (PostgreSQL)."""
    if await adopted(installation, stop):
        turn = Turn(installation, "pli serve --no-work", CHORES)
        async with engine(installation, turn) as machine:
            await wait(machine, stop)


def _served(lock: Lock | None) -> ServeError:
    owner = lock.owner() if lock else None
    if owner is None:
        return ServeError(N_("another process serves this database"))
    return ServeError(
        N_("{command} (process {pid}, since {since}) serves this database already: end it first"),
        command=owner.command,
        pid=owner.pid,
        since=owner.since,
    )
