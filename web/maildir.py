"""Reads a Maildir: its mails by key, and what to show of a mail. Mails may be hostile."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import collapse_rfc2231_value
from pathlib import Path
from urllib.parse import unquote

from pli.harmless import as_spaces

_KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z._=+-]{0,200}")
_SHOWN_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_CID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)
# Tags that could load something or lead elsewhere: no policy stops a dns-prefetch, for one.
_LEADING_AWAY = re.compile(r"<(/?)(link|base|meta)(?=[\s/>])", re.IGNORECASE)
HEAD = 32_768  # octets that are searched for the header


class Maildir:
    """The mails of one folder; a mail's key is its file's name without the flags."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> list[str]:
        """The keys of all mails, the newest first: names begin with the time."""
        return sorted(self._paths(), reverse=True)

    def read(self, key: str) -> bytes | None:
        """A mail's octets; None if no mail has this key."""
        path = self._path(key)
        return path.read_bytes() if path else None

    def head(self, key: str) -> Message:
        """The header of a mail; an empty one if the mail is gone meanwhile."""
        path = self._path(key)
        if path is None:
            return Message()
        with path.open("rb") as file:
            return BytesHeaderParser().parsebytes(file.read(HEAD))

    def _path(self, key: str) -> Path | None:
        """A mail's file, or None. A key is a plain name, so no key leads out of the folder."""
        if not _KEY.fullmatch(key):
            return None
        fresh = self._folder / "new" / key
        return fresh if fresh.is_file() else self._paths().get(key)

    def _paths(self) -> dict[str, Path]:
        return {
            path.name.partition(":")[0]: path
            for part in ("new", "cur")
            if (self._folder / part).is_dir()
            for path in (self._folder / part).iterdir()
            if _KEY.match(path.name)
        }


def header(message: Message, name: str) -> str:
    """One header field for a person, on one line; decodes RFC 2047 and raw UTF-8 (RFC 6532)."""
    values = [str(value) for field, value in message.raw_items() if field.lower() == name.lower()]
    raw = values[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace") if values else ""
    with suppress(HeaderParseError, LookupError, ValueError):  # then shown as it is
        raw = str(make_header(decode_header(raw)))
    return " ".join(raw.split())


@dataclass(frozen=True, slots=True)
class Body:
    """A mail's first HTML and its first plain text, "" if it has none; and the files with it."""

    html: str
    text: str
    files: tuple[str, ...] = ()


def body(data: bytes) -> Body:
    """Read a mail's body; pictures inside the mail become data: addresses in its HTML."""
    message = message_from_bytes(data)
    texts = {"text/html": "", "text/plain": ""}
    pictures: dict[str, str] = {}
    files: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment":
            files.append(_file_name(part))
        if kind in texts and not texts[kind] and part.get_content_disposition() != "attachment":
            texts[kind] = _text(part)
        elif kind in _SHOWN_PICTURES and (name := str(part.get("Content-ID", "")).strip("<> ")):
            encoded = base64.b64encode(_octets(part)).decode()
            pictures[name] = f"data:{kind};base64,{encoded}"
    html = _CID.sub(lambda it: pictures.get(unquote(it[1]), ""), texts["text/html"])
    return Body(_LEADING_AWAY.sub(r"<\1x-\2", html), texts["text/plain"], tuple(files))


def web_addresses(field: str) -> Iterator[str]:
    """The web addresses in a List-Unsubscribe field."""
    for address in re.findall(r"<([^<>]*)>", field):
        if address.startswith(("https://", "http://")):
            yield address


def _file_name(part: Message) -> str:
    """An attached file's name; the encoded one, if the header has it twice (RFC 2231)."""
    parameters = part.get_params([], "content-disposition")
    names = [value for name, value in parameters if name.lower() == "filename"]
    encoded = [value for value in names if isinstance(value, tuple)]
    shown = collapse_rfc2231_value((encoded or names or [part.get_content_type()])[0])
    return as_spaces(shown).strip()


def _text(part: Message) -> str:
    try:
        return _octets(part).decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return _octets(part).decode("utf-8", "replace")


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
