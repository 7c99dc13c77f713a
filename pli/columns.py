"""Column types for both databases, the base of all tables, and the database's own clock."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Index,
    Integer,
    MetaData,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE = "sqlite"


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; ValueError for a naive datetime."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: in UTC, and without the zone on SQLite, which keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == SQLITE else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: in UTC, aware."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_of(kind: type[enum.Enum]) -> Enum:
    """A column type that keeps an enum's values as text, of 16 characters at most."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def partial_index(name: str | None, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over those rows that a condition selects; the migrations make it.

    The condition is kept in `info`: as SQLAlchemy's `postgresql_where` it would load that dialect
    whenever a table is declared, and a command on SQLite would wait 40 ms.
    """
    return Index(name, *columns, unique=unique, info={"where": where})


Id = Integer().with_variant(BigInteger(), "postgresql")


class Document(TypeDecorator[Any]):
    """A value kept as JSON; as JSONB on PostgreSQL, whose dialect is loaded only there."""

    impl = JSON
    cache_ok = True
    # As SQLAlchemy's JSON: None is the value null, and a result may be a list or a dict.
    should_evaluate_none = True
    hashable = False

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type for this database."""
        if dialect.name == SQLITE:
            return dialect.type_descriptor(JSON())
        # Imported here: it loads every driver's dialect, and a command on SQLite would wait.
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """Compares and indexes as JSON does: a key is a text."""
        return self.impl_instance.coerce_compared_value(op, value)


class Base(DeclarativeBase):
    """The base of all tables; constraints get names, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment(), dict[str, Any]: Document}


class _Clock(FunctionElement[datetime]):
    type = Moment()
    inherit_cache = True


def clock(ahead: float = 0.0) -> _Clock:
    """The database's own clock, plus `ahead` seconds; it decides about leases and due times."""
    return _Clock(literal(float(ahead)))


@compiles(_Clock, SQLITE)
def _clock_sqlite(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    # In SQLAlchemy's form of a datetime, so that texts compare as moments do.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"


@compiles(_Clock, "postgresql")
def _clock_postgresql(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + make_interval(secs => {seconds}))"
