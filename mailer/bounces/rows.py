"""Writes the rows of mails and of bounces, many by one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.bounce_models import Bounce, BounceMail
from mailer.bounces.report import (
    Action,
    Judged,
    Kind,
    Reason,
    Recipient,
    Report,
    Verdict,
    Weight,
)
from pli.packing import ManyRows, among, drawn_ids, gathered, packed_ids


class NewRows:
    """Writes rows of a table with ids of our own; a row that is there already is left as it is."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._table = table
        self._columns = columns
        self._many = ManyRows(table, ("id", "at", *columns), passes_over=True)
        self._ids = select(gathered(table.c.id)).where(table.c.id.in_(among("ids")))

    def write(
        self, session: Session, rows: Sequence[Mapping[str, Any]], now: datetime
    ) -> Sequence[int | None]:
        """Write rows, some hundreds at most; the id of each, None for what was there already."""
        if not rows:
            return []
        connection = session.connection()
        ids = drawn_ids(connection, self._table, len(rows))
        at = now.timestamp()
        self._many.write(
            connection,
            [
                (number, at, *(row[name] for name in self._columns))
                for number, row in zip(ids, rows, strict=True)
            ],
        )
        found = connection.scalar(self._ids, {"ids": packed_ids(ids)})
        written = {it for (it,) in json.loads(found or "[]")}
        return [it if it in written else None for it in ids]


mails = NewRows(
    cast("Table", BounceMail.__table__),
    (
        "digest", "door", "came_to", "kind", "how", "number", "subscriber_id", "address", "note",
        "raw",
    ),
)  # fmt: skip
bounces = NewRows(
    cast("Table", Bounce.__table__),
    (
        "mail_id", "delivery_id", "notice_id", "campaign_id", "provider", "action", "reason",
        "weight", "status", "diagnostic", "remote", "how", "effect", "counts",
    ),
)  # fmt: skip


def main(report: Report) -> Judged:
    """The recipient of whom a report tells most: who failed, else the first, else nobody."""
    failed = [it for it in report.recipients if it.recipient.action is Action.FAILED]
    return (*failed, *report.recipients, _NOBODY)[0]


_NOBODY = Judged(Recipient(""), Verdict(Reason.OTHER, Weight.NONE))


def told(report: Report, judged: Judged, weight: Weight) -> dict[str, str]:
    """The columns of a bounce that tell what its mail says."""
    recipient = judged.recipient
    action = recipient.action.value
    if report.kind in (Kind.COMPLAINT, Kind.LEAVE):
        action = report.kind.value
    return {
        "action": action,
        "reason": judged.verdict.reason.value,
        "weight": weight.value,
        "status": recipient.status[:16],
        "diagnostic": answer_words.without_addresses(recipient.diagnostic)[:1_000],
        "remote": recipient.remote[:255],
        "how": report.how.value,
    }
