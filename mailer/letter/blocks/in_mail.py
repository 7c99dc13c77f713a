"""Writes the blocks of a tree as HTML for mail programs.

Each block stands in a table of its own in Word, which knows no other frame: a real table, or a
ghost table that conditional comments show to Word alone. Structure stands here, looks stand in the
style sheets `common/blocks*.css`; what keeps columns beside each other is structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter.blocks import bar, words
from mailer.letter.blocks.kinds import (
    PORTRAIT,
    Agenda,
    Block,
    Box,
    Button,
    Column,
    Columns,
    Contents,
    Event,
    Figure,
    Lead,
    Note,
    NoteMark,
    Notes,
    Part,
    Quotation,
    Signature,
    Votes,
)
from mailer.letter.blocks.parts import Parts, made, replaced, words_of
from mailer.letter.rooms import Taken
from mailer.letter.sanitising import BLOCK

PRESENTATION = {"role": "presentation", "cellpadding": "0", "cellspacing": "0", "border": "0"}
_GHOST = (
    '<!--[if mso]><table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
    'border="0"><tr><td{width} valign="top"><![endif]-->'
)
_GHOST_END = "<!--[if mso]></td></tr></table><![endif]-->"
_BETWEEN = '<!--[if mso]></td><td width="24"></td><td valign="top"><![endif]-->'

_BOTH = 480
_SLACK = 16
"""Columns stand beside each other where they have so much room, or the whole of a narrower one."""
# A column is half as wide where there is room for both, else as wide as there is room: the
# difference is then a thousand times too large or too small, and a limit holds it. A program that
# drops calc() sets the columns below each other.
_HALF = (
    "display:inline-block;vertical-align:top;min-width:47.5%;max-width:100%;"
    "width:calc(({least}px - 100%)*1000);"
)
_GAP = "display:inline-block;height:1px;max-width:4.9%;width:calc((100% - {least}px)*1000);"


_BOX = Taken(narrow=36, wide=52)
_COLUMN = Taken(wide=12, halves=True)


@dataclass(slots=True)
class MailBlocks:
    """Writes blocks; `raw` gives a placeholder for markup that fits in no tree.

    `column` is the width of the text in a wide window, in pixels.

    `taken` says afterwards which elements have less width than the letter's column.
    """

    parts: Parts
    language: str
    column: int
    raw: Callable[[str], str]
    taken: dict[Element, Taken] = field(default_factory=dict)

    def write(self, tree: Element) -> None:
        """Turn the blocks of a tree into what mail programs show."""
        for element in list(tree.iter()):
            block = self.parts.block(element)
            if block is not None:
                self._write(element, block)
        for element in tree.iter():
            element.attrib.pop(BLOCK, None)

    def _write(self, element: Element, block: Block) -> None:
        match block:
            case Votes():
                self._votes(element, block)
            case Note(number=number):
                _mark(element, number)
            case NoteMark():
                element.tag = "sup"
                element.set("class", "note")
            case Part() | Event() | Column():
                pass  # The blocks around write these.
            case _:
                _WRITERS[type(block)](self, element)

    def _told(self, text: str) -> str:
        return words.told(text, self.language)

    def _ghost(self, element: Element, name: str) -> None:
        """Put a ghost table around what an element holds, and name the element for the styles."""
        element.set("class", name)
        self._around(element, _GHOST.format(width=""), _GHOST_END)

    def _around(self, element: Element, before: str, after: str) -> None:
        element.text = self.raw(before) + (element.text or "")
        if len(element):
            element[-1].tail = (element[-1].tail or "") + self.raw(after)
        else:
            element.text += self.raw(after)

    def _box(self, element: Element) -> None:
        title = self.parts.find(element, Part.TITLE)
        if title is not None:
            title.set("class", "boxed")
        cell = made("td", class_="box")
        cell.text, cell[:] = element.text, list(element)
        replaced(element, made("tr", "", cell))
        element.tag = "table"
        element.attrib |= PRESENTATION | {"width": "100%", "class": "box"}
        self.taken[cell] = _BOX

    def _lead(self, element: Element) -> None:
        for paragraph in element.findall("p"):
            paragraph.set("class", "lead")
        self._ghost(element, "opening")

    def _quotation(self, element: Element) -> None:
        if (author := self.parts.find(element, Part.AUTHOR)) is not None:
            author.set("class", "author")

    def _button(self, element: Element) -> None:
        self._ghost(element, "action")

    def _contents(self, element: Element) -> None:
        self._title(element, words.CONTENTS)
        self._ghost(element, "contents")

    def _notes(self, element: Element) -> None:
        element.insert(0, made("p", self._told(words.NOTES), class_="title"))
        self._ghost(element, "notes")

    def _figure(self, element: Element) -> None:
        """The picture, then caption and credit in one paragraph."""
        inside = list(element.iter("img"))
        legend = made("p", class_="legend")
        for part in (Part.CAPTION, Part.CREDIT):
            if (found := self.parts.find(element, part)) is not None:
                if len(legend):
                    legend.append(Element("br"))
                legend.append(words_of(found, "span", class_=part.value))
        replaced(element, *inside, *([legend] if len(legend) else []))
        self._ghost(element, "figure")

    def _columns(self, element: Element) -> None:
        """Two columns beside each other; nothing but them may stand there, not even a space."""
        least = min(_BOTH, self.column - _SLACK)
        columns = [it for it in element if isinstance(self.parts.block(it), Column)]
        for column in columns:
            column.tail = ""
            column.attrib |= {"class": "half", "style": _HALF.format(least=least)}
            self.taken[column] = _COLUMN
        for column in columns[:-1]:
            column.tail = self.raw(_BETWEEN)
        replaced(element, *columns)
        if len(columns) > 1:
            element.insert(1, made("span", style=_GAP.format(least=least)))
        element.set("class", "columns")
        self._around(element, _GHOST.format(width=""), _GHOST_END)

    def _votes(self, element: Element, votes: Votes) -> None:
        """The title, the bar, and a table; the bar is hidden from those who hear the table."""
        unit = self.parts.find(element, Part.UNIT)
        self._title(element, words.VOTES)
        title = element[0]
        caption = made("caption", f"{words.number(votes.total, self.language)} ", self._unit(unit))
        caption[0].tail = f" {words.in_all(self.language)}"
        table = made("table", "", caption)
        table.set("aria-label", "".join(title.itertext()))
        for way, number in votes.numbers:
            head = made("th", "", scope="row", class_="head")
            head.append(made("span", "\u00a0\u00a0\u00a0\u00a0", class_=f"swatch {way.value}"))
            head[0].tail = f"\u00a0{words.way(way, self.language)}"
            table.append(made("tr", "", head, self._number(number, unit)))
        replaced(element, title, bar.drawn(votes, self.language), table)
        element.set("class", "votes")

    def _number(self, number: int, unit: Element | None) -> Element:
        """A cell with a number and its unit."""
        cell = made("td", f"{words.number(number, self.language)} ", self._unit(unit))
        cell.set("style", "text-align:right")
        return cell

    def _unit(self, unit: Element | None) -> Element:
        return words_of(unit) if unit is not None else made("span", self._told(words.UNIT))

    def _agenda(self, element: Element) -> None:
        title = self.parts.find(element, Part.TITLE)
        caption = words_of(title, "caption")
        caption.text = caption.text if title is not None else self._told(words.AGENDA)
        table = made("table", "", caption)
        for child, event in self.parts.events(element):
            when = made("th", words.day(event, self.language), scope="row", class_="head")
            if hours := words.hours(event):
                when.append(Element("br"))
                when[0].tail = hours
            cell = made("td", "", words_of(self.parts.find(child, Part.WHAT), "strong"))
            place = self.parts.find(child, Part.PLACE)
            if place is not None:
                cell.extend((Element("br"), words_of(place)))
            table.append(made("tr", "", when, cell))
        replaced(element, table)
        element.set("class", "agenda")

    def _signature(self, element: Element) -> None:
        name = words_of(self.parts.find(element, Part.NAME), "p", class_="name")
        lines = [name]
        function = self.parts.find(element, Part.FUNCTION)
        if function is not None:
            lines.append(words_of(function, "p", class_="function"))
        picture = next(element.iter("img"), None)
        signed = made("td", "", *lines, class_="signed", valign="middle")
        row = made("tr", "", signed)
        if picture is not None:
            width = int(picture.get("width", PORTRAIT))
            picture.set("width", str(width))
            picture.tail = ""
            if width > PORTRAIT:
                signed.insert(0, picture)
            else:
                cell = made("td", "", picture, class_="portrait", valign="middle")
                cell.attrib |= {"width": str(width + 16)}
                row.insert(0, cell)
        table = made("table", "", row, class_="signature")
        table.attrib |= PRESENTATION
        replaced(element, table)

    def _title(self, element: Element, otherwise: str) -> None:
        """Let a block begin with a paragraph that is its title."""
        title = self.parts.find(element, Part.TITLE)
        paragraph = words_of(title, "p", class_="title")
        if title is not None:
            element.remove(title)
        else:
            paragraph.text = self._told(otherwise)
        element.insert(0, paragraph)


def _mark(note: Element, number: int) -> None:
    first = next((it for it in note if it.tag == "p"), note)
    mark = made("span", f"[{number}]", class_="number")
    mark.tail = f" {(first.text or '').lstrip()}"
    first.text = None
    first.insert(0, mark)


_WRITERS: Mapping[type[Block], Callable[[MailBlocks, Element], None]] = {
    Box: MailBlocks._box,
    Lead: MailBlocks._lead,
    Quotation: MailBlocks._quotation,
    Figure: MailBlocks._figure,
    Button: MailBlocks._button,
    Columns: MailBlocks._columns,
    Agenda: MailBlocks._agenda,
    Signature: MailBlocks._signature,
    Contents: MailBlocks._contents,
    Notes: MailBlocks._notes,
}
