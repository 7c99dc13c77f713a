"""Tables: a bold first row is their heading, and a table of votes becomes a block of votes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, NoteMark, Part, Votes, Way
from mailer.letter.converting.inline import words
from mailer.letter.import_report import Report
from mailer.letter.markdown_writer import fits_pipes
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK
from pli.language import N_, say

_WAYS = (
    (re.compile(r"(?:voix\s+)?(?:pour|for|yes|oui)", re.IGNORECASE), Way.FOR),
    (re.compile(r"(?:voix\s+)?(?:contre|against|no|non)", re.IGNORECASE), Way.AGAINST),
    (re.compile(r"abst(?:entions?|\.)?", re.IGNORECASE), Way.ABSTENTION),
)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


def headed(table: Element, report: Report, place: str) -> None:
    """Make the first row of a table its heading, if all its cells with words are bold."""
    body, head = table.find("tbody"), table.find("thead")
    if body is None or head is not None or len(body) < 2:
        return
    row = body[0]
    if not any(words(it) for it in row) or not all(_is_bold(it) for it in row if words(it)):
        return
    body.remove(row)
    head = Element("thead")
    head.append(row)
    table.insert(0, head)
    for cell in row:
        cell.tag = "th"
        if len(cell) == 1 and cell[0].tag == "strong":
            cell.text, cell[:] = cell[0].text, list(cell[0])
    report.changed(say(N_("the first row of a table became its heading")), place)


def unbolded(table: Element) -> None:
    """A heading cell that is bold from end to end is not bold besides."""
    for cell in table.iter("th"):
        if _is_bold(cell) and len(cell) == 1:
            cell.text, cell[:] = cell[0].text, list(cell[0])


def with_notes_below(table: Element, blocks: Mapping[str, Block]) -> list[Element]:
    """A table, and the marks of its footnotes below it where Markdown must write it as HTML."""
    marks = [it for it in table.iter("span") if isinstance(blocks.get(it.get(BLOCK, "")), NoteMark)]
    if not marks or fits_pipes(table):
        return [table]
    below = Element("p")
    for mark in marks:
        moved = Element("span", dict(mark.attrib))
        moved.text = mark.text
        below.append(moved)
        mark.tag = "sup"
        mark.attrib.clear()
    return [table, below]


def _is_bold(cell: Element) -> bool:
    return (
        len(cell) == 1
        and cell[0].tag == "strong"
        and not (cell.text or "").strip()
        and not (cell[0].tail or "").strip()
    )


def votes(
    table: Element, placeholders: Placeholders, blocks: dict[str, Block]
) -> list[Element] | None:
    """The blocks of a table of votes, one for each row with a name; None for any other table.

    Only a table of which nothing is lost is taken: a heading with the ways of voting, and below
    it numbers, each row with its name (a college) or without.
    """
    rows = [[words(cell) for cell in row] for row in table.iter("tr")]
    if len(rows) < 2 or table.find(".//*[@colspan]") is not None or _holds_elements(table):
        return None
    named = _way(rows[0][0]) is None
    heads = rows[0][1:] if named else rows[0]
    ways = [_way(it) for it in heads]
    if len(ways) < 2 or None in ways or len(set(ways)) != len(ways):
        return None
    made: list[Element] = []
    for row in rows[1:]:
        numbers = row[1:] if named else row
        if len(row) != len(rows[0]) or not all(_NUMBER.fullmatch(it) for it in numbers):
            return None
        if not any(int(it) for it in numbers):
            return None
        read = tuple(zip((it for it in ways if it), map(int, numbers), strict=True))
        title = f"{rows[0][0]} {row[0]}".strip() if named else ""
        made.append(_block(Votes(read), placeholders, blocks, _titled(title, placeholders, blocks)))
    return made


def _way(text: str) -> Way | None:
    return next((way for pattern, way in _WAYS if pattern.fullmatch(text)), None)


def _holds_elements(table: Element) -> bool:
    return any(it.tag in ("img", "a", "ul", "ol") or BLOCK in it.attrib for it in table.iter())


def _titled(title: str, placeholders: Placeholders, blocks: dict[str, Block]) -> Iterator[Element]:
    if title:
        made = _block(Part.TITLE, placeholders, blocks, iter(()))
        made.text = title
        yield made


def _block(
    block: Block, placeholders: Placeholders, blocks: dict[str, Block], inside: Iterator[Element]
) -> Element:
    placeholder = placeholders.take()
    blocks[placeholder] = block
    made = Element("div", {BLOCK: placeholder})
    made.extend(inside)
    return made
