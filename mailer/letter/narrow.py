"""Keeps a letter within the narrowest window: columns of tables, and what indents a text.

A browser breaks a word only if the style says so, and a cell in which any word may break gives all
its room to a neighbour with more text. So each cell is told the width that its words need, if
there is room for it, and may break them only below that width. Widths are estimates, on the side
of wide letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter import rooms
from mailer.letter.placeholders import Placeholders
from mailer.letter.rooms import Room, Taken

INDENTED = 104
"""So many pixels of indentation at most; what stands deeper is not indented further."""
_INDENTS = {"ul": 26, "ol": 26, "blockquote": 26, "dd": 26}
_SPANNED = 100
_FOR_NUMBERS = 0.7
_READABLE = 14
_PERSONAL = 60
"""The width, in pixels, that is kept for a word of which only each copy knows the length."""
_CELLS = ("td", "th")


@dataclass(frozen=True, slots=True)
class _Look:
    """How a table of so many columns is set: size of letters, padding of a cell at both sides.

    `narrow` is the padding in a narrow window.
    """

    name: str
    columns: int
    size: int
    padding: int
    narrow: int


_LOOKS = (_Look("few", 3, 16, 20, 10), _Look("many", 8, 14, 8, 8), _Look("crowded", 10, 11, 2, 2))


STACKED = "stacked"
"""The class of a table with more columns than any window has room for: each cell has a line."""


@dataclass(slots=True)
class _Cell:
    """A cell of the grid: its columns, and the pixels of its longest word; `whole`: of its text."""

    element: Element
    first: int
    span: int
    word: float = 0.0
    whole: float = 0.0
    personal: bool = False


@dataclass(slots=True)
class _Grid:
    cells: list[_Cell] = field(default_factory=list)
    columns: int = 0


def fit(
    tree: Element, placeholders: Placeholders, column: int, taken: Mapping[Element, Taken]
) -> None:
    """Set classes and least widths in a tree, so that no window is too narrow for it.

    `column` is the width of the text in a wide window, in pixels; `taken` says what blocks take of
    it. Tables that are no data have a `role`.
    """
    _indent(tree)
    waiting = [(tree, rooms.of(column))]
    while waiting:
        element, room = waiting.pop()
        if element in taken:
            room = taken[element].left(room)
        if _holds_data(element):
            _fit_table(element, room, placeholders)
        else:
            waiting.extend((child, room) for child in element)


def _holds_data(element: Element) -> bool:
    return element.tag == "table" and "role" not in element.attrib


def _indent(tree: Element) -> None:
    waiting = [(tree, 0)]
    while waiting:
        element, indented = waiting.pop()
        indent = _INDENTS.get(element.tag, 0)
        if indent and indented + indent > INDENTED:
            element.set("class", "deep")
        else:
            indented += indent
        waiting.extend(
            (child, _indented_in(child) if _holds_data(child) else indented) for child in element
        )


def _indented_in(table: Element) -> int:
    """How far the cells of a table count as indented: one step is left, in many columns none."""
    return INDENTED - (max(_INDENTS.values()) if _grid(table).columns <= _LOOKS[0].columns else 0)


def _fit_table(table: Element, room: Room, placeholders: Placeholders) -> None:
    grid = _grid(table)
    look = _look(grid, room.narrow, placeholders)
    if look is None:
        _name(table, STACKED)
        for cell in grid.cells:
            _fit_within(cell.element, Room(room.narrow - 2, room.wide - 2), placeholders)
        return
    _name(table, look.name)
    _measure(grid, look, placeholders)
    narrow = _divided(grid, room.narrow - grid.columns * look.narrow)
    wide = _divided(grid, room.wide - grid.columns * look.padding)
    for cell in grid.cells:
        columns = slice(cell.first, cell.first + cell.span)
        share = Room(sum(narrow[columns]), sum(wide[columns]))
        _set(cell, share)
        _fit_within(cell.element, share, placeholders)


def _look(grid: _Grid, width: float, placeholders: Placeholders) -> _Look | None:
    """The look that suits so many columns; a smaller one, if only there all words are whole."""
    usable = [
        look
        for look in _LOOKS
        if grid.columns <= look.columns and grid.columns * (look.narrow + 1.5 * look.size) <= width
    ]
    for look in usable:
        if look.size < _READABLE:
            break
        _measure(grid, look, placeholders)
        if sum(_wanted(grid)) + grid.columns * look.narrow <= width:
            return look
    return usable[0] if usable else None


def _set(cell: _Cell, share: Room) -> None:
    classes = []
    if 0 < cell.whole <= share.narrow:
        classes.append("figures")
    if cell.personal or cell.word > share.wide:
        classes.append("long")
    for name in classes:
        _name(cell.element, name)
    least = int(min(cell.whole if "figures" in classes else cell.word, share.narrow))
    if cell.span == 1 and least:
        style = cell.element.get("style", "").rstrip("; ")
        cell.element.set("style", f"{style};min-width:{least}px".lstrip(";"))


def _name(element: Element, name: str) -> None:
    element.set("class", f"{element.get('class', '')} {name}".lstrip())


def _fit_within(cell: Element, room: Room, placeholders: Placeholders) -> None:
    waiting = [*cell]
    while waiting:
        element = waiting.pop()
        if element.tag == "table":
            _fit_table(element, room, placeholders)
        else:
            waiting.extend(element)


def _grid(table: Element) -> _Grid:
    """Where each cell of a table stands, with cells that span columns and rows."""
    grid = _Grid()
    taken: dict[int, int] = {}
    for row in _rows(table):
        column = 0
        below = {at: rows - 1 for at, rows in taken.items() if rows > 1}
        for element in row:
            if element.tag not in _CELLS:
                continue
            while taken.get(column):
                column += 1
            span = min(max(_number(element, "colspan"), 1), _SPANNED)
            rows = _number(element, "rowspan")
            grid.cells.append(_Cell(element, column, span))
            if rows > 1:
                below |= dict.fromkeys(range(column, column + span), rows - 1)
            column += span
        taken = below
    # A column in which no cell begins is no more than a part of the one before.
    begun = {first: at for at, first in enumerate(sorted({cell.first for cell in grid.cells}))}
    grid.columns = len(begun)
    for cell in grid.cells:
        cell.span = sum(cell.first <= first < cell.first + cell.span for first in begun)
        cell.first = begun[cell.first]
    return grid


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _number(element: Element, name: str) -> int:
    written = element.get(name, "1")
    return int(written) if written.isdigit() else 1


def _measure(grid: _Grid, look: _Look, placeholders: Placeholders) -> None:
    for cell in grid.cells:
        cell.word = cell.whole = 0.0
        _measure_cell(cell, look, placeholders)


def _measure_cell(cell: _Cell, look: _Look, placeholders: Placeholders) -> None:
    element, size = cell.element, look.size
    bold = 1.1 if element.tag == "th" else 1.0
    for text, indent in _texts(element):
        for part, is_placeholder in placeholders.parts(text):
            if is_placeholder:
                cell.word = max(cell.word, indent + _PERSONAL)
                cell.personal = True
                continue
            for word in re.split(r"[ \t\r\n]+", part):
                cell.word = max(cell.word, indent + bold * size * _ems(word) if word else 0)
    for image in element.iter("img"):
        asked = image.get("width", "")
        cell.word = max(cell.word, float(asked) if asked.isdigit() else _PERSONAL)
    for table in element.iter("table"):
        cell.word = max(cell.word, _needed(table, placeholders))
    text = " ".join("".join(element.itertext()).split())
    if "right" in element.get("style", "") and re.search(r"\d", text) and not len(element):
        cell.whole = bold * size * _ems(text)


def _needed(table: Element, placeholders: Placeholders) -> float:
    grid, look = _grid(table), _LOOKS[0]
    _measure(grid, look, placeholders)
    return sum(_wanted(grid)) + grid.columns * look.narrow


def _texts(element: Element, indent: int = 0) -> Iterator[tuple[str, int]]:
    """The texts within a cell, but for tables within it, each with its indentation."""
    indent += {"pre": 32, "a": 12}.get(element.tag, _INDENTS.get(element.tag, 0))
    yield element.text or "", indent
    for child in element:
        if child.tag != "table":
            yield from _texts(child, indent)
        yield child.tail or "", indent


def _wanted(grid: _Grid) -> list[float]:
    """The width that each column's longest word needs."""
    return _widest(grid, lambda cell: max(cell.word, cell.whole))


