"""Moves many rows at once: into a table by one statement, out of a table as one value.

A driver moves rows one by one, and for each it releases the interpreter's lock and waits for it.
While another thread speaks to the relay, that wait is the whole time. Hundreds of rows in one
statement cost one such wait. The two databases have different SQL for this; these functions hide
the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Enum,
    Insert,
    Select,
    SQLColumnExpression,
    String,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from pli.columns import SQLITE, Document, Moment


def packed_ids(ids: Sequence[int]) -> str:
    """Ids as one parameter, which `among` reads."""
    return f"[{','.join(map(str, ids))}]"


def among(name: str) -> Select[Any]:
    """A query of the numbers in the parameter `name` (`packed_ids`), for `in_`."""
    numbers = _EachNumber(bindparam(name, type_=String())).table_valued("value", name=name)
    return select(cast(numbers.c.value, BigInteger()))


def gathered(*columns: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """All rows of a statement as one JSON text: a list of lists; "[]" or NULL if there are none."""
    return _Gathered(*columns)


class ManyRows:
    """Writes rows into a table: each gives the `columns`, and the `shared` columns are the same.

    Rows give a moment in seconds since the epoch, and an enum by its value. No shared column can be
    a moment. `passes_over`: a row that is there already by a unique column is left as it is.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        shared: Sequence[str] = (),
        *,
        passes_over: bool = False,
    ) -> None:
        self._table = table
        self._columns = columns
        self._shared = shared
        self._moments = [
            place for place, name in enumerate(columns) if isinstance(table.c[name].type, Moment)
        ]
        self._passes_over = passes_over
        self._from_arrays: Insert | None = None

    def write(
        self, connection: Connection, rows: Sequence[Sequence[Any]], shared: Mapping[str, Any] = {}
    ) -> None:
        """Write all rows, some hundreds at most: SQLite takes 32,766 values in one statement."""
        if not rows:
            return
        if connection.dialect.name != SQLITE:
            arrays = zip(self._columns, map(list, zip(*rows, strict=True)), strict=True)
            connection.execute(self._of_arrays(), dict(arrays) | dict(shared))
            return
        # SQL text for the driver: SQLAlchemy would compile each number of rows anew, far longer.
        said = [shared[name] for name in self._shared]
        values = [[*row, *said] for row in rows]
        for row in values:
            for place in self._moments:
                row[place] = _moment(row[place])
        connection.exec_driver_sql(
            _as_text(
                self._table.name, (*self._columns, *self._shared), len(rows), self._passes_over
            ),
            tuple(chain.from_iterable(values)),
        )

    def _of_arrays(self) -> Insert:
        if self._from_arrays is None:
            self._from_arrays = _from_arrays(
                self._table, self._columns, self._shared, self._passes_over
            )
        return self._from_arrays


def drawn_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Ids for so many new rows, in order, which nobody else gets before this transaction ends.

    With its id drawn before, a row that another table names needs no answer when it is written. A
    table without AUTOINCREMENT on SQLite, where one transaction writes at a time.
    """
    if connection.dialect.name == SQLITE:
        last = connection.scalar(select(func.max(table.c.id))) or 0
        return range(last + 1, last + 1 + count)
    sequence = func.pg_get_serial_sequence(table.name, "id")
    each = func.generate_series(1, count).table_valued("n")
    return sorted(connection.scalars(select(func.nextval(sequence)).select_from(each)))


@lru_cache(maxsize=512)
def _as_text(table: str, columns: tuple[str, ...], rows: int, passes_over: bool) -> str:
    over = " ON CONFLICT DO NOTHING" if passes_over else ""
    row = f"({', '.join('?' * len(columns))})"
    # Names of our own models; every value is a parameter.
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}{over}"  # noqa: S608


def _moment(seconds: float) -> str:
    """A moment as SQLAlchemy stores it in a database without time zones."""
    whole, part = divmod(round(seconds * 1e6), 1_000_000)
    return f"{_second(whole)}.{part:06}"


@lru_cache(maxsize=8)
def _second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _from_arrays(
    table: Table, columns: Sequence[str], shared: Sequence[str], passes_over: bool
) -> Insert:
    """The INSERT for PostgreSQL, which gets the values of each column as one array."""
    kinds = {name: table.c[name].type for name in columns}
    arrays = [
        bindparam(name, type_=ARRAY(Double() if isinstance(kind, Moment) else _plain(kind)))
        for name, kind in kinds.items()
    ]
    rows = func.unnest(*arrays).table_valued(*columns).render_derived()
    taken = [
        func.to_timestamp(rows.c[name]) if isinstance(kind, Moment) else rows.c[name]
        for name, kind in kinds.items()
    ]
    said = [bindparam(name, type_=_plain(table.c[name].type)) for name in shared]
    rest = select(*taken, *said)
    if not passes_over:
        return insert(table).from_select([*columns, *shared], rest)
    # Imported here: it loads the dialect, and a process on SQLite needs it not.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table).from_select([*columns, *shared], rest).on_conflict_do_nothing()


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # As Text: a cast to a shorter type would cut a value that the column refuses.
    return Text() if isinstance(kind, Enum | String) else kind


class _EachNumber(FunctionElement[Any]):
    inherit_cache = True
    name = "each_number"


@compiles(_EachNumber, SQLITE)
def _each_number_sqlite(element: _EachNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_EachNumber, "postgresql")
def _each_number_postgresql(element: _EachNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(({compiler.process(element.clauses, **options)})::json)"


class _Gathered(FunctionElement[str]):
    type = String()
    inherit_cache = True


@compiles(_Gathered, SQLITE)
def _gathered_sqlite(element: _Gathered, compiler: SQLCompiler, **options: Any) -> str:
    columns = (
        # SQLite stores a document as text; json() makes it a value, not a text with quotes.
        f"json({compiler.process(it, **options)})"
        if isinstance(it.type, Document)
        else compiler.process(it, **options)
        for it in element.clauses
    )
    return f"json_group_array(json_array({', '.join(columns)}))"


@compiles(_Gathered, "postgresql")
def _gathered_postgresql(element: _Gathered, compiler: SQLCompiler, **options: Any) -> str:
    columns = compiler.process(element.clauses, **options)
    return f"json_agg(json_build_array({columns}))::text"
