from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import DBAPIError

from mailer.bounce_models import BounceMail
from mailer.models import Attempt, Stage
from mailer.outcomes import Result, judge
from pli.database import Database
from pli.packing import ManyRows, drawn_ids

COLUMNS = (
    "delivery_id", "number", "at", "reply_code", "enhanced_code", "reply_text", "milliseconds",
)  # fmt: skip
TEXT = "été \\ ' \" {1,2} NULL"
SHARED: dict[str, Any] = {"relay": "relay:25", "outcome": "sent", "stage": "body"}
WRITER = ManyRows(cast("Table", Attempt.__table__), COLUMNS, tuple(SHARED))


def row(n: int, at: float, **changes: Any) -> tuple[Any, ...]:
    said = {"reply_code": 250, "enhanced_code": "2.0.0", "reply_text": TEXT}
    return (n, 1, at, *(said | changes).values(), 12)


@pytest.mark.parametrize("n", [0, 1, 2, 200, 600])
async def test_many_rows_are_written_by_one_statement_as_they_are(
    database: Database, n: int
) -> None:
    at = 1_764_150_000.1
    rows = [row(2**62 + it, at + it) for it in range(n)]
    await database.transact(WRITER.write, rows, SHARED)
    async with database.reading() as session:
        written = (await session.scalars(select(Attempt).order_by(Attempt.delivery_id))).all()
    assert [it.delivery_id for it in written] == [it[0] for it in rows]
    assert [it.at for it in written] == [
        Result(1, 1, at + it, judge(Stage.BODY, 250, "")).moment for it in range(n)
    ]
    assert {(it.relay, it.outcome, it.stage) for it in written} <= {
        ("relay:25", "sent", Stage.BODY)
    }
    assert all(it.reply_text == TEXT for it in written)


async def test_what_is_not_there_stays_so_and_a_moment_keeps_its_microseconds(
    database: Database,
) -> None:
    moments = [1_764_150_000.0, 1_764_150_000.999_999_9, 1_764_150_000.000_001]
    rows = [row(n, at, reply_code=None, enhanced_code=None) for n, at in enumerate(moments)]
    await database.transact(WRITER.write, rows, SHARED)
    async with database.reading() as session:
        written = (await session.scalars(select(Attempt).order_by(Attempt.delivery_id))).all()
    assert [(it.reply_code, it.enhanced_code) for it in written] == [(None, None)] * 3
    first = datetime(2025, 11, 26, 9, 40, tzinfo=UTC)
    assert [(it.at - first).total_seconds() for it in written] == [0.0, 1.0, 0.000001]


async def test_a_row_that_is_there_already_makes_the_whole_statement_fail(
    database: Database,
) -> None:
    await database.transact(WRITER.write, [row(7, 1.0)], SHARED)
    with pytest.raises(DBAPIError):
        await database.transact(WRITER.write, [row(6, 1.0), row(7, 1.0)], SHARED)
    async with database.reading() as session:
        assert (await session.scalars(select(Attempt.delivery_id))).all() == [7]


async def test_a_row_that_is_there_is_passed_over_and_the_others_get_the_ids_drawn_for_them(
    database: Database,
) -> None:
    table = cast("Table", BounceMail.__table__)
    columns = ("id", "digest", "at", "door", "came_to", "kind", "how", "raw")
    writer = ManyRows(table, columns, passes_over=True)

    def write(connection: Connection, digests: Sequence[bytes]) -> Sequence[int]:
        ids = drawn_ids(connection, table, len(digests))
        rest = (1_764_150_000.0, "test", "", "other", "nothing", b"\0\xff")
        pairs = zip(ids, digests, strict=True)
        writer.write(connection, [(number, digest, *rest) for number, digest in pairs])
        return ids

    first = await database.transact(write, [b"a", b"b"])
    second = await database.transact(write, [b"c", b"a", b"d", b"d"])
    assert [*first, *second] == sorted({*first, *second}), "in order, and each once"
    async with database.reading() as session:
        found = (await session.execute(select(BounceMail.id, BounceMail.digest))).all()
    kept = dict(zip([*first, *second], [b"a", b"b", b"c", None, b"d", None], strict=True))
    assert {it.id: it.digest for it in found} == {k: v for k, v in kept.items() if v}
