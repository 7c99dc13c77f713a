"""The jobs of batches on PostgreSQL: one for each batch that has copies to send.

A job says only which batch somebody should look at, and when. On SQLite there are none: the one
process that sends there finds its batches in their rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.ledger import due
from mailer.models import Batch, Campaign, CampaignState, is_open
from pli.columns import clock
from pli.queue_names import BATCHES, Offer, has_queues

AHEAD_SECONDS = 5
"""A job of a due batch that waits for longer than this waits for nothing."""
_COLUMNS = (Batch.id, Batch.list_id, Batch.provider, Batch.due_at, clock().label("now"))


def entrypoint(list_id: int, provider: str) -> str:
    """The entrypoint of a batch's job: a worker may send to some providers now, and not others."""
    return f"batch:{list_id}:{provider}"


def parse(name: str) -> tuple[int, str]:
    """The list and the provider that an entrypoint names."""
    _, list_id, provider = name.split(":", 2)
    return int(list_id), provider


def offer(session: Session, campaign_id: int) -> None:
    """Offer a job for each batch of a running campaign that has copies to send, now or later.

    Its first batch goes before those of all other campaigns.
    """
    if not has_queues(session):
        return
    # Imported here, as below: it loads PgQueuer and asyncpg, and commands on SQLite would wait.
    from pli import queueing

    rows = session.execute(
        select(*_COLUMNS)
        .where(Batch.campaign_id == campaign_id, is_open())
        .order_by(Batch.due_at, Batch.number)
    ).all()
    queueing.enqueue(session, BATCHES, _offers(rows))


def withdraw(session: Session, campaign_id: int) -> None:
    """Take back the jobs that wait of a campaign that sends nothing now, by one statement.

    The job of a batch with copies in work stays: somebody must settle what a dead worker left.
    """
    if has_queues(session):
        session.execute(_text(_WITHDRAW), {"campaign": campaign_id})


def put_off(session: Session, campaign_id: int, seconds: float) -> None:
    """Let no job of a campaign be due within so many seconds; `withdraw` tells which jobs stay."""
    values = {"campaign": campaign_id, "seconds": seconds}
    session.execute(_text(_PUT_OFF), values)


def offer_all(session: Session) -> None:
    """Offer the jobs of all running campaigns, in a database that was just filled."""
    running = session.scalars(
        select(Campaign.id).where(Campaign.state == CampaignState.RUNNING).order_by(Campaign.id)
    )
    for campaign_id in running.all():
        offer(session, campaign_id)


async def forgotten(
    session: AsyncSession, *, limit: int, closed: Collection[int] = ()
) -> Sequence[int]:
    """The batches that want a worker, and that no job will bring to one in time; their ids.

    `closed`: campaigns that may not send at this hour.
    """
    found = await session.scalars(
        select(Batch.id)
        .join(Campaign)
        .where(due.wants_a_worker(closed=closed), _HAS_NO_JOB)
        .order_by(Batch.due_at, Batch.id)
        .limit(limit)
    )
    return found.all()


def offer_again(session: Session, ids: Sequence[int]) -> int:
    """Offer jobs for forgotten batches; how many are new, for another worker may do the same."""
    from pli import queueing

    queueing.free_from_ahead(session, BATCHES)
    rows = session.execute(select(*_COLUMNS).where(Batch.id.in_(ids)).order_by(Batch.number)).all()
    return queueing.enqueue(session, BATCHES, [it._replace(first=False) for it in _offers(rows)])


def _text(statement: str) -> TextClause:
    return text(statement.replace("{table}", BATCHES.table))


def _offers(rows: Sequence[Row[*tuple[object, ...]]]) -> list[Offer]:
    return [
        Offer(
            key=f"batch:{row.id}",
            entrypoint=entrypoint(row.list_id, row.provider),
            payload=str(row.id),
            delay=max(0.0, (row.due_at - row.now).total_seconds()),
            first=place == 0,
        )
        for place, row in enumerate(rows)
    ]


# Locked jobs are skipped: PgQueuer gives them to a worker just now, and the worker sees the state.
_WITHDRAW = """
    DELETE FROM {table} WHERE id IN (
        SELECT job.id FROM {table} AS job JOIN batch ON job.dedupe_key = 'batch:' || batch.id
        JOIN campaign ON campaign.id = batch.campaign_id AND campaign.state <> 'running'
        WHERE batch.campaign_id = :campaign AND batch.sending = 0 AND job.status = 'queued'
        FOR UPDATE OF job SKIP LOCKED)
"""
_PUT_OFF = """
    UPDATE {table}
    SET execute_after = now() + make_interval(secs => :seconds), updated = now()
    WHERE id IN (
        SELECT job.id FROM {table} AS job JOIN batch ON job.dedupe_key = 'batch:' || batch.id
        WHERE batch.campaign_id = :campaign AND batch.sending = 0 AND job.status = 'queued'
          AND job.execute_after < now() + make_interval(secs => :seconds)
        FOR UPDATE OF job SKIP LOCKED)
"""
_HAS_NO_JOB = text(
    f"""NOT EXISTS (
      SELECT FROM {BATCHES.table} AS job WHERE job.dedupe_key = 'batch:' || batch.id
        AND (job.status = 'picked' AND job.heartbeat <= now() + interval '1 minute'
          OR job.status = 'queued'
          AND job.execute_after <= now() + interval '{AHEAD_SECONDS} seconds'))"""
)
