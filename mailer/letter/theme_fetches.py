"""Finds what the page around a letter would run or load, however its theme has written it.

`theme_templates` looks at a theme's files, and names the line. A template may put an address
together, and CSS may hide one behind escapes: these show in the finished page only.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_ELEMENTS = frozenset(
    (
        *("script", "link", "iframe", "frame", "form", "object", "embed", "base", "video"),
        *("audio", "source", "image", "use", "input"),
    )
)
_ELSEWHERE = re.compile(r"(?:^|[,\s])(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}", re.IGNORECASE)
"""An address of another site, in `srcset` perhaps behind others."""
_NOWHERE = {
    **dict.fromkeys(
        ("src", "srcset", "background", "poster", "data", "xlink:href", "lowsrc"), _ELSEWHERE
    ),
    "href": re.compile(r"(?:java|vb)script:", re.IGNORECASE),
}
"""By attribute, the addresses that may not stand in it."""
_IN_CSS = re.compile(r"@import|\b(?:url|src|image|image-set|cross-fade)\s*\(", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))|/\*.*?(?:\*/|\Z)", re.IGNORECASE | re.DOTALL)


def found(page: str) -> str | None:
    """The first thing in a page that a mail program would run or load; None if there is none."""
    looking = _Looking()
    looking.feed(page)
    looking.close()
    return looking.found


class _Looking(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ELEMENTS:
            self._tell(f"<{tag}>")
        for name, value in attrs:
            # Programs take line breaks and tabs out of an address.
            written = re.sub(r"[\t\r\n]", "", value or "").strip()
            if name.startswith("on") or name == "http-equiv":
                self._tell(f"{name}=")
            elif (pattern := _NOWHERE.get(name)) and pattern.search(written):
                self._tell(f"{name}={written}")
            elif name == "style":
                self._css(written)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self._css(data)

    def handle_comment(self, data: str) -> None:
        """Word reads what stands in a conditional comment."""
        if inside := found(data.partition("]>")[2] if data.startswith("[") else ""):
            self._tell(inside)

    def _css(self, text: str) -> None:
        if seen := _IN_CSS.search(_ESCAPE.sub(_meant, text)):
            self._tell(seen[0])

    def _tell(self, text: str) -> None:
        self.found = self.found or text[:80]


def _meant(escape: re.Match[str]) -> str:
    """The character that an escape of CSS stands for; nothing for a comment."""
    if escape[1]:
        number = int(escape[1], 16)
        return chr(number) if number < 0x110000 else ""
    return escape[2] or ""
