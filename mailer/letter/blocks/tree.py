"""Looks at the blocks in the grown tree: whole, in their place, with headings and contents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, Box, Contents, NoteMark, Part
from mailer.letter.blocks.tokens import Reading
from mailer.letter.sanitising import BLOCK, LINE, line_of
from pli.language import N_, Sentence, say

_HEADING = re.compile("h[1-6]")
_DEEPEST_HEADING = 6
_LISTED = "h2"


def judged(tree: Element, reading: Reading) -> list[tuple[int, Sentence]]:
    """The faults of blocks that HTML has torn; takes away what only served to see it.

    What an author wrote into `BLOCK` names no block, and is taken away as well.
    """
    faults: list[tuple[int, Sentence]] = []
    parents = {child: parent for parent in tree.iter() for child in parent}
    seen: set[str] = set()
    for element in list(tree.iter()):
        placeholder = element.get(BLOCK, "")
        if placeholder and (placeholder not in reading.blocks or placeholder in seen):
            del element.attrib[BLOCK]
            continue
        seen.add(placeholder)
        block = reading.blocks.get(placeholder)
        if block is Part.END:
            _take_out(element, parents[element])
            begun = reading.ends[placeholder]
            if parents[element].get(BLOCK) != begun:
                faults.append((reading.lines[begun], _torn()))
        elif block is not None and not isinstance(block, NoteMark | Part):
            strange = _strange(element, parents)
            if strange and line_of(element) not in reading.misplaced:
                fault = say(N_("a block cannot stand within HTML such as <{tag}>"), tag=strange)
                faults.append((line_of(element), fault))
    return faults


def _take_out(element: Element, parent: Element) -> None:
    at = list(parent).index(element)
    if at:
        parent[at - 1].tail = (parent[at - 1].tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)


def _strange(element: Element, parents: Mapping[Element, Element]) -> str:
    """The tag of the first element around a block that is neither a block nor a plain `div`."""
    around = parents.get(element)
    while around is not None:
        if around.tag != "div" and BLOCK not in around.attrib:
            return around.tag
        around = parents.get(around)
    return ""


def _torn() -> Sentence:
    return say(N_("HTML within this block ends it, or does not end: close each tag in the block"))


def finish(tree: Element, blocks: Mapping[str, Block]) -> list[tuple[int, Sentence]]:
    """Give boxes their headings, and tables of contents their lines; faults with their lines."""
    level = 1
    above: list[Element] = []
    faults: list[tuple[int, Sentence]] = []
    for element in tree.iter():
        if _HEADING.fullmatch(element.tag):
            level = int(element.tag[1])
            for contents in above if element.tag == _LISTED else ():
                contents.append(_item(element, blocks))
        block = blocks.get(element.get(BLOCK, ""))
        if isinstance(block, Box):
            _head(element, blocks, min(level + 1, _DEEPEST_HEADING))
        elif isinstance(block, Contents) and above:
            fault = say(N_("the contents stand above already: once is enough"))
            faults.append((line_of(element), fault))
        elif isinstance(block, Contents):
            above.append(Element("ul", {LINE: element.get(LINE, "0")}))
            element.append(above[-1])
    for contents in above:
        if not len(contents):
            fault = say(N_('no heading "## …" stands below these contents'))
            faults.append((line_of(contents), fault))
    return faults


def _head(box: Element, blocks: Mapping[str, Block], level: int) -> None:
    for child in box:
        if blocks.get(child.get(BLOCK, "")) is Part.TITLE:
            child.tag = f"h{level}"


def _item(heading: Element, blocks: Mapping[str, Block]) -> Element:
    """A heading as a line of the contents: its words and pictures, no links and note marks."""
    item = Element("li", {LINE: heading.get(LINE, "0")})
    item.text, item[:] = heading.text, [deepcopy(child) for child in heading]
    for element in list(item.iter()):
        if element.tag == "a":
            element.tag = "span"
            element.attrib = {}
        for child in list(element):
            if isinstance(blocks.get(child.get(BLOCK, "")), NoteMark):
                _take_out(child, element)
    return item


def within(tree: Element, blocks: Mapping[str, Block], kind: type[Block]) -> Iterator[Element]:
    """The elements of all blocks of a kind, in their order."""
    for element in tree.iter():
        if isinstance(blocks.get(element.get(BLOCK, "")), kind):
            yield element
