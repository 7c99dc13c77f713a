"""A picture with the caption below it becomes one block."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, Figure, Part
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK


def captioned(
    elements: Sequence[Element], placeholders: Placeholders, blocks: dict[str, Block]
) -> list[Element]:
    """Join each paragraph that is one picture with the caption that follows it."""
    found: list[Element] = []
    for element in elements:
        if element.get("class") == "caption" and found and _is_picture(found[-1]):
            picture = found.pop()
            picture[0].tail = None
            caption = Element("div", {BLOCK: placeholders.take()})
            caption.text, caption[:] = element.text, list(element)
            blocks[caption.attrib[BLOCK]] = Part.CAPTION
            figure = Element("div", {BLOCK: placeholders.take()})
            blocks[figure.attrib[BLOCK]] = Figure()
            figure.extend((picture, caption))
            found.append(figure)
        else:
            found.append(element)
    return found


def _is_picture(element: Element) -> bool:
    return (
        element.tag == "p"
        and not element.attrib
        and len(element) == 1
        and element[0].tag == "img"
        and not (element.text or "").strip()
        and not (element[0].tail or "").strip()
    )
