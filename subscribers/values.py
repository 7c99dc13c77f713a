"""Turns texts into typed values: the cells of an imported file, and the values in a rule.

Nothing untyped reaches a database, for databases cast differently: PostgreSQL refuses "abc" as a
number and aborts, SQLite makes it 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo

from pli.errors import PliError
from pli.language import N_
from subscribers.folding import alike, fold, tidy
from subscribers.models import AttributeType

Value = str | int | float | bool | date

LONGEST_TEXT = 1000
_LARGEST_NUMBER = 2**53  # above, two integers may be one float, and the databases disagree which
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", re.ASCII)
_YES = {"true", "yes", "oui", "vrai", "1", "x"}
_NO = {"false", "no", "non", "faux", "0"}


_YES_OR_NO = dict.fromkeys(("true", "yes", "oui", "vrai"), "oui") | dict.fromkeys(
    ("false", "no", "non", "faux"), "non"
)


class ValueFault(PliError):
    """A text is no value of the asked type."""


def read_value(text: str, type: AttributeType) -> Value:
    """Read a value as French and English offices write it: 3,5 or 3.5, 31/01/2026 or 2026-01-31.

    Raises ValueFault.
    """
    text = tidy(text)
    match type:
        case AttributeType.TEXT:
            return _text(text)
        case AttributeType.NUMBER:
            return _number(text)
        case AttributeType.DATE:
            return read_day(text)
        case AttributeType.BOOLEAN:
            return _boolean(text)


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueFault(N_("the text is longer than {n} characters"), n=LONGEST_TEXT)
    return text


def _number(text: str) -> int | float:
    plain = text.replace(" ", "").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise ValueFault(N_('"{text}" is not a number'), text=text)
    number = float(plain)
    if abs(number) > _LARGEST_NUMBER:
        raise ValueFault(N_("{text} is too large a number"), text=text)
    return int(number) if number.is_integer() else number


def midnight(text: str, zone: tzinfo) -> datetime:
    """When a day begins that a person wrote, by the clocks of a zone; raises ValueFault."""
    begins = datetime.combine(read_day(text), time(), zone)
    try:
        return begins.astimezone(UTC)
    except OverflowError:  # the first day of the year 1, east of Greenwich
        return datetime.min.replace(tzinfo=UTC)


def read_day(text: str) -> date:
    """Read a day such as 31/01/2026 or 2026-01-31; raises ValueFault."""
    try:
        if day_first := _DAY_FIRST.fullmatch(text):
            day, month, year = (int(part) for part in day_first.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        raise ValueFault(
            N_('"{text}" is not a date such as 2026-01-31 or 31/01/2026'), text=text
        ) from None


def _boolean(text: str) -> bool:
    word = fold(text)
    if word not in _YES | _NO:
        raise ValueFault(N_('"{text}" is neither yes nor no'), text=text)
    return word in _YES


def as_kept(value: Value) -> str | int | float | bool:
    """A value as `Subscriber.attributes` keeps it: as JSON has it, a date as ISO text."""
    return value.isoformat() if isinstance(value, date) else value


def as_compared(value: Value) -> str | int | float:
    """A value as `Subscriber.folded` keeps it and rules compare it: a number, or folded text.

    A boolean becomes text, for JSON's true is 1 on one database and "true" on the other. Of words
    for yes and no, "oui" and "non" are compared: a column that is text says either.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _YES_OR_NO.get(text := alike(value), text)
    return value.isoformat() if isinstance(value, date) else value


def folded(first_name: str, last_name: str, attributes: Mapping[str, Value]) -> dict[str, object]:
    """What rules compare of a person, except address and language; without empty values."""
    names = {"first_name": alike(first_name), "last_name": alike(last_name)}
    values = {name: as_compared(value) for name, value in attributes.items()}
    return {name: value for name, value in {**values, **names}.items() if value != ""}
