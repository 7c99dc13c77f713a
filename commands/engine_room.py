"""Where a command runs the engine, or watches another process run it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from commands.common import House, iso, now
from mailer.delivery import outbox
from mailer.delivery.engine import Engine
from mailer.delivery.journal import Journal
from mailer.delivery.relays import Relay
from mailer.delivery.smtp import SMTPCourier
from pli.lock import Lock, Owner


def lock_of(house: House, role: str = "engine") -> Lock | None:
    """The lock of a role on this file; None where many may have it (PostgreSQL)."""
    file = house.database.file
    return Lock(file, role) if file else None


def take(lock: Lock | None, command: str) -> bool:
    """Try to become the one that has this role on this file."""
    return lock is None or lock.take(Owner(os.getpid(), command, iso(now()))) is not None


@asynccontextmanager
async def engine(house: House, lock: Lock | None) -> AsyncIterator[Engine]:
    """Run the engine beside what is done inside; stopped cleanly at the end.

    Whoever holds the file's lock knows that no older engine lives: its leases end here.
    """
    if lock is not None:
        async with house.database.begin() as session:
            await outbox.end_leases(session)
    courier = SMTPCourier(
        Relay.parse(house.settings.relay_url), connections=house.settings.relay_connections
    )
    machine = Engine(
        house.database,
        house.keys,
        courier,
        journal=Journal(house.settings.journal_folder, house.keys.fingerprints()["address"]),
        connections=house.settings.relay_connections,
        policy_pause_percent=house.settings.policy_pause_percent,
    )
    running = asyncio.create_task(machine.run())
    try:
        yield machine
    finally:
        machine.stop()
        await running
        if lock is not None:
            lock.release()


@asynccontextmanager
async def interruptible(stop: Callable[[], None]) -> AsyncIterator[None]:
    """Ctrl-C and SIGTERM call `stop` once; what runs inside ends by itself.

    A second Ctrl-C does not wait: the process dies as Python lets it.
    """
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        loop.remove_signal_handler(number)
        stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, first, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
