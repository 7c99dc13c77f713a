"""Finds out in which encoding a file was saved, and decodes it.

UTF-8 proves itself. Older encodings give every byte a meaning, so that each reading is scored by
how French and English its words are. A UTF-8 file with a few lines in an older encoding (pasted, or
joined by a program) keeps its right lines.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers.plausible import score

_BEFORE_UNICODE = ("cp1252", "iso8859-15", "mac_roman", "cp858")
"""What French offices used before Unicode: Windows, Unix, Macintosh, DOS. With more choices, a
guess misleads. The first wins where two read alike."""
_MARGIN = 0.25
"""By so much another encoding must read better than Windows-1252, the most frequent one by far."""

NAMES: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "iso8859-15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
    "cp858": "DOS 858",
}
"""What people call an encoding that `decode` may choose."""

_NO_ENCODING_OF_FILES = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape")
_ENOUGH = 16_384
"""So many bytes of telling lines are scored: the beginning of a large file may have few accents."""

_CUT = re.compile(rb"(?:[\xc2-\xc5]|\xe2[\x80-\xbf]?|\xf0[\x90-\xbf]{0,2})\Z")
"""A letter that the end of a UTF-8 file cuts off. In Windows-1252 it would be Â, Ã, Ä, Å, â or ð,
with which no French word ends."""

_BROKEN_OFF = re.compile(rb"[\x80-\xff]{1,4}\Z")
_JUDGED = 2_000
"""So many stray lines of a UTF-8 file are judged one by one; the others are read as most were."""

_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")


class EncodingError(PliError):
    """A file is not in the encoding that was named."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text and its encoding, by the name that `--encoding` takes.

    `otherwise` are the lines of a UTF-8 file that were read in an older encoding. `faults` are the
    lines that nobody can read.
    """

    text: str
    encoding: str
    otherwise: Mapping[int, str] = field(default_factory=dict)
    faults: Mapping[int, Sentence] = field(default_factory=dict)


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Decode a file: in `encoding` if given, else as UTF-16 or UTF-8, else by the best reading.

    Raises EncodingError if the file is not in `encoding`.
    """
    if encoding is not None:
        return _decode_as(data, encoding)
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _with_gaps(data, "utf-32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _with_gaps(data, "utf-16")
    if 3 * data.count(0) > len(data):  # every second byte of French text is 0 in UTF-16
        even = sum(byte == 0 for byte in data[:2000:2])
        odd = sum(byte == 0 for byte in data[1:2000:2])
        return _with_gaps(data, "utf-16-be" if even > odd else "utf-16-le")
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _best(data)


def _decode_as(data: bytes, encoding: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
        if name.replace("-", "_") in _NO_ENCODING_OF_FILES:
            raise LookupError(encoding)
        return Decoded(data.decode(name), name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EncodingError(
            N_("the file is not in the encoding {encoding}: see its line {line}"),
            encoding=encoding,
            line=line,
        ) from None
    except (LookupError, ValueError):
        raise EncodingError(
            N_("the file is not in the encoding {encoding}"),
            encoding=encoding.encode("utf-8", "replace").decode(),
        ) from None


def _with_gaps(data: bytes, encoding: str) -> Decoded:
    """Decode what can be decoded; the lines with a gap are faults."""
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        lines = enumerate(re.split(r"\r\n|\r|\n", text), start=1)
        return Decoded(text, encoding, faults={n: _gap() for n, it in lines if "\ufffd" in it})


def _best(data: bytes) -> Decoded:
    """The best reading of bytes that are not UTF-8 throughout."""
    lines = _LINE.findall(data)
    cut = _CUT.search(data)
    if cut and len(cut[0]) > 1 and _is_utf8(data[: cut.start()]):
        return _line_by_line(lines, "cp1252")
    telling = _first_bytes(it for it in lines if not it.isascii())
    old = _old_encoding(telling)
    as_utf8 = _line_by_line(telling.splitlines(keepends=True), old)
    if score(as_utf8.text) <= score(telling.decode(old, "replace")):
        return Decoded(data.decode(old, "replace"), old, faults=_gaps(lines, old))
    return _line_by_line(lines, _old_encoding(_first_bytes(it for it in lines if not _is_utf8(it))))


def _old_encoding(data: bytes) -> str:
    """The encoding of `_BEFORE_UNICODE` in which these lines read best."""
    scores = {it: score(data.decode(it, "replace")) for it in _BEFORE_UNICODE}
    scores["cp1252"] += _MARGIN
    return max(_BEFORE_UNICODE, key=scores.__getitem__)


def _first_bytes(lines: Iterable[bytes]) -> bytes:
    """The first `_ENOUGH` bytes of these lines; a line that does not fit ends before a letter."""
    chosen: list[bytes] = []
    size = 0
    for line in lines:
        if size + len(line) > _ENOUGH:
            chosen.append(_BROKEN_OFF.sub(b"", line[: _ENOUGH - size]) if not chosen else b"")
            break
        chosen.append(line)
        size += len(line)
    return b"".join(chosen)


def _line_by_line(lines: list[bytes], old: str) -> Decoded:
    """Decode a UTF-8 file some of whose lines are in an older encoding, or cut off."""
    texts: list[str] = []
    otherwise: dict[int, str] = {}
    faults: dict[int, Sentence] = {}
    for number, line in enumerate(lines, start=1):
        try:
            texts.append(line.decode("utf-8"))
            continue
        except UnicodeDecodeError:
            pass
        if cut := number == len(lines) and _CUT.search(line):
            begun = line[: cut.start()]
            if _is_utf8(begun):
                texts.append(begun.decode("utf-8"))
                faults[number] = say(N_("the file breaks off here, in the middle of a letter"))
                continue
        text = _mended(line, old)
        if len(otherwise) < _JUDGED and len(line) <= _ENOUGH:
            text = max((line.decode(old, "replace"), text), key=score)
        texts.append(text)
        if "\ufffd" in text:
            faults[number] = _gap()
        else:
            otherwise[number] = old
    return Decoded("".join(texts), "utf-8", otherwise, faults)


def _mended(line: bytes, old: str) -> str:
    """A line of UTF-8 with each byte that is none read in an older encoding."""
    return line.decode("utf-8", f"pli-{old}")


def _read_stray(error: UnicodeError, old: str) -> tuple[str, int]:
    """Decode the bytes that are no UTF-8: how `_mended` goes on (codecs.register_error)."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode(old, "replace"), error.end


for _old in _BEFORE_UNICODE:
    codecs.register_error(f"pli-{_old}", partial(_read_stray, old=_old))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _gaps(lines: list[bytes], encoding: str) -> dict[int, Sentence]:
    """The lines that hold a byte without a meaning in this encoding."""
    return {
        number: _gap()
        for number, line in enumerate(lines, start=1)
        if not line.isascii() and "\ufffd" in line.decode(encoding, "replace")
    }


def _gap() -> Sentence:
    return say(N_("there is a byte in this line that is no letter: see --encoding"))
