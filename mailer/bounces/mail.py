"""A mail that came back, opened: header fields and parts, bounded however large or broken it is.

The standard library's parser nests generators as deep as a mail nests parts, so a hostile mail
could exhaust the stack. This one reads lines once, and stops at limits.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from html import unescape
from urllib.parse import unquote

READ = 256 * 1024
"""Octets that are read of a mail: what is behind them is the returned letter."""
FIELDS = 400
PARTS = 40
DEPTH = 6
LONGEST_LINE = 2_000
_PARAMETER = re.compile(r";[ \t]*([A-Za-z*\d-]{1,40})=(?:\"([^\"]{0,200})\"|([^\s;\"]{1,200}))")

# Codecs of Python that no mail is written in; the first two take time by the square of a length.
_NO_CHARSETS = ("punycode", "idna", "unicode_escape", "raw_unicode_escape")

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a mail: its media type in small letters, and its text.

    A returned letter (message/rfc822 and the like) is a leaf, too: its text is its source.
    """

    type: str
    text: str

    @property
    def returned(self) -> bool:
        """Whether this is the letter that came back, or its header."""
        return self.type in _RETURNED


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: its header fields in order, its own media type with parameters, its parts."""

    fields: Fields
    type: str
    parameters: dict[str, str]
    parts: Sequence[Part]

    def all(self, name: str) -> list[str]:
        """The values of all fields of a name (in small letters)."""
        return [value for it, value in self.fields if it == name]

    def first(self, name: str) -> str:
        """The value of the first field of a name; "" if there is none."""
        return next((value for it, value in self.fields if it == name), "")

    def of_type(self, *types: str) -> Iterator[Part]:
        """Yield the parts of these media types."""
        return (it for it in self.parts if it.type in types)

    @property
    def text(self) -> str:
        """What a person would read: the texts that are no returned letter, else those of HTML."""
        plain = [it.text for it in self.parts if it.type == "text/plain"]
        if not any(it.strip() for it in plain):
            plain = [without_tags(it.text) for it in self.parts if it.type == "text/html"]
        return "\n".join(plain)

    @property
    def returned(self) -> str:
        """The source of the letter that came back; "" if the mail brings none in a part."""
        return next((it.text for it in self.parts if it.returned), "")


_RETURNED = (
    "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
    "message/rfc822-headers", "text/rfc822", "message/partial",
)  # fmt: skip


def opened(raw: bytes) -> Mail:
    """Open a mail; never fails. CR and CRLF are line ends, NUL is left out."""
    lines = _lines(raw[:READ])
    fields, body = _header(lines, 0)
    type_, parameters = _media_type(_first(fields, "content-type"))
    parts: list[Part] = []
    _open(type_, parameters, fields, lines, body, len(lines), parts, 0)
    return Mail(fields, type_, parameters, parts)


def header_of(source: str) -> Fields:
    """The header fields with which a returned letter, or a block of fields, begins."""
    lines = [it.encode("utf-8", "replace") for it in source[:READ].split("\n")]
    return _header(lines, 0)[0]


def _lines(raw: bytes) -> list[bytes]:
    whole = raw.replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = whole.split(b"\n")
    begin = 0
    # A mailbox file's separator, and empty lines that a careless tool put first.
    while begin < len(lines) and (not lines[begin].strip() or lines[begin].startswith(b"From ")):
        begin += 1
    return [it[:LONGEST_LINE] for it in lines[begin:]]


def _header(lines: Sequence[bytes], begin: int) -> tuple[list[tuple[str, str]], int]:
    """The header fields from a line on, unfolded, and the line behind the empty one."""
    fields: list[tuple[str, list[bytes]]] = []
    at = begin
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            return _decoded(fields), at + 1
        name, colon, value = line.partition(b":")
        if line[:1] in b" \t" and fields:
            if len(fields[-1][1]) < FIELDS:
                fields[-1][1].append(line.strip())
        elif colon and name.strip() and b" " not in name.strip():
            if len(fields) < FIELDS:
                fields.append((name.strip().decode("ascii", "replace").lower(), [value.strip()]))
        else:  # no field: the header ended without an empty line
            return _decoded(fields), at
        at += 1
    return _decoded(fields), at


def _decoded(fields: Sequence[tuple[str, list[bytes]]]) -> list[tuple[str, str]]:
    return [(name, _text(b" ".join(values), "utf-8")) for name, values in fields]


def _first(fields: Fields, name: str) -> str:
    return next((value for it, value in fields if it == name), "")


def _media_type(value: str) -> tuple[str, dict[str, str]]:
    kind = value.partition(";")[0].strip().lower() or "text/plain"
    found = {
        it[1].lower().rstrip("*"): unquote(it[2] if it[2] is not None else it[3])
        for it in _PARAMETER.finditer(value[:2_000])
    }
    return kind, found


def _open(
    type_: str,
    parameters: dict[str, str],
    fields: Fields,
    lines: Sequence[bytes],
    begin: int,
    end: int,
    parts: list[Part],
    depth: int,
) -> None:
    boundary = parameters.get("boundary", "")
    if type_.startswith("multipart/") and boundary and depth < DEPTH:
        for one, two in _between(lines, begin, end, b"--" + boundary.encode("utf-8", "replace")):
            if len(parts) >= PARTS:
                return
            its, body = _header(lines[one:two], 0)
            kind, more = _media_type(_first(its, "content-type"))
            _open(kind, more, its, lines, one + body, two, parts, depth + 1)
        return
    encoding = _first(fields, "content-transfer-encoding").strip().lower()
    raw = _unquoted(b"\n".join(lines[begin:end]), encoding)
    parts.append(Part(type_, _text(raw, parameters.get("charset", ""))))


def _between(
    lines: Sequence[bytes], begin: int, end: int, mark: bytes
) -> Iterator[tuple[int, int]]:
    """Yield from where to where each part goes; a boundary that never closes ends with all."""
    since: int | None = None
    for at in range(begin, end):
        line = lines[at]
        if not line.startswith(mark):
            continue
        rest = line[len(mark) :].rstrip()
        if rest not in (b"", b"--"):
            continue
        if since is not None:
            yield since, at
        since = at + 1
        if rest:
            return
    if since is not None:
        yield since, end
    else:  # told to have parts, and has none: one text
        yield begin, end


def _unquoted(raw: bytes, encoding: str) -> bytes:
    try:
        if encoding == "base64":
            kept = b"".join(raw.split())
            return binascii.a2b_base64(kept[: len(kept) - len(kept) % 4])
        if encoding == "quoted-printable":
            return binascii.a2b_qp(raw)
    except (binascii.Error, ValueError):
        pass
    return raw


def _text(raw: bytes, charset: str) -> str:
    for name in ("" if charset.lower().replace("-", "_") in _NO_CHARSETS else charset, "utf-8"):
        try:
            # UTF-7 and others make lone surrogates of some octets: no database keeps those.
            text = raw.decode(name or "utf-8").encode("utf-8", "replace").decode()
            return text.replace("\0", "").replace("\r\n", "\n")
        except (LookupError, ValueError):  # UnicodeError is a ValueError
            continue
    return raw.decode("latin-1")


def words_of(value: str) -> str:
    """A header field's value with its encoded words (RFC 2047) in plain text."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value[:LONGEST_LINE])
        return "".join(
            it if isinstance(it, str) else it.decode(charset or "latin-1", "replace")
            for it, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return value


def without_tags(html: str) -> str:
    """The words of an HTML text: each tag becomes a line end, read from left to right once."""
    pieces: list[str] = []
    skipped = ""
    for piece in html.split("<"):
        tag, closed, text = piece.partition(">")
        name = tag[:8].lower()
        if skipped:
            if name.startswith(skipped):
                skipped = ""
                pieces.append(text)
            continue
        if name.startswith(("style", "script")):
            skipped = "/" + name.split()[0][:5]
        elif closed and tag:
            pieces.append(text)
        else:
            pieces.append(piece)
    return unescape("\n".join(pieces)).replace("\xa0", " ")
