"""HTML becomes the clean tree: blocks in a row, words in paragraphs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter.converting.inline import Inline, Piece, filled, is_empty, words
from mailer.letter.converting.marks import Mark
from mailer.letter.sanitising import BLOCKS

_LINES = frozenset(("p", "dt", "dd", "figcaption", "caption", "address"))
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_LISTS = frozenset(("ul", "ol"))
_CELLS = frozenset(("td", "th"))


@dataclass(slots=True)
class Cleaner:
    """Makes blocks of elements; all words go through `inline`."""

    inline: Inline
    from_one: list[tuple[int, str]] = field(default_factory=list)
    """Lists within others: the number at which each began, and the words of its point."""

    def flow(self, parent: Element) -> list[Element]:
        """The blocks within an element; words that stand loose become paragraphs."""
        found: list[Element] = []
        loose: list[Element | str] = [parent.text or ""]
        for child in parent:
            if child.tag in BLOCKS:
                found += self._paragraphs(loose)
                found += self._block(child)
                loose = []
            elif any(it.tag in BLOCKS for it in child.iter()):
                found += self._paragraphs(loose)
                found += self.flow(child)
                loose = []
            else:
                loose.append(child)
            loose.append(child.tail or "")
        return _joined([*found, *self._paragraphs(loose)])

    def _block(self, element: Element) -> list[Element]:
        if element.tag in _HEADINGS:
            made = self._line(Element(element.tag), _items(element))
            return [_plain_heading(made)] if made is not None else []
        if element.tag in _LISTS:
            return self._list(element)
        if element.tag == "table":
            return self._table(element)
        if element.tag == "blockquote":
            inside = self.flow(element)
            return [_around("blockquote", inside)] if inside else []
        if element.tag == "pre":
            return _code(element)
        if element.tag == "hr":
            return [Element("hr")]
        if element.tag in _LINES and not any(
            it.tag in BLOCKS for it in element.iter() if it is not element
        ):
            class_ = "caption" if element.tag == "figcaption" else element.get("class", "")
            return self._paragraphs(_items(element), class_)
        return self.flow(element)

    def _paragraphs(self, items: Sequence[Element | str], class_: str = "") -> list[Element]:
        """The paragraphs of some words; two line breaks after each other end one."""
        found: list[Element] = []
        for pieces in _parted(self.inline.pieces(items)):
            if not is_empty(pieces):
                attributes = {"class": class_} if class_ in ("caption", "lead") else {}
                found.append(filled(Element("p", attributes), pieces))
        return found

    def _line(self, element: Element, items: Sequence[Element | str]) -> Element | None:
        pieces = self.inline.pieces(items)
        return None if is_empty(pieces) else filled(element, pieces)

    def _list(self, element: Element) -> list[Element]:
        items: list[Element] = []
        for child in element:
            inside = self._block(child) if child.tag in _LISTS else self.flow(child)
            if child.tag in _LISTS and items:
                items[-1].extend(inside)  # As Word writes it: a list within a list, not its point.
            elif inside:
                items.append(_around("li", inside))
        if not items:
            return []
        for point in items:
            for within in point.findall("ol"):
                # Behind a line of words, Markdown takes only a list from 1 for a list.
                if number := int(within.attrib.pop("start", "0")):
                    self.from_one.append((number, words(point[0])))
        made = _around(element.tag, items)
        if element.tag == "ol" and (start := self._start(element)) != "1":
            made.set("start", str(int(start)) if start.isdecimal() else "1")
        return [tightened(made)]

    def _start(self, element: Element) -> str:
        """The number of a list's first point: by the mark in its words, or as HTML says it."""
        marks = self.inline.marks
        words = "".join(element[0].itertext()) if len(element) else ""
        for placeholder in marks.placeholders.within(words):
            mark, number = marks.meant.get(placeholder, (None, 0))
            if mark is Mark.ITEM:
                return str(number)
        return element.get("start", "1")

    def _table(self, element: Element) -> list[Element]:
        """A table, its caption before it; one without words vanishes."""
        above = [it for child in element if child.tag == "caption" for it in self._block(child)]
        rows = [it for it in element.iter("tr") if _own(it, element)]
        heads = {id(it) for part in element.findall("thead") for it in part.iter("tr")}
        head, body = Element("thead"), Element("tbody")
        for row in rows:
            made = Element("tr")
            for cell in row:
                if cell.tag in _CELLS:
                    made.append(self._cell(cell))
            if len(made):
                named = id(row) in heads or (not len(head) and all(it.tag == "th" for it in made))
                (head if named and not len(body) else body).append(made)
        for cell in head.iter("td"):
            cell.tag = "th"
        # pandoc 2.17 puts an empty heading over a table without one.
        if not words(head) and head.find(".//img") is None:
            head.clear()
        parts = [it for it in (head, body) if len(it)]
        if not parts or not any(len(it) or it.text for part in parts for row in part for it in row):
            return above
        return [*above, _around("table", parts)]

    def _cell(self, cell: Element) -> Element:
        kept = {it: cell.attrib[it] for it in ("colspan", "rowspan") if cell.get(it, "1") != "1"}
        inside = self.flow(cell)
        if inside and all(it.tag == "p" and not it.attrib for it in inside):
            return _lines(Element(cell.tag, kept), inside)
        return _around(cell.tag, inside, kept)


