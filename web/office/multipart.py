"""Forms with files (RFC 7578): read whole, for the guard has limited their size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

MOST_PARTS = 300
_BOUNDARY = re.compile(r'boundary="?([^\s";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(r'[; \t]name="([^"\r\n]*)"', re.IGNORECASE)
_FILE = re.compile(r'[; \t]filename="([^"\r\n]*)"', re.IGNORECASE)


class NotMultipart(ValueError):
    """These bytes are no form in parts, or have too many of them."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a form, under the name that it has on the sender's machine."""

    name: str
    data: bytes


def read(body: bytes, content_type: str) -> tuple[list[tuple[str, str]], dict[str, SentFile]]:
    """The fields of a form, and its files by the names of their fields; raises NotMultipart."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise NotMultipart
    fence = b"--" + found[1].encode("latin-1", "replace")
    fields: list[tuple[str, str]] = []
    files: dict[str, SentFile] = {}
    # The first fence has no line end before it; with one, all are alike.
    parts = (b"\r\n" + body).split(b"\r\n" + fence)
    if len(parts) > MOST_PARTS or len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise NotMultipart
    for part in parts[1:-1]:
        head, empty_line, data = part.partition(b"\r\n\r\n")
        if not empty_line:
            raise NotMultipart
        told = head.decode("utf-8", "replace")
        name, file = _NAME.search(told), _FILE.search(told)
        if name is None:
            raise NotMultipart
        if file is None:
            fields.append((_plain(name[1]), data.decode("utf-8", "replace")))
        elif file[1] or data:
            files[_plain(name[1])] = SentFile(_plain(file[1]), data)
    return fields, files


def _plain(name: str) -> str:
    """A name without what browsers write instead of quotes and line ends (HTML, 4.10.21.8)."""
    return unquote(name) if re.search("%(?:22|0[AD])", name, re.IGNORECASE) else name
