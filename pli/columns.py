"""What columns hold on both databases, the base of all tables, and the database's own clock."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE = "sqlite"


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; a naive datetime is refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: in UTC, without the zone where the database keeps none."""
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
    """A column that keeps an enum by its values, as text, on both databases."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


Id = Integer().with_variant(BigInteger(), "postgresql")


class Document(TypeDecorator[Any]):
    """A value written as JSON; as JSONB on PostgreSQL, whose dialect is only loaded for it."""

    impl = JSON
    cache_ok = True
    # As JSON has them: None is the value null, and what comes out may be a list or a dict.
    should_evaluate_none = True
    hashable = False

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Which type this database has for it."""
        if dialect.name == SQLITE:
            return dialect.type_descriptor(JSON())
        # Not above: it loads every driver's dialect, which a command on SQLite would wait for.
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """What it is compared with, and asked for by, is as with JSON: a key is a text."""
        return self.impl_instance.coerce_compared_value(op, value)


class Base(DeclarativeBase):
    """The base of all tables; constraints have names, so that migrations can speak of them."""

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
    """The database's own clock, by which leases and due times are judged; `ahead` in seconds."""
    return _Clock(literal(float(ahead)))


@compiles(_Clock, SQLITE)
def _clock_sqlite(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    # As SQLAlchemy stores datetimes, so that texts compare as moments do.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"


@compiles(_Clock, "postgresql")
def _clock_postgresql(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + make_interval(secs => {seconds}))"
