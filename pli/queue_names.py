"""The queues of a PostgreSQL database by name, and what is offered to them; loads no driver.

A command on SQLite loads only this of the queues: the rest loads PgQueuer and asyncpg.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from pli.columns import SQLITE

SCHEMA = "queue"


@dataclass(frozen=True, slots=True)
class Queue:
    """One of the queues of the database: the prefix of its tables, and its channel."""

    prefix: str
    channel: str

    @property
    def table(self) -> str:
        """The table of its jobs."""
        return f"{SCHEMA}.{self.prefix}pgqueuer"

    @property
    def log_table(self) -> str:
        """The table in which PgQueuer notes what became of its jobs."""
        return f"{SCHEMA}.{self.prefix}pgqueuer_log"


BATCHES = Queue("", "pli_queue")
CHORES = Queue("chores_", "pli_chores")
QUEUES = (BATCHES, CHORES)


class Offer(NamedTuple):
    """A job that there shall be: it is due `delay` seconds from now.

    Of the jobs that wait or are in work, at most one has a `key`.
    """

    key: str
    entrypoint: str
    payload: str
    delay: float = 0.0
    first: bool = False
    """Whether it goes before all that are not."""


def has_queues(session: Session) -> bool:
    """Whether the session's database has queues: SQLite has none."""
    return session.get_bind().dialect.name != SQLITE
