"""Makes text from outside harmless where it is shown: control characters and changes of direction.

A terminal obeys control characters, those from U+0080 on as well, and a direction override lets
"gnp.exe" read as "exe.png". Letters, relays and files of people may hold both.
"""

from __future__ import annotations

DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that change the direction of the text behind them (Unicode, annex 9)."""
_SHOWN_INSTEAD = "\ufffd"
_KEPT = "\t\n"
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))
_TABLE = {ord(sign): _SHOWN_INSTEAD for sign in (_CONTROLS | DIRECTIONS) - set(_KEPT)}
_SPACES = {ord(sign): " " for sign in _CONTROLS} | {ord(sign): None for sign in DIRECTIONS}
_WITHOUT_CONTROLS = {ord(sign): " " for sign in _CONTROLS - set(_KEPT)}
_ESCAPES = {code: f"\\u{code:04x}" for code in _TABLE}


def harmless(text: str) -> str:
    """A text in which each sign that a terminal would obey is shown as U+FFFD."""
    return text.translate(_TABLE)


def harmless_json(document: str) -> str:
    """A JSON document with the same meaning, in which those signs are escaped."""
    return document.translate(_ESCAPES)


def as_spaces(text: str) -> str:
    """A text on one line: control characters and line ends are spaces, directions are gone."""
    return text.translate(_SPACES)


def one_line(text: str, longest: int) -> str:
    """A text as one line of so many signs at most; "…" stands for what is cut off."""
    line = " ".join(as_spaces(text).split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def without_controls(text: str) -> str:
    """A text of several lines whose control characters are spaces."""
    return text.translate(_WITHOUT_CONTROLS)


def without_directions(text: str) -> str:
    """A text without the signs that change its direction."""
    return "".join(sign for sign in text if sign not in DIRECTIONS)