def _widest(grid: _Grid, width: Callable[[_Cell], float]) -> list[float]:
    widest = [1.0] * grid.columns
    for cell in grid.cells:
        for at in range(cell.first, cell.first + cell.span):
            widest[at] = max(widest[at], width(cell) / cell.span)
    return widest


def _divided(grid: _Grid, room: float) -> list[float]:
    """Divide a width among the columns: numbers come first, unless they take most of it."""
    numbers = _widest(grid, lambda cell: cell.whole)
    if sum(numbers) > room * _FOR_NUMBERS:
        return _shares(_wanted(grid), room)
    missing = [max(it - own, 0) for it, own in zip(_wanted(grid), numbers, strict=True)]
    rest = _shares(missing, room - sum(numbers))
    return [own + more for own, more in zip(numbers, rest, strict=True)]


def _shares(wanted: Sequence[float], room: float) -> list[float]:
    """Who wants less than an even share gets that; what is left is for the others."""
    shares = [0.0] * len(wanted)
    left, waiting = max(room, 0.0), len(wanted)
    for at in sorted(range(len(wanted)), key=wanted.__getitem__):
        shares[at] = min(wanted[at], left / waiting)
        left -= shares[at]
        waiting -= 1
    return shares


def _ems(text: str) -> float:
    """The width of a text in sizes of its letters, in a wide typeface."""
    return sum(_em(sign) for sign in text)


def _em(sign: str) -> float:
    if sign in "iljtfrI.,;:!'|()[]-/ \u00a0\u202f’":
        return 0.4
    if sign in "mwMW@%—–…œŒæÆ" or unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if unicodedata.category(sign) in ("Mn", "Cf"):
        return 0.0
    return 0.78 if sign.isupper() else 0.63
