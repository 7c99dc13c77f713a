"""Names places of a document by the heading above them, or by the words before them."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from mailer.letter.import_report import place_of
from mailer.letter.word.styles import Styles, is_bold
from mailer.letter.word.xml import name, text_of

_SHORT = 80
"""Signs of a line that may be a heading."""


class Places:
    """Which words stand before each element, in the order of the document.

    Made once, before anything is moved; the words of a heading name all that follows it.
    """

    def __init__(self, root: Element, styles: Styles) -> None:
        self._before: dict[Element, str] = {}
        latest, headed = "", False
        paragraph = name("w:p")
        for element in root.iter():
            self._before.setdefault(element, latest)
            if element.tag != paragraph or not (text := text_of(element).strip()):
                continue
            heading = styles.role(element).startswith(("h", "title")) or (
                len(text) <= _SHORT and (is_bold(element, styles) or text.isupper())
            )
            for inner in element.iter():
                self._before[inner] = latest
            if heading or not headed:
                latest, headed = place_of(text), headed or heading

    def before(self, element: Element) -> str:
        """The words before an element; "" at the beginning."""
        return self._before.get(element, "")
