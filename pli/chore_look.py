"""Which chores are due: one statement over the table of chores and the rows of all sources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from pli.chore_rows import Source, is_free
from pli.columns import clock
from pli.tables import Chore, ChoreState

LOOKED_AT = 64
"""So many chores of one kind are found at a time."""
_WAITS: ColumnElement[bool] = literal_column("chore.state = 'waiting'")
"""Written as in `ix_chore_due`: with a parameter, SQLite would not use the index."""


def due_chores(
    *,
    offered: Collection[str],
    sources: Mapping[str, Source],
    unless: Callable[[ColumnElement[str], ColumnElement[int]], ColumnElement[bool]] | None = None,
) -> Select[str, int]:
    """Selects kind and row id of each chore that is due and that nobody does.

    `offered`: the kinds whose chores stand in the table; `sources`: those whose own rows tell.
    `unless` is a condition over kind and row id, by which some are left out. Made once for many
    looks: to put it together takes 2 ms.
    """
    parts = [*(_of_source(kind, source) for kind, source in sources.items()), _of_table(offered)]
    found = union_all(*(select(it.subquery()) for it in parts)).subquery("found")
    wanted = select(found.c.kind, found.c.row_id)
    return wanted if unless is None else wanted.where(~unless(found.c.kind, found.c.row_id))


async def look(session: AsyncSession, wanted: Select[str, int]) -> Sequence[tuple[str, int]]:
    """Kind and row id of what `due_chores` selects now."""
    return [(row.kind, row.row_id) for row in await session.execute(wanted)]


def _of_table(kinds: Collection[str]) -> Select[str, int]:
    return (
        select(Chore.kind.label("kind"), Chore.row_id.label("row_id"))
        .where(_WAITS, Chore.due_at <= clock(), Chore.kind.in_(sorted(kinds)), is_free())
        .order_by(Chore.due_at)
        .limit(LOOKED_AT)
    )


def _of_source(kind: str, source: Source) -> Select[str, int]:
    rows = source().subquery()
    row_id = rows.c[0]
    put_off = exists().where(
        Chore.kind == kind,
        Chore.row_id == row_id,
        or_(Chore.state != ChoreState.WAITING, Chore.due_at > clock()),
    )
    return (
        select(literal(kind).label("kind"), row_id.label("row_id")).where(~put_off).limit(LOOKED_AT)
    )
