"""Many rows in one value: as one parameter into a statement, as one result out of it.

A driver gives and takes rows one by one, and the interpreter is let go of and waited for at each
of them; while the wire is busy in another thread, that wait is the whole time. As one JSON text two
hundred rows cost one step. The two databases have different words for it; these are ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from pli.database import SQLITE, Moment


def packed(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as one parameter."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def packed_ids(ids: Sequence[int]) -> str:
    """Rows of one number each, as one parameter."""
    return "[[" + "],[".join(map(str, ids)) + "]]" if ids else "[]"


def packed_moment(at: datetime) -> str:
    """A moment as it stands in a packed row: as SQLAlchemy stores it where there are no zones."""
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def unpacked(name: str) -> TableValuedAlias:
    """The rows of the parameter `name`, as a table to read by `field`."""
    return _Each(bindparam(name, type_=String())).table_valued("value", name=name)


def field(rows: TableValuedAlias, place: int, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """What stands at a place of each row, counted from 0."""
    text: ColumnElement[Any] = rows.c.value.op("->>", return_type=String())(
        literal_column(str(place))
    )
    if isinstance(kind, String):
        return text
    return _AsMoment(text) if isinstance(kind, Moment) else cast(text, kind)


def among(name: str) -> Select[Any]:
    """The numbers of the parameter `name` (`packed_ids`), to be asked by `in_`."""
    return select(field(unpacked(name), 0, BigInteger()))


def gathered(*columns: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """All rows of a statement as one JSON text: a list of lists, "[]" or NULL if there are none."""
    return _Gathered(*columns)


class _Each(FunctionElement[Any]):
    inherit_cache = True
    name = "each"


@compiles(_Each, SQLITE)
def _each_sqlite(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_postgresql(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements(({compiler.process(element.clauses, **options)})::json)"


class _AsMoment(FunctionElement[datetime]):
    type = Moment()
    inherit_cache = True


@compiles(_AsMoment, SQLITE)
def _moment_sqlite(element: _AsMoment, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)  # as SQLAlchemy stores it


@compiles(_AsMoment, "postgresql")
def _moment_postgresql(element: _AsMoment, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} || '+00')::timestamptz"


class _Gathered(FunctionElement[str]):
    type = String()
    inherit_cache = True


@compiles(_Gathered, SQLITE)
def _gathered_sqlite(element: _Gathered, compiler: SQLCompiler, **options: Any) -> str:
    columns = (
        # A document is stored as text: as a value, not as a text with quotes.
        f"json({compiler.process(it, **options)})"
        if isinstance(it.type, JSON)
        else compiler.process(it, **options)
        for it in element.clauses
    )
    return f"json_group_array(json_array({', '.join(columns)}))"


@compiles(_Gathered, "postgresql")
def _gathered_postgresql(element: _Gathered, compiler: SQLCompiler, **options: Any) -> str:
    columns = compiler.process(element.clauses, **options)
    return f"json_agg(json_build_array({columns}))::text"
