"""Looks whether the way out of a list shows in a finished page: no style may hide it."""

from __future__ import annotations

from html.parser import HTMLParser

from mailer.letter.pasted_styles import hides

_VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta", "wbr"))


def is_shown(page: str, address: str) -> bool:
    """Whether a link to this address stands in a page, not hidden by a style of it or around it.

    Only styles that are written into elements count: those of a sheet hold in some programs alone.
    """
    looking = _Looking(address)
    looking.feed(page)
    return looking.shown


class _Looking(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = False
        self._address = address
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        hidden = hides(attributes) or (bool(self._open) and self._open[-1][1])
        if attributes.get("href") == self._address and not hidden:
            self.shown = True
        if tag not in _VOID:
            self._open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                break
