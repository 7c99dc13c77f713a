"""The name of an attached file in its part's header (RFC 2183, 2.3; RFC 2231).

A name outside ASCII stands there twice: encoded, and once more in ASCII for programs that read no
encoded one. The encoded one comes first: the standard library, for one, takes the first it meets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mailer.message.headers import one_line

_CHARSET = "utf-8''"
_FOLD = ";\r\n "
# The octets that a value may hold as they are (RFC 2231, 7, and RFC 2045, 5.1).
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_LONGEST = 60
"""Signs of a name that fit on a line behind those of the parameter."""
_PIECE = _LONGEST - len(_CHARSET) - 3


def disposition(name: str) -> str:
    """The field that says that a part is an attached file of this name."""
    name = one_line(name)
    plain = in_ascii(name)
    parameters = [*(() if plain == name else _encoded(name)), f'filename="{plain}"']
    return f"Content-Disposition: attachment{_FOLD}{_FOLD.join(parameters)}\r\n"


def for_http(name: str) -> str:
    """The value of the same field in an answer of HTTP (RFC 6266), where no line is folded."""
    name = one_line(name)
    encoded = "".join(_pieces(name))
    return f'attachment; filename="{in_ascii(name)}"; filename*={_CHARSET}{encoded}'


def in_ascii(name: str) -> str:
    """A name for programs that read ASCII alone: without accents and quotes, and not too long."""
    stem, dot, extension = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem)
    kept = "".join(it for it in plain if not unicodedata.combining(it))
    kept = re.sub(r'["\\]', "-", re.sub(r"[^\x20-\x7e]+", "_", kept))
    kept = kept[: _LONGEST - len(extension) - 1]
    return f"{kept if kept.strip('_ ') else 'file'}{dot}{extension}"


def _encoded(name: str) -> list[str]:
    first, *more = _pieces(name)
    if not more:
        return [f"filename*={_CHARSET}{first}"]
    numbered = (f"filename*{at}*={piece}" for at, piece in enumerate(more, 1))
    return [f"filename*0*={_CHARSET}{first}", *numbered]


def _pieces(name: str) -> Iterator[str]:
    """A name in percent-encoding, in pieces for a line each; no character is cut."""
    piece = ""
    for character in name:
        octets = character.encode("utf-8", "replace")
        written = "".join(chr(it) if it in _PLAIN else f"%{it:02X}" for it in octets)
        if len(piece) + len(written) > _PIECE:
            yield piece
            piece = ""
        piece += written
    yield piece
