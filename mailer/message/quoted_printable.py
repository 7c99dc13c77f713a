"""Quoted-printable (RFC 2045 6.7), written so that a text can be quoted in pieces.

Every piece begins at the start of a line on the wire. It ends with a line break, which is soft if
the line of the text goes on. So pieces are joined as they are, and a personal word between two
pieces changes neither.

No line is longer than 76. No line begins with a dot, so nothing is left to stuff. No line begins
with "From ", which mbox would alter: that would break a signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 75
_UNSAFE = re.compile(rb"[^\x20-\x3c\x3e-\x7e]")
_AS_IT_IS = re.compile(r"(?!\.|From )[\x20-\x3c\x3e-\x7e]{1,75}")
_SOFT = b"=\r\n"
_HARD = b"\r\n"


def quoted(text: str) -> bytes:
    """Quote a piece of text with "\\n" line ends; "" gives nothing."""
    if _AS_IT_IS.fullmatch(text):
        return text.encode() + _SOFT  # fast path: nearly all personal words are names and links
    *lines, rest = text.split("\n")
    written = [piece for line in lines for piece in (*_soft_lines(line), _HARD)]
    if rest:
        written += [*_soft_lines(rest, open_ended=True), _SOFT]
    return b"".join(written)


def _soft_lines(line: str, *, open_ended: bool = False) -> Iterator[bytes]:
    """One line of text, cut by soft breaks; `open_ended` if more of the line will follow."""
    encoded = _UNSAFE.sub(_escape, line.encode())
    if encoded.endswith(b" ") and not open_ended:
        encoded = encoded[:-1] + b"=20"
    position = 0
    while position < len(encoded):
        start, position = _protected(encoded, position)
        end = _cut(encoded, position, position + LONGEST - len(start))
        yield start + encoded[position:end]
        if end < len(encoded):
            yield _SOFT
        position = end


def _escape(byte: re.Match[bytes]) -> bytes:
    return b"=%02X" % ord(byte[0])


def _protected(encoded: bytes, position: int) -> tuple[bytes, int]:
    """A substitute for a line's first letter that would be misread, and the position after it."""
    if encoded.startswith(b".", position):
        return b"=2E", position + 1
    if encoded.startswith(b"From ", position):
        return b"=46", position + 1
    return b"", position


def _cut(encoded: bytes, start: int, end: int) -> int:
    """Where a line may end: neither within =XX nor within a UTF-8 character."""
    if end >= len(encoded):
        return len(encoded)
    if encoded[end - 1] == ord("="):
        end -= 1
    elif encoded[end - 2] == ord("="):
        end -= 2
    while end > start + 3 and encoded[end : end + 2] in (b"=8", b"=9", b"=A", b"=B"):
        end -= 3
    return end