def _lines(made: Element, paragraphs: Sequence[Element]) -> Element:
    """Put paragraphs into a cell as its lines: a cell of Markdown holds nothing else."""
    made.text, made[:] = paragraphs[0].text, list(paragraphs[0])
    for paragraph in paragraphs[1:]:
        end = Element("br")
        end.tail = paragraph.text
        made.extend((end, *paragraph))
    return made


def _items(element: Element) -> list[Element | str]:
    items: list[Element | str] = [element.text or ""]
    for child in element:
        items += [child, child.tail or ""]
    return items


def _own(row: Element, table: Element) -> bool:
    """Whether a row is the table's own, and not one of a table within a cell."""
    return row in list(table) or any(
        row in list(part) for part in table if part.tag in ("thead", "tbody", "tfoot")
    )


def _around(
    tag: str, inside: Sequence[Element], attributes: dict[str, str] | None = None
) -> Element:
    made = Element(tag, attributes or {})
    made.extend(inside)
    return made


def _parted(pieces: Sequence[Piece]) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    breaks = 0
    for piece in pieces:
        is_break = piece.element is not None and piece.element.tag == "br"
        if is_break:
            breaks += 1
            continue
        if breaks > 1:
            parts.append([])
        elif breaks:
            parts[-1].append(Piece("", frozenset(), "", Element("br")))
        breaks = 0
        if parts[-1] or not piece.is_space:
            parts[-1].append(piece)
    for part in parts:
        while part and part[-1].is_space:
            part.pop()
    return parts


def _plain_heading(heading: Element) -> Element:
    """A heading that is bold from end to end is not bold besides."""
    if (
        len(heading) == 1
        and heading[0].tag == "strong"
        and not heading.text
        and not heading[0].tail
    ):
        inner = heading[0]
        heading.text, heading[:] = inner.text, list(inner)
    return heading


def _code(element: Element) -> list[Element]:
    text = "".join(element.itertext()).strip("\n")
    if not text.strip():
        return []
    made, code = Element("pre"), Element("code")
    code.text = text + "\n"
    made.append(code)
    return [made]


def tightened(made: Element) -> Element:
    """A list whose points are lines, or one whose points are paragraphs; nothing between both."""
    if all(_is_line(it) for it in made):
        for item in made:
            paragraph = item[0]
            item.text, item[:1] = paragraph.text, list(paragraph)
    return made


def loosened(made: Element) -> Element:
    """A list whose points are paragraphs."""
    for item in made:
        if (len(item) and item[0].tag not in BLOCKS) or (item.text or "").strip():
            paragraph = Element("p")
            cut = next((at for at, it in enumerate(item) if it.tag in BLOCKS), len(item))
            paragraph.text, paragraph[:] = item.text, list(item)[:cut]
            item.text = None
            item[:] = [paragraph, *list(item)[cut:]]
    return made


def _is_line(item: Element) -> bool:
    blocks = [it.tag for it in item]
    return blocks[:1] == ["p"] and not item[0].attrib and all(it in _LISTS for it in blocks[1:])


def _joined(blocks: Sequence[Element]) -> list[Element]:
    """Quotations that follow each other are one, as Markdown reads them."""
    found: list[Element] = []
    for block in blocks:
        if found and block.tag == found[-1].tag == "blockquote":
            found[-1].extend(block)
        else:
            found.append(block)
    return found
