"""The words of an RTF file, whatever code page each of its fonts has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailer.letter.to_word.rtf_tokens import Group, Token

# \fcharset (specification 1.9.1, Font Table).
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 255: "cp437",
}  # fmt: skip
_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_SIGNS = {
    "par": "\n", "line": "\n", "cell": "\n", "nestcell": "\n", "row": "\n", "nestrow": "\n",
    "sect": "\n", "page": "\n", "column": "\n", "tab": "\t", "emdash": "—", "endash": "–",
    "emspace": " ", "enspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
_ESCAPED = {b"\\~": "\u00a0", b"\\_": "\u2011", b"\\\r": "\n", b"\\\n": "\n", b"\\\t": "\t"}
_NO_TEXT = frozenset(
    (
        "fonttbl", "colortbl", "stylesheet", "info", "pict", "listtext", "pntext", "fldinst",
        "sp", "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator", "ftnsep",
        "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "bkmkstart", "bkmkend",
    )
)  # fmt: skip
_APART = frozenset(("footnote", "shptxt"))
_STARRED = frozenset(("annotation", "shpinst"))
"""Destinations with text that older readers skip."""
_SYMBOL = 2


@dataclass(slots=True)
class _State:
    """What holds within a group: the font, and how many signs stand in for one of Unicode."""

    font: int = 0
    stand_ins: int = 1
    changed: bool = False
    """Whether this was inserted or deleted, so that it is told apart from what is beside it."""


def text_of(group: Group, within: Group) -> str:
    """The text of a group of a file, whose outermost group is `within`."""
    return _Text(within).of(group)


class _Text:
    def __init__(self, whole: Group) -> None:
        self._page = _page_of(whole)
        self._pages = _pages_of(whole)
        self._pieces: list[str] = []
        self._octets = bytearray()
        self._skip = 0
        """Stand-ins that still follow a sign of Unicode."""

    def of(self, group: Group) -> str:
        self._group(group, _State())
        self._flush(_State())
        joined = "".join(self._pieces)
        # Signs beyond U+FFFF are written as two surrogates.
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _group(self, group: Group, state: _State) -> None:
        name, starred = group.destination
        if name in _NO_TEXT or (starred and name not in _STARRED):
            return
        if name in _APART:
            self._pieces.append("\n")
        for it in group.parts:
            if isinstance(it, Group):
                self._flush(state)
                self._skip = 0
                self._group(it, replace(state))
            else:
                self._token(it, state)
        self._flush(state)
        if name in _APART or state.changed:
            self._pieces.append("\n")

    def _token(self, it: Token, state: _State) -> None:
        if it.kind == "word":
            self._word(it, state)
        elif it.kind == "sign":
            if not self._skipped():
                self._flush(state)
                self._pieces.append(_ESCAPED.get(it.raw, _plain(it.raw)))
        elif it.kind == "byte":
            if not self._skipped():
                self._octets.append(int(it.raw[2:], 16))
        elif it.kind == "text":
            text = it.raw
            taken = min(self._skip, len(text))
            self._skip -= taken
            self._octets += text[taken:]

    def _word(self, it: Token, state: _State) -> None:
        if it.name == "u" and it.value is not None:
            self._flush(state)
            self._pieces.append(chr(it.value % 0x10000))
            self._skip = state.stand_ins
            return
        if it.name in _SIGNS:
            if not self._skipped():
                self._flush(state)
                self._pieces.append(_SIGNS[it.name])
        elif it.name in ("deleted", "revised"):
            self._flush(state)
            self._pieces.append("\n")
            state.changed = True
        elif it.name == "uc" and it.value is not None:
            state.stand_ins = max(0, it.value)
        elif it.name == "f" and it.value is not None:
            self._flush(state)
            state.font = it.value
        elif it.name == "plain":
            self._flush(state)
            state.font = 0

    def _skipped(self) -> bool:
        if self._skip:
            self._skip -= 1
            return True
        return False

    def _flush(self, state: _State) -> None:
        if not self._octets:
            return
        page = self._pages.get(state.font, self._page)
        if page:
            self._pieces.append(self._octets.decode(page, "replace"))
        self._octets.clear()


def _plain(raw: bytes) -> str:
    sign = raw[1:].decode("ascii", "ignore")
    return sign if sign in "{}\\" else ""


def _page_of(whole: Group) -> str:
    page = "cp1252"
    for it in whole.parts:
        if isinstance(it, Token) and it.kind == "word":
            page = _PAGES.get(it.name, page)
            if it.name == "ansicpg" and it.value is not None:
                page = _known(f"cp{it.value}") or page
    return page


def _pages_of(whole: Group) -> Mapping[int, str]:
    """The code page of each font; "" for one of pictures, whose octets are no letters."""
    pages: dict[int, str] = {}
    for table in whole.groups():
        if table.destination[0] != "fonttbl":
            continue
        for entry in (table, *table.groups()):
            font = None
            for it in entry.parts:
                if isinstance(it, Token) and it.name == "f":
                    font = it.value
                if isinstance(it, Token) and it.name == "fcharset" and font is not None:
                    if it.value == _SYMBOL:
                        pages[font] = ""
                    elif page := _CHARSETS.get(it.value or 0):
                        pages[font] = page
    return pages


def _known(page: str) -> str | None:
    try:
        b"".decode(page)
    except LookupError:
        return None
    return page
