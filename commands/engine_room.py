"""Where a command runs the engine, or watches another process run it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from commands import limits, relays
from commands.chore_kinds import kinds_of
from commands.common import Installation, tell
from commands.engine_turn import Turn
from commands.measuring import Gauge, measuring
from commands.policy import patience_of, policy_of, providers_of, settings_hash
from mailer.campaign import adoption
from mailer.engine import workers
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.ledger import leasing
from mailer.models import Listening
from mailer.pacing import shares
from mailer.pacing.pacer import Pacer
from mailer.pacing.presence import Presence
from pli import __version__, chore_rows, descriptors, home, logs
from pli.database import DatabaseAway
from pli.interpreter import tune_for_sending
from pli.work import until

log = logging.getLogger("pli.delivery")

EXIT_INTERRUPTED = 130
ADOPTED_SECONDS = 1.0
"""Between two looks whether somebody has adopted the database."""


@asynccontextmanager
async def engine(
    installation: Installation, turn: Turn, *, listening: Listening = Listening.ASKED
) -> AsyncIterator[Engine]:
    """Run the engine while the block inside runs; stop it cleanly at the end.

    `listening`: whether it does chores all the time, or only while nobody else does.

    The caller has taken `turn`. On SQLite the lock proves that no older engine lives, so the leases
    and shares that older engines left end here.
    """
    async with (
        measuring(installation) as gauge,
        _engine(installation, turn, gauge, listening) as machine,
    ):
        yield machine


@asynccontextmanager
async def _engine(
    installation: Installation, turn: Turn, gauge: Gauge, listening: Listening
) -> AsyncIterator[Engine]:
    descriptors.raise_limit()
    counted = await _begin_at_home(installation)
    if turn.alone:
        async with installation.database.begin() as session:
            await leasing.end_leases(session)
            await chore_rows.end_leases(session)
            await shares.end_shares(session)
    failover = relays.failover(installation.settings, gauge.observer)
    fingerprint = installation.keys.fingerprints()["address"]
    folder = installation.settings.journal_folder
    providers = providers_of(installation.settings)
    machine = Engine(
        installation.database,
        installation.keys,
        failover,
        journal=Journal(folder, fingerprint),
        connections=max(
            relays.connections(installation.settings, name) for name in failover.couriers
        ),
        policy_pause_percent=installation.settings.policy_pause_percent,
        policy=policy_of(installation),
        observer=gauge.observer,
        # Who serves pages goes on without a database: they say that it is away.
        without_database=None
        if installation.database.is_sqlite or not turn.scope.batches
        else installation.settings.without_database_seconds,
        pacers={
            name: Pacer(
                installation.database,
                limits.plan(installation.settings, name, courier.relay),
                courier,
                presence=partial(Presence, folder, fingerprint),
                provider_of=providers.of,
            )
            for name, courier in failover.couriers.items()
        },
        scope=turn.scope,
        patience=patience_of(installation.settings),
        kinds=kinds_of(installation),
        listening=listening,
    )
    gauge.watch(machine.figures)
    logs.load()
    tune_for_sending()
    machine.attach(partial(_tell_of, installation, machine, turn))
    machine.attach(partial(_count_on, installation, machine, counted))
    try:
        async with machine:
            yield machine
    finally:
        turn.release()


async def adopted(installation: Installation, stop: asyncio.Event) -> bool:
    """Wait until the database is at home here, with its campaigns held; False: stopped before.

    A database that wakes up in the past, or elsewhere, sends nothing by itself.
    """
    held = False
    while not stop.is_set():
        async with installation.database.reading() as session:
            why = await home.stranger(session, installation.here)
        if why is not None and not held:
            # Asked again: what is held after a person has adopted the database stays held.
            async with installation.database.begin() as session:
                why = await home.stranger(session, installation.here, lock=True)
                if why is not None:
                    await adoption.hold(session, why=why)
        if why is None:
            return True
        if not held:
            log.warning("home.stranger", extra={"reason": str(why)})
            for sentence in home.refusal(why).sentences:
                tell(sentence, stderr=True)
            held = True
        await until(stop, ADOPTED_SECONDS)
    return False


async def _begin_at_home(installation: Installation) -> home.Count:
    async with installation.database.begin() as session:
        count = await home.begin(session, installation.here)
    await asyncio.to_thread(installation.here.note, count)
    return count


async def _count_on(installation: Installation, machine: Engine, before: home.Count) -> None:
    """Raise the counter every minute, and at the end: an older copy is known by it.

    Raises NotAtHome if the database has gone back meanwhile.
    """
    ends = False
    while not ends:
        ends = await until(machine.over, home.COUNT_SECONDS)
        try:
            async with installation.database.begin() as session:
                count = await home.count_on(session)
                home.refuse_an_older(count, before)
        except DatabaseAway as error:
            log.warning("home.not_counted", extra={"reason": str(error)})
        else:
            await asyncio.to_thread(installation.here.note, count)
            before = count


async def wait(machine: Engine, stop: asyncio.Event) -> None:
    """Wait until `stop` is set, or the engine has ended by itself (its database is gone)."""
    told = asyncio.create_task(stop.wait())
    over = asyncio.create_task(machine.over.wait())
    await asyncio.wait([told, over], return_when=asyncio.FIRST_COMPLETED)
    for task in (told, over):
        task.cancel()


async def _tell_of(installation: Installation, machine: Engine, turn: Turn) -> None:
    """Register this process in the table of workers, and renew its row until the engine ends.

    While the database is away, nothing is written; the next beat tries again.
    """
    worker_id: int | None = None
    while True:
        ends, needed = machine.over.is_set(), False
        try:
            async with installation.database.begin() as session:
                if worker_id is None and not ends:
                    worker_id = await workers.register(
                        session,
                        host=socket.gethostname(),
                        pid=os.getpid(),
                        command=turn.command,
                        version=__version__,
                        relay=", ".join(
                            it.name for it in relays.of(installation.settings).values()
                        ),
                        settings_hash=settings_hash(installation.settings, installation.keys),
                        scope=turn.scope,
                        listens=machine.listening,
                    )
                    log.info("worker.started", extra={"worker": worker_id})
                elif worker_id is not None and ends:
                    await workers.unregister(session, worker_id)
                    log.info("worker.ended", extra={"worker": worker_id})
                elif worker_id is not None:
                    needed = await workers.beat(
                        session, worker_id, machine.figures(), machine.listening
                    )
        except DatabaseAway as error:
            log.warning("worker.not_told", extra={"reason": str(error)})
        else:
            machine.stand_in(needed)
        if ends:
            return
        await until(machine.over, workers.BEAT_SECONDS)


@asynccontextmanager
async def interruptible(stop: Callable[[], None]) -> AsyncIterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP call `stop`; the block inside then ends by itself.

    A second Ctrl-C or SIGTERM does not wait: it has Python's usual effect. SIGHUP may come twice,
    from the shell and from the kernel. A process that was started with SIGHUP ignored (nohup)
    ignores it here, too.
    """
    loop = asyncio.get_running_loop()
    terminals = [it for it in (1, 2) if os.isatty(it)]

    def first(number: int) -> None:
        loop.remove_signal_handler(number)
        stop()

    def hung_up() -> None:
        # Later output goes to /dev/null: writing to a closed terminal is an error.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for terminal in terminals:
            os.dup2(nowhere, terminal)
        os.close(nowhere)
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    for number in numbers:
        loop.add_signal_handler(number, first, number)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
        loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
