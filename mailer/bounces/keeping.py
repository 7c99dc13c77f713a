"""What is kept of a mail that came back: its header and its text, without the letter's body."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from mailer.bounces.mail import READ

MOST = 64 * 1024
"""Octets that are kept of a mail."""
_RETURNED = (b"message/rfc822", b"message/global;", b"message/global-headers", b"text/rfc822")
_MARKS = (b"--- below this line", b"------ this is a copy", b"----- original message")


def packed(raw: bytes) -> bytes:
    """A mail as it is kept: bounded, without the body of the returned letter, compressed."""
    return zlib.compress(kept(raw), 6)


def unpacked(packed_mail: bytes) -> bytes:
    """A kept mail, to be read again."""
    return zlib.decompress(packed_mail)


def kept(raw: bytes) -> bytes:
    """A mail without the body of the letter that it brings back; it reads as the whole one did."""
    whole = raw[:READ].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n".join(_without_bodies(whole.split(b"\n")))[:MOST]


def _without_bodies(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines up to the end of each returned letter's header, and what follows behind."""
    state = "text"
    for line in lines:
        lowered = line[:60].lower().rstrip() + b";"
        if line.startswith(b"--") and state == "body" and b" " not in line.strip():
            state = "text"
        if state == "body":
            continue
        yield line
        if (
            state == "text"
            and lowered.startswith(b"content-type:")
            and any(it in lowered for it in _RETURNED)
        ) or (state == "text" and line.strip().lower().startswith(_MARKS)):
            state = "its own header"
        elif not line.strip():
            state = {"its own header": "header", "header": "body"}.get(state, state)
