"""Workers: every two seconds, each process with an engine writes that it lives, and its speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.models import Listening, Worker
from mailer.scope import CHORES, EVERYTHING, Scope
from pli.columns import clock
from pli.language import N_, Sentence, say

BEAT_SECONDS = 2.0
GONE = timedelta(seconds=30)
"""A worker that was not seen for this long counts as gone; its leases have lapsed, too."""
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What an engine reports of itself; `rate` in copies a second over the last seconds.

    `batches` are in work; `settled` counts copies since the start. `relays`: each relay's name,
    and whether it is passed over.
    """

    batches: int
    settled: int
    rate: float
    relays: Mapping[str, bool] = field(default_factory=dict)


async def register(
    session: AsyncSession,
    *,
    host: str,
    pid: int,
    command: str,
    version: str,
    relay: str,
    settings_hash: str = "",
    scope: Scope = EVERYTHING,
    listens: Listening = Listening.NO,
) -> int:
    """Add a worker; its id."""
    told = await session.execute(
        insert(Worker)
        .values(
            host=host,
            pid=pid,
            command=command,
            version=version,
            relay=relay,
            only=scope.name,
            settings_hash=settings_hash,
            listens=listens,
            started_at=clock(),
            seen_at=clock(),
        )
        .returning(Worker.id)
    )
    return told.scalar_one()


async def forget(session: AsyncSession) -> None:
    """Remove the workers that were not seen for a day."""
    await session.execute(delete(Worker).where(Worker.seen_at < clock(-FORGOTTEN.total_seconds())))


async def beat(
    session: AsyncSession,
    worker_id: int,
    figures: Figures,
    listens: Listening = Listening.NO,
) -> bool:
    """Write that a worker lives, with its figures; whether it should do chores though not asked to.

    It should if nobody who was asked to, and sends everything, has been seen for half a minute, and
    it is the first of those who send everything: one of them is enough.
    """
    other = aliased(Worker)
    others = exists().where(
        other.id != worker_id,
        other.seen_at > clock(-GONE.total_seconds()),
        other.only == "",
        or_(other.listens == Listening.ASKED, other.id < worker_id),
    )
    told = await session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values(
            seen_at=clock(),
            batches=figures.batches,
            settled=figures.settled,
            rate=figures.rate,
            listens=listens,
        )
        .returning(~others)
        .execution_options(synchronize_session=False)
    )
    return bool(told.scalar_one_or_none())


async def unregister(session: AsyncSession, worker_id: int) -> None:
    """Remove a worker that has ended in order."""
    await session.execute(delete(Worker).where(Worker.id == worker_id))


async def known(session: AsyncSession) -> Sequence[tuple[Worker, bool]]:
    """Every worker that sends copies, the oldest first, and whether it lives."""
    rows = await session.execute(
        select(Worker, Worker.seen_at > clock(-GONE.total_seconds()))
        .where(Worker.only != CHORES.name)
        .order_by(Worker.id)
    )
    return [(row[0], bool(row[1])) for row in rows]


async def anybody_does_chores(session: AsyncSession) -> bool:
    """Whether any living process does all chores."""
    listens = exists().where(
        Worker.listens != Listening.NO, Worker.seen_at > clock(-GONE.total_seconds())
    )
    return bool(await session.scalar(select(listens)))


async def sends(session: AsyncSession, campaign_id: int | None = None) -> bool:
    """Whether a living worker sends everything, or just this campaign."""
    scopes = {"", *([Scope.of_campaign(campaign_id).name] if campaign_id else [])}
    return any(alive and it.only in scopes for it, alive in await known(session))


async def outdated(session: AsyncSession, *, host: str, settings_hash: str) -> Sequence[Worker]:
    """The living workers of machine `host` that began with other settings.

    Workers of another machine may have settings of their own.
    """
    return [
        it
        for it, alive in await known(session)
        if alive and it.host == host and it.settings_hash not in ("", settings_hash)
    ]


def restart(worker: Worker) -> Sentence:
    """The sentence that asks a person to restart an outdated worker."""
    return say(
        N_("{command} (pid {pid}) runs with other settings: restart it"),
        command=worker.command,
        pid=worker.pid,
    )
