"""Reads the blocks that consist of lines, not of text: each makes the tokens of its block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from markdown_it.token import Token

from mailer.letter.blocks import agenda, grammar, names
from mailer.letter.blocks.faults import Line
from mailer.letter.blocks.grammar import Value
from mailer.letter.blocks.kinds import (
    PORTRAIT,
    Agenda,
    Button,
    Contents,
    Event,
    Figure,
    Part,
    Signature,
    Votes,
    Way,
)
from mailer.letter.blocks.tokens import Reading, closing, inline, opening, picture
from pli.language import N_, say

Body = Callable[[str, Sequence[Line], Reading], Iterator[Token]]

_ADDRESS = re.compile(r"\S*[.:@]\S*")
_NARROWEST = 16
"""Pixels of a picture; a smaller one is no picture that anybody should see."""


def _image(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    values = grammar.values(lines, names.IMAGE_KEYS, reading.faults)
    if not argument:
        fault = N_('write the name of the picture behind "{name}": ::: {name} photo.jpg')
        reading.faults.add(reading.line.number, say(fault, name=reading.written))
        return
    width = _width(values, reading)
    alt = values.get("alt")
    yield from reading.whole(
        Figure(decorates=alt is not None and not alt.text.strip()),
        _picture(argument, _text(values, "alt"), width, reading.line.number, reading),
        _part(Part.CAPTION, values.get("caption"), reading),
        _part(Part.CREDIT, values.get("credit"), reading),
    )


def _button(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    _holds_nothing(lines, reading)
    address, _, words = argument.partition(" ")
    known = bool(_ADDRESS.fullmatch(address)) or reading.placeholders.within(address)
    if not known or not words.strip():
        fault = N_('write an address and words behind "{name}": ::: {name} https://… Read it')
        reading.faults.add(reading.line.number, say(fault, name=reading.written))
        return
    yield from reading.whole(Button(), _link(address, words.strip(), reading))


def _link(address: str, words: str, reading: Reading) -> Iterator[Token]:
    line = reading.line.number
    yield opening("p", line=line)
    link = opening("a", "", line, block=False)
    link.attrs = {"href": reading.markdown.normalizeLink(address), "class": "button"}
    yield link
    yield inline(words, line)
    yield closing("a", block=False)
    yield closing("p")


def _votes(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    told = len(reading.faults.told)
    values = grammar.values(lines, names.VOTE_KEYS, reading.faults)
    numbers: list[tuple[Way, int]] = []
    for key, value in values.items():
        if key == "unit" or not value.text:
            continue
        number = grammar.whole_number(value, N_("votes"), 0, reading.faults)
        if number is not None:
            numbers.append((Way(key), number))
    if not any(number for _, number in numbers) and len(reading.faults.told) == told:
        fault = say(N_("nobody votes here: write a line such as “pour: 59”"))
        reading.faults.add(reading.line.number, fault)
    if any(number for _, number in numbers):
        yield from reading.whole(
            Votes(tuple(numbers)),
            reading.part(Part.TITLE, argument, reading.line.number),
            _part(Part.UNIT, values.get("unit"), reading),
        )


def _agenda(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    told = len(reading.faults.told)
    entries = agenda.entries(lines, reading.faults)
    if not entries and len(reading.faults.told) == told:
        fault = say(N_("the agenda has no dates: write lines 2026-12-01 18:00 | Place | What"))
        reading.faults.add(reading.line.number, fault)
    if entries:
        yield from reading.whole(
            Agenda(),
            reading.part(Part.TITLE, argument, reading.line.number),
            *(_event(entry.event, entry, reading) for entry in entries),
        )


def _event(event: Event, entry: agenda.Entry, reading: Reading) -> Iterator[Token]:
    line = entry.line.number
    yield opening("div", reading.take(event), line)
    yield from reading.part(Part.WHAT, entry.what, line)
    yield from reading.part(Part.PLACE, entry.place, line)
    yield closing("div")


def _signature(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    values = grammar.values(lines, names.SIGNATURE_KEYS, reading.faults)
    if argument:
        fault = say(N_('nothing can stand behind "{name}": write it below'), name=reading.written)
        reading.faults.at(reading.line, reading.offset, fault)
    if "name" not in values:
        fault = say(N_("nobody signs here: write a line such as “nom: …”"))
        reading.faults.add(reading.line.number, fault)
        return
    width = _width(values, reading)
    image = values.get("picture")
    parts: list[Iterator[Token]] = []
    if image and image.text:
        alt = _text(values, "alt")
        parts.append(_picture(image.text, alt, width or PORTRAIT, image.line.number, reading))
    yield from reading.whole(
        Signature(),
        *parts,
        _part(Part.NAME, values["name"], reading),
        _part(Part.FUNCTION, values.get("function"), reading),
    )


def _contents(argument: str, lines: Sequence[Line], reading: Reading) -> Iterator[Token]:
    _holds_nothing(lines, reading)
    yield from reading.whole(Contents(), reading.part(Part.TITLE, argument, reading.line.number))


def _picture(
    name: str, alt: str, width: int | None, line: int, reading: Reading
) -> Iterator[Token]:
    yield opening("p", line=line)
    yield picture(reading.markdown, name, alt, width, line)
    yield closing("p")


def _part(part: Part, value: Value | None, reading: Reading) -> Iterator[Token]:
    if value is not None:
        yield from reading.part(part, value.text, value.line.number)


def _text(values: Mapping[str, Value], key: str) -> str:
    return values[key].text if key in values else ""


def _width(values: Mapping[str, Value], reading: Reading) -> int | None:
    value = values.get("width")
    if value is None or not value.text:
        return None
    return grammar.whole_number(value, N_("pixels"), _NARROWEST, reading.faults)


def _holds_nothing(lines: Sequence[Line], reading: Reading) -> None:
    for line in lines:
        if line.text.strip():
            fault = N_('nothing can stand in "{name}": write it outside')
            reading.faults.add(line.number, say(fault, name=reading.written))


BODIES: Mapping[str, Body] = {
    "image": _image,
    "button": _button,
    "votes": _votes,
    "agenda": _agenda,
    "signature": _signature,
    "contents": _contents,
}
"""How to read each block that is no block around text."""
