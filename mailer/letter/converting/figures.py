"""A picture that stands alone becomes a block, with the caption below it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, Figure, Part
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK


def blocks_of_pictures(
    elements: Sequence[Element], placeholders: Placeholders, blocks: dict[str, Block]
) -> list[Element]:
    """Make a block of each paragraph that is one picture, and of the caption that follows it."""
    found: list[Element] = []
    for element in elements:
        if _is_picture(element):
            element[0].tail = None
            figure = Element("div", {BLOCK: placeholders.take()})
            blocks[figure.attrib[BLOCK]] = Figure()
            figure.append(element)
            found.append(figure)
        elif element.get("class") == "caption" and found and _is_bare(found[-1], blocks):
            caption = Element("div", {BLOCK: placeholders.take()})
            caption.text, caption[:] = element.text, list(element)
            blocks[caption.attrib[BLOCK]] = Part.CAPTION
            found[-1].append(caption)
        else:
            found.append(element)
    return found


def _is_bare(element: Element, blocks: dict[str, Block]) -> bool:
    """Whether it is a picture that has no caption yet."""
    return isinstance(blocks.get(element.get(BLOCK, "")), Figure) and len(element) == 1


def _is_picture(element: Element) -> bool:
    return (
        element.tag == "p"
        and not element.attrib
        and len(element) == 1
        and element[0].tag == "img"
        and not (element.text or "").strip()
        and not (element[0].tail or "").strip()
    )
