"""The mails in a file: one, or those of an mbox (RFC 4155)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_SEPARATOR = b"From "


def mails_in(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield each mail of a file, of each its first `most` octets; an empty file holds one."""
    first = file.readline(most)
    if not first.startswith(_SEPARATOR):
        yield first + file.read(max(0, most - len(first)))
        return
    mail, kept, follows_empty = [first], len(first), False
    for line in iter(lambda: file.readline(most), b""):
        if follows_empty and _is_separator(line):
            yield b"".join(mail)
            mail, kept = [], 0
        if kept < most:
            mail.append(line[: most - kept])
            kept += len(mail[-1])
        follows_empty = not line.strip()
    yield b"".join(mail)


def _is_separator(line: bytes) -> bool:
    """A line such as "From a@example.org Thu Dec  3 09:00:00 2026"; a text may say "From", too."""
    words = line.split()
    return line.startswith(_SEPARATOR) and len(words) >= 6 and any(b":" in it for it in words[2:])
