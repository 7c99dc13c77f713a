"""Header fields: folding (RFC 5322) and encoded-words (RFC 2047), written by this module.

The standard library's policy folds French subjects into lines of 78, into empty words, and encodes
List-Unsubscribe (CPython 85725). So no value passes through it. Each function returns a whole field
with its line end. No value can begin another field.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from pli.harmless import as_spaces

LINE = 76
_OPEN = "=?utf-8?B?"
_CLOSE = "?="
_FOLD = "\r\n "
# Octets of text in an encoded-word of 72: base 64 turns 45 into 60 (RFC 2047 2: at most 75).
_WORD = 45

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_PLAIN_MAILBOX = re.compile(
    rf"[A-Za-z-]+: (?!.*=\?){_ATOM}(?: {_ATOM})* <[\x21-\x3b\x3d\x3f-\x7e]+>"
)


def unstructured(name: str, value: str) -> str:
    """A field of free text, such as Subject."""
    value = one_line(value)
    column = len(name) + 2
    return f"{name}: {_folded(value, column) if _plain(value) else _encoded(value, column)}\r\n"


def structured(name: str, value: str, *further: str) -> str:
    """A field that is never encoded (RFC 2047 5), such as List-Id.

    A value that does not fit behind the name goes on a line of its own, and so do `further` ones,
    each behind a comma.
    """
    gap = " " if len(name) + 2 + len(value) <= LINE else _FOLD
    more = "".join(f",{_FOLD}{one_line(it)}" for it in further)
    return f"{name}:{gap}{one_line(value)}{more}\r\n"


def mailbox(name: str, display: str, address: str) -> str:
    """A field of one address with a display name, such as To."""
    if _PLAIN_MAILBOX.fullmatch(field := f"{name}: {display} <{address}>") and len(field) <= LINE:
        return field + "\r\n"
    if not address.isprintable() or "<" in address or ">" in address:
        address = re.sub(r"[<>\s]", "", one_line(address))
    display = " ".join(one_line(display).split())
    column = len(name) + 2
    if not display:
        return f"{name}: {address}\r\n"
    phrase = _phrase(display, column)
    *_, last = phrase.split("\r\n")
    used = len(last) + (0 if _FOLD in phrase else column)
    gap = " " if used + len(address) + 3 <= LINE else _FOLD
    return f"{name}: {phrase}{gap}<{address}>\r\n"


def one_line(value: str) -> str:
    """A value whose control characters and line ends are spaces; signs of direction are gone."""
    if value.isprintable():
        return value.strip()
    return as_spaces(value).strip()


def _phrase(display: str, column: int) -> str:
    """A display name as atoms, in quotes, or as encoded-words (RFC 5322 3.4, 2047 5)."""
    if not display.isascii() or "=?" in display or column + len(display) > LINE - 4:
        return _encoded(display, column)
    if _ATOMS.fullmatch(display):
        return display
    return '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(value: str) -> bool:
    """Whether a value needs no encoding: ASCII that folds at spaces and holds no encoded-word."""
    return (
        value.isascii()
        and "=?" not in value
        and "  " not in value
        and all(len(word) < LINE - 20 for word in value.split(" "))
    )


def _folded(value: str, column: int) -> str:
    written: list[str] = []
    for word in value.split(" "):
        if not written:
            gap = ""
        elif column + 1 + len(word) > LINE:
            gap, column = _FOLD, 0
        else:
            gap = " "
        written.append(gap + word)
        column += len(word) + (1 if gap else 0)
    return "".join(written)


def _encoded(value: str, column: int) -> str:
    return _FOLD.join(
        f"{_OPEN}{base64.b64encode(chunk).decode()}{_CLOSE}" for chunk in _chunks(value, column)
    )


def _chunks(value: str, column: int) -> Iterator[bytes]:
    """UTF-8 cut between characters; the first piece is shorter by the field's name."""
    octets_left = min((LINE - column - len(_OPEN) - len(_CLOSE)) // 4 * 3, _WORD)
    chunk = b""
    for letter in value:
        octets = letter.encode("utf-8", "replace")
        if len(chunk) + len(octets) > octets_left:
            yield chunk
            chunk, octets_left = b"", _WORD
        chunk += octets
    if chunk:
        yield chunk
