"""Writes the Markdown of a clean tree: what is written reads as the same tree again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from mailer.letter import markdown_words as words
from mailer.letter.blocks.kinds import Block, Box, Figure, Note, NoteMark, Notes, Part, Votes, Way
from mailer.letter.sanitising import BLOCK, BLOCKS

_WAYS = {Way.FOR: "pour", Way.AGAINST: "contre", Way.ABSTENTION: "abstention"}
_LISTS = ("ul", "ol")
_CLOSING = re.compile("#$")
_ESCAPED = r"\\#"


def write(tree: Element, blocks: Mapping[str, Block]) -> str:
    """The Markdown of a tree; `blocks` says what its blocks are."""
    return "\n".join(_Writer(blocks).flow(list(tree))) + "\n"


@dataclass(frozen=True, slots=True)
class _Writer:
    blocks: Mapping[str, Block]

    def _block_of(self, element: Element) -> Block | None:
        return self.blocks.get(element.get(BLOCK, ""))

    def flow(self, elements: Sequence[Element]) -> list[str]:
        """The lines of blocks, with an empty line between two."""
        lines: list[str] = []
        before: Element | None = None
        turned = False
        for element in elements:
            turned = before is not None and before.tag == element.tag and not turned
            written = [*self._element(element, turned)]
            if written:
                lines += [*([""] if lines else []), *written]
            before = element
        return lines

    def _element(self, element: Element, turned: bool) -> Iterator[str]:
        block = self._block_of(element)
        if block is not None:
            yield from self._known(element, block)
        elif element.tag == "p":
            if class_ := element.get("class"):
                yield f"{{.{class_}}}"
            yield from self.inline(element).split("\n")
        elif re.fullmatch("h[1-6]", element.tag):
            text = self.inline(element, breaks=words.TAG)
            yield f"{'#' * int(element.tag[1])} {_CLOSING.sub(_ESCAPED, text)}"
        elif element.tag in _LISTS:
            yield from self._list(element, turned)
        elif element.tag == "blockquote":
            yield from (f"> {line}" if line else ">" for line in self.flow(list(element)))
        elif element.tag == "pre":
            yield from _fenced("".join(element.itertext()))
        elif element.tag == "hr":
            yield "___"
        elif element.tag == "table":
            yield from self._pipes(element) if fits_pipes(element) else self._tags(element)
        else:
            yield from self.flow(list(element))

    def inline(self, element: Element, breaks: str = words.LINE, cell: bool = False) -> str:
        """The words of an element that holds no blocks, or of what stands before its blocks."""
        cut = next((at for at, it in enumerate(element) if it.tag in BLOCKS), len(element))
        line = Element("p")
        line.text, line[:] = element.text, list(element)[:cut]
        return words.written(line, self._mark, breaks, cell)

    def _mark(self, element: Element) -> str:
        block = self._block_of(element)
        return f"[^{block.number}]" if isinstance(block, NoteMark) else ""

    def _list(self, element: Element, turned: bool) -> Iterator[str]:
        number = int(element.get("start", "1"))
        loose = any(it.tag == "p" for item in element for it in item)
        for at, item in enumerate(element):
            sign = (
                f"{number + at}{')' if turned else '.'}"
                if element.tag == "ol"
                else "*"
                if turned
                else "-"
            )
            first = [] if loose else [*self.inline(item).split("\n")]
            inside = [it for it in item if it.tag in BLOCKS]
            rest = self.flow(inside)
            lines = [*first, *rest]
            if loose and at:
                yield ""
            indent = " " * (len(sign) + 1)
            for n, line in enumerate(lines):
                yield f"{sign} {line}" if n == 0 else f"{indent}{line}" if line else ""

    def _pipes(self, table: Element) -> Iterator[str]:
        rows = [row for part in table for row in part]
        if table[0].tag != "thead":
            # Markdown has no table without a heading; one without words is read as none.
            heading = Element("tr")
            heading.extend(Element("th") for _ in rows[0])
            rows.insert(0, heading)
        for at, row in enumerate(rows):
            cells = (self.inline(cell, words.TAG, cell=True) for cell in row)
            yield f"| {' | '.join(cells)} |"
            if at == 0:
                yield "|" + " --- |" * len(row)

    def _tags(self, table: Element) -> Iterator[str]:
        """A table as HTML: a line for each row, and no empty one, at which Markdown would go on."""
        yield "<table>"
        for part in table:
            yield f"<{part.tag}>"
            yield from (self._html(row) for row in part)
            yield f"</{part.tag}>"
        yield "</table>"

    def _html(self, element: Element) -> str:
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in element.attrib.items())
        if element.tag in ("br", "img"):
            return f"<{element.tag}{attributes}>"
        inside = words.table_html(element.text or "")
        for child in element:
            inside += self._html(child) + words.table_html(child.tail or "")
        return f"<{element.tag}{attributes}>{inside}</{element.tag}>"

    def _known(self, element: Element, block: Block) -> Iterator[str]:
        if isinstance(block, Box):
            title = [it for it in element if self._block_of(it) is Part.TITLE]
            inside = self.flow([it for it in element if it not in title])
            fence = ":" * (1 + max([2, *(_colons(it) for it in inside)]))
            said = self.inline(title[0], words.TAG) if title else ""
            yield f"{fence} encadre {said}".rstrip()
            yield from inside
            yield fence
        elif isinstance(block, Figure):
            yield from self._figure(element)
        elif isinstance(block, Votes):
            title = [it for it in element if self._block_of(it) is Part.TITLE]
            yield f"::: votes {self.inline(title[0], words.TAG) if title else ''}".rstrip()
            yield from (f"{_WAYS[way]}: {number}" for way, number in block.numbers)
            yield ":::"
        elif isinstance(block, Notes):
            yield from self._notes(element)

    def _figure(self, element: Element) -> Iterator[str]:
        image = next(element.iter("img"))
        yield f"::: image {unquote(image.get('src', ''))}"
        if alt := image.get("alt", ""):
            yield f"alt: {alt}"
        for part in element:
            if self._block_of(part) is Part.CAPTION:
                yield f"legende: {self.inline(part, words.TAG)}"
        if width := image.get("width"):
            yield f"largeur: {width}"
        yield ":::"

    def _notes(self, element: Element) -> Iterator[str]:
        for at, note in enumerate(element):
            block = self._block_of(note)
            assert isinstance(block, Note), "notes hold nothing else"
            if at:
                yield ""
            for n, line in enumerate(self.flow(list(note))):
                yield f"[^{block.number}]: {line}" if n == 0 else f"    {line}" if line else ""


def fits_pipes(table: Element) -> bool:
    """Whether Markdown's own tables can say this one: one heading row or none, nothing merged."""
    heads = [row for part in table if part.tag == "thead" for row in part]
    rows = [row for part in table for row in part]
    if len(heads) > 1 or (heads and table[0].tag != "thead"):
        return False
    return (
        len({len(row) for row in rows}) == 1
        and not any(cell.attrib for row in rows for cell in row)
        and not any(it.tag in BLOCKS for row in rows for cell in row for it in cell)
        and all(cell.tag == "td" for row in rows[len(heads) :] for cell in row)
    )


def _colons(line: str) -> int:
    found = re.match(r" {0,40}(:{3,})", line)
    return len(found[1]) if found else 0


def _fenced(text: str) -> Iterator[str]:
    longest = max((len(it) for it in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence
    yield from text.rstrip("\n").split("\n")
    yield fence
