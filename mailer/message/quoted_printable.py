"""Quoted-printable (RFC 2045 6.7), written so that a text can be quoted in pieces.

Every piece begins and ends at the beginning of a line on the wire: what a line of the text still
owes goes before a soft line break. So pieces are joined as they are, and a personal word between
two of them changes neither. No line is longer than 76, none begins with a dot (nothing is left to
stuff) and none with "From " (mbox would alter it, and break a signature).
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
        return text.encode() + _SOFT  # a name, a link: nearly all that is personal
    *lines, rest = text.split("\n")
    written = [piece for line in lines for piece in (*_soft_lines(line), _HARD)]
    if rest:
        written += [*_soft_lines(rest, open_ended=True), _SOFT]
    return b"".join(written)


def _soft_lines(line: str, *, open_ended: bool = False) -> Iterator[bytes]:
    """One line of the text cut to length, soft breaks between; `open_ended` if more will follow."""
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
    """What is written instead of a line's first letter where that would be misread."""
    if encoded.startswith(b".", position):
        return b"=2E", position + 1
    if encoded.startswith(b"From ", position):
        return b"=46", position + 1
    return b"", position


def _cut(encoded: bytes, start: int, end: int) -> int:
    """Where a line may end: not within =XX, nor within a character."""
    if end >= len(encoded):
        return len(encoded)
    if encoded[end - 1] == ord("="):
        end -= 1
    elif encoded[end - 2] == ord("="):
        end -= 2
    while end > start + 3 and encoded[end : end + 2] in (b"=8", b"=9", b"=A", b"=B"):
        end -= 3
    return end
