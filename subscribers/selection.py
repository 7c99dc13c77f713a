"""Turns a rule into one SQL clause over Subscriber, with every value bound.

Rules follow SQL's three-valued logic: a comparison with a missing value is NULL, and so is its
negation. All texts compare by code point, whatever collation PostgreSQL has.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Float, Text, and_, exists, not_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from pli.columns import SQLITE
from subscribers.folding import alike, fold
from subscribers.models import AttributeType, List, Subscriber, Subscription, SubscriptionState
from subscribers.rules import LIST, Among, And, Comparison, Has, Not, Or, Rule, Vocabulary
from subscribers.values import Value, as_compared

_COMPARE: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def clause(rule: Rule, vocabulary: Vocabulary) -> ColumnElement[bool]:
    """True if the rule selects the statement's `Subscriber`; else false or NULL."""
    match rule:
        case Has(field):
            return _confirmed() if field == LIST else _field(field, vocabulary).is_not(None)
        case Comparison(field, comparison, value):
            if field == LIST:
                return _on_lists([value]) if comparison == "=" else not_(_on_lists([value]))
            return _COMPARE[comparison](_field(field, vocabulary), _bound(field, value))
        case Among(field, values):
            if field == LIST:
                return _on_lists(values)
            return _field(field, vocabulary).in_([_bound(field, value) for value in values])
        case Not(inner):
            return not_(clause(inner, vocabulary).self_group())
        case And(rules):
            return and_(*(clause(it, vocabulary).self_group() for it in rules))
        case Or(rules):
            return or_(*(clause(it, vocabulary).self_group() for it in rules))


def on_any_list(list_ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether the statement's `Subscriber` is confirmed on one of these lists."""
    return _confirmed(_tie.list_id.in_(list_ids))


def _bound(field: str, value: Value) -> str | float:
    """A value to bind, a number as float: beside integers PostgreSQL would cut 40.5 to 40."""
    if field in ("email", "language"):
        return fold(str(value))
    compared = alike(str(value)) if field in ("first_name", "last_name") else as_compared(value)
    return compared if isinstance(compared, str) else float(compared)


class _number_of(FunctionElement[float]):
    """A number in a JSON document; NULL for anything else, where a cast alone would abort."""

    type = Float()
    inherit_cache = True


@compiles(_number_of, SQLITE)
def _number_of_sqlite(element: _number_of, compiler: SQLCompiler, **options: Any) -> str:
    document, name = (compiler.process(it, **options) for it in element.clauses)
    path = f"""('$."' || {name} || '"')"""
    kind = f"json_type({document}, {path})"
    return f"CASE WHEN {kind} IN ('integer', 'real') THEN json_extract({document}, {path}) END"


@compiles(_number_of, "postgresql")
def _number_of_postgresql(element: _number_of, compiler: SQLCompiler, **options: Any) -> str:
    document, name = (compiler.process(it, **options) for it in element.clauses)
    number = f"({document} ->> {name})::double precision"
    return f"CASE WHEN jsonb_typeof({document} -> {name}) = 'number' THEN {number} END"


class _by_code_point(FunctionElement[str]):
    """A text that compares by code point."""

    type = Text()
    inherit_cache = True


@compiles(_by_code_point, SQLITE)
def _by_code_point_sqlite(element: _by_code_point, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_by_code_point, "postgresql")
def _by_code_point_postgresql(
    element: _by_code_point, compiler: SQLCompiler, **options: Any
) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


def _field(name: str, vocabulary: Vocabulary) -> ColumnElement[Any]:
    if name == "email":
        return _by_code_point(Subscriber.email_folded)
    if name == "language":
        return _by_code_point(Subscriber.language)
    if vocabulary.fields()[name] is AttributeType.NUMBER:
        return _number_of(Subscriber.folded, name)
    return _by_code_point(Subscriber.folded[name].as_string())


# Aliases, so that these clauses stay apart from tables that their statement reads itself.
_tie = aliased(Subscription, name="rule_tie")
_list = aliased(List, name="rule_list")


def _on_lists(names: Sequence[Value]) -> ColumnElement[bool]:
    lists = select(_list.id).where(_list.name.in_(names)).correlate_except(_list)
    return _confirmed(_tie.list_id.in_(lists))


def _confirmed(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    state = _tie.state == SubscriptionState.CONFIRMED
    ties = exists().where(_tie.subscriber_id == Subscriber.id, state, *which)
    return ties.correlate_except(_tie)
