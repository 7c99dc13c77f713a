"""Copies an installation from SQLite to PostgreSQL, each row with its id, and compares the sums.

Either side has one transaction: nobody changes the source meanwhile, and a failure leaves the
target empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Row,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli import home, schema
from pli.columns import Base, Document
from pli.database import Database, DatabaseError, away
from pli.language import N_
from pli.tables import Home

PIECE = 5_000
STAYS = ("program", "home", "worker", "share", "relay_trouble")
"""Tables that are not copied, for they belong to the place: its program, where it is, who sends
there, and by which relays."""


async def copy(
    source: Database,
    target: Database,
    *,
    told: Callable[[str, int], None],
    fill: Callable[[Session], None] = lambda _: None,
) -> Mapping[str, int]:
    """Copy all tables into an empty database; how many rows each has.

    Migrates the target first. Calls `told(table, rows)` after each piece, and `fill` at the end, to
    make what only PostgreSQL has. Raises DatabaseError if the target is not PostgreSQL, is not
    empty, or does not hold the same afterwards.
    """
    if not source.is_sqlite or target.is_sqlite:
        raise DatabaseError(N_("only from SQLite to PostgreSQL: postgresql+asyncpg://…"))
    await schema.upgrade(target)
    tables = [it for it in Base.metadata.sorted_tables if it.name not in STAYS]
    try:
        # On the source, too, a transaction that writes: nobody may change it while it is copied.
        async with source.begin() as old, target.begin() as new:
            # The target is silent while the source is read: its server must not end it for that
            # (IDLE_SECONDS).
            await new.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            for table in tables:
                if await new.scalar(select(func.count()).select_from(table)):
                    raise DatabaseError(
                        N_("the database to copy to is not empty: table {table} holds rows"),
                        table=table.name,
                    )
            for table in tables:
                await _copy(old, new, table, told)
                await _set_sequence(new, table)
            await _compare(old, new, tables)
            # No engine works on either side: the next may take every batch.
            batch = Base.metadata.tables["batch"]
            await new.execute(update(batch).values(lease=None, lease_until=None))
            # The copy is adopted: from now on the source is the older of the two.
            count = await home.counted(old)
            await new.execute(update(Home).values(adopted=count.adopted + 1, starts=count.starts))
            await new.run_sync(fill)
            return await _counts(new, tables)
    except (DBAPIError, OSError) as error:
        raise away(error) from None


async def rows_of(source: Database) -> int:
    """How many rows there are to copy."""
    tables = [it for it in Base.metadata.sorted_tables if it.name not in STAYS]
    async with source.reading() as session:
        return sum((await _counts(session, tables)).values())


async def _copy(
    old: AsyncSession, new: AsyncSession, table: Table, told: Callable[[str, int], None]
) -> None:
    # JSON is read as text: decoded, None could mean no value as well as the value null.
    columns = [_as_text(it) if isinstance(it.type, Document) else it for it in table.columns]
    documents = [it.name for it in table.columns if isinstance(it.type, Document)]
    write = insert(table).values(
        {
            it.name: bindparam(it.name, type_=JSONB(none_as_null=True))
            if it.name in documents
            else bindparam(it.name)
            for it in table.columns
        }
    )
    found = await old.stream(select(*columns).execution_options(yield_per=PIECE))
    async for piece in found.partitions():
        await new.execute(write, [_values(row, documents) for row in piece])
        told(table.name, len(piece))


def _as_text(column: Column[Any]) -> Any:
    return type_coerce(column, Text).label(column.name)


def _values(row: Row[Any], documents: Sequence[str]) -> dict[str, Any]:
    values = dict(row._mapping)
    for name in documents:
        kept = values[name]
        if kept is not None:
            value = json.loads(kept)
            values[name] = JSON.NULL if value is None else value
    return values


async def _set_sequence(new: AsyncSession, table: Table) -> None:
    """Let new ids follow the highest that was copied."""
    keys = list(table.primary_key.columns)
    if len(keys) != 1 or not keys[0].autoincrement or keys[0].type.python_type is not int:
        return
    highest = await new.scalar(select(func.max(keys[0])))
    if highest is not None:
        await new.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, :key), :highest)"),
            {"name": f'"{table.name}"', "key": keys[0].name, "highest": highest},
        )


async def _counts(session: AsyncSession, tables: Sequence[Table]) -> dict[str, int]:
    return {
        it.name: await session.scalar(select(func.count()).select_from(it)) or 0 for it in tables
    }


async def _compare(old: AsyncSession, new: AsyncSession, tables: Sequence[Table]) -> None:
    """Compare the rows of each table, each campaign's copies by status, and the batches' counts."""
    before, after = await _counts(old, tables), await _counts(new, tables)
    wrong = [name for name in before if before[name] != after[name]]
    delivery, batch = Base.metadata.tables["delivery"], Base.metadata.tables["batch"]
    sums = {
        "delivery": select(
            delivery.c.campaign_id, delivery.c.status, func.count(), func.sum(delivery.c.attempts)
        )
        .group_by(delivery.c.campaign_id, delivery.c.status)
        .order_by(delivery.c.campaign_id, delivery.c.status),
        "batch": select(
            batch.c.campaign_id,
            *(
                func.sum(batch.c[name])
                for name in ("pending", "sending", "sent", "failed", "skipped", "uncertain")
            ),
        )
        .group_by(batch.c.campaign_id)
        .order_by(batch.c.campaign_id),
    }
    for name, query in sums.items():
        one = [tuple(row) for row in await old.execute(query)]
        other = [tuple(row) for row in await new.execute(query)]
        if one != other:
            wrong.append(name)
    if wrong:
        raise DatabaseError(
            N_("the copy does not hold the same: {tables}; it was undone"), tables=", ".join(wrong)
        )
