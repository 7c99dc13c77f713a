"""Reads the lines `key: value` of a block, with the line and column of each fault.

A value is the text behind the colon, whatever it looks like: YAML would turn 18:00 into a number.
A line that is set further in than the first one goes on with the value before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.letter.blocks import names
from mailer.letter.blocks.faults import Faults, Line
from pli.language import N_, Sentence, say

_KEY = re.compile(r"([^\s:|][^:|\n]{0,39}?)[ \t\u00a0\u202f]*:[ \t]*")
"""French sets a space before a colon, too."""
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+", re.ASCII)
MOST_DIGITS = 9


@dataclass(slots=True)
class Value:
    """The value of a key; `line` and `offset` say where it begins."""

    text: str
    line: Line
    offset: int


def values(
    lines: Sequence[Line], keys: Mapping[str, tuple[str, ...]], faults: Faults
) -> dict[str, Value]:
    """The values of a block by the English name of their key; `keys` are those it may have."""
    read: dict[str, Value] = {}
    latest: Value | None = None
    written = [line for line in lines if line.text.strip()]
    indent = _indent(written[0]) if written else 0
    for line in written:
        found = _KEY.match(line.text, min(indent, _indent(line)))
        if latest is not None and _indent(line) > indent:
            latest.text = f"{latest.text} {line.text.strip()}".strip()
            continue
        latest = None
        if not found:
            fault = say(N_('this line is no "key: value": there are {keys}'), keys=_listed(keys))
            faults.at(line, _indent(line), fault)
            continue
        latest = Value(line.text[found.end() :].strip(), line, found.end())
        key = names.found(found[1], keys)
        if key is None:
            faults.at(line, found.start(), _unknown(found[1], keys))
        elif key in read:
            fault = say(
                N_('"{key}" stands twice in this block, first on line {first} of it'),
                key=found[1],
                first=read[key].line.number - lines[0].number + 1,
            )
            faults.at(line, found.start(), fault)
        else:
            read[key] = latest
    for value in _empty(read):
        faults.at(value.line, value.offset, say(N_("there is no value behind the colon")))
    return read


def whole_number(value: Value, what: str, least: int, faults: Faults) -> int | None:
    """A whole number from `least` on, perhaps with spaces between thousands; None: a fault."""
    if _NUMBER.fullmatch(value.text):
        digits = re.sub(r"\D", "", value.text).lstrip("0") or "0"
        # Python refuses to read thousands of digits.
        if len(digits) > MOST_DIGITS:
            too_large = say(
                N_('"{text}" is too large a number: write at most {n} digits'),
                text=shown(value.text, faults),
                n=MOST_DIGITS,
            )
            faults.at(value.line, value.offset, too_large)
            return None
        if int(digits) >= least:
            return int(digits)
    fault = say(
        N_('"{text}" is no number of {what}: write a whole number from {least} on'),
        text=shown(value.text, faults),
        what=say(what),
        least=least,
    )
    faults.at(value.line, value.offset, fault)
    return None


def shown(text: str, faults: Faults) -> str:
    """A text as a fault quotes it: as it was written, and not too long."""
    written = faults.readable(text)
    return written if len(written) <= 40 else written[:39] + "…"


def _unknown(key: str, keys: Mapping[str, tuple[str, ...]]) -> Sentence:
    near = names.nearest(key, names.every(keys))
    if near:
        return say(
            N_('"{key}" is not known in this block: did you mean "{near}"?'), key=key, near=near
        )
    return say(
        N_('"{key}" is not known in this block: there are {keys}'), key=key, keys=_listed(keys)
    )


def _empty(read: Mapping[str, Value]) -> Iterator[Value]:
    yield from (value for key, value in read.items() if not value.text and key != "alt")


def _listed(keys: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(several[0] for several in keys.values())


def _indent(line: Line) -> int:
    return len(line.text) - len(line.text.lstrip())
