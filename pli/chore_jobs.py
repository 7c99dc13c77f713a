"""A chore's job in the queue: its key, and whether it is there."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, String, and_, cast, column, exists, func, or_, table

from pli.queue_names import CHORES, Offer

_SCHEMA, _NAME = CHORES.table.split(".")
_JOB = table(
    _NAME,
    *(column(it) for it in ("dedupe_key", "status", "execute_after", "heartbeat")),
    schema=_SCHEMA,
)
_A_MINUTE = timedelta(minutes=1)


def job_for(kind: str, row_id: int) -> Offer:
    """The job for a row, due at once; a row has one at most."""
    name = f"{kind}:{row_id}"
    return Offer(key=name, entrypoint=kind, payload=name)


def has_job_now(kind: ColumnElement[str], row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row has a job that is in work, or that anybody may take now.

    A heartbeat that lies ahead proves no work: the clock was set back, and its process may be dead.
    """
    status = cast(_JOB.c.status, String)
    return exists().where(
        _JOB.c.dedupe_key == func.concat(kind, ":", row_id),
        or_(
            and_(status == "picked", _JOB.c.heartbeat <= func.now() + _A_MINUTE),
            and_(status == "queued", _JOB.c.execute_after <= func.now()),
        ),
    )
