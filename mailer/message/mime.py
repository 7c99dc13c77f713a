"""The MIME parts of a copy: multiparts, texts, pictures and attached files (RFC 2045, 2046)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from mailer.letter.attachments import Attachment
from mailer.letter.press import Inline, Pieces, Pressed
from mailer.message import file_names

Written = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text part with holes; `written` escapes words for the part's format."""

    pieces: Pieces
    written: Written


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The boundaries of a mail's multiparts, of a `name` that differs from letter to letter.

    They occur in no body: quoted-printable never holds "=_", and no line of base 64 begins with
    "=". None is the beginning of another, for a program need read no further than its own.
    """

    name: str

    @property
    def mixed(self) -> str:
        """Between the letter and the files attached."""
        return f"=_m{self.name}"

    @property
    def alternative(self) -> str:
        """Between the plain text and the HTML."""
        return f"=_a{self.name}"

    @property
    def related(self) -> str:
        """Between the HTML and its pictures."""
        return f"=_r{self.name}"


def parts(pressed: Pressed, boundaries: Boundaries) -> Iterator[bytes | TextPart]:
    """The letter: plainest form first, pictures beside the HTML alone (RFC 2046 5.1.4, 2387)."""
    outer, inner = boundaries.alternative, boundaries.related
    yield f"--{outer}\r\n{_text_header('plain')}".encode()
    yield TextPart(pressed.text_pieces, str)
    yield f"\r\n--{outer}\r\n".encode()
    if pressed.pictures:
        yield (
            'Content-Type: multipart/related; type="text/html";\r\n'
            f' boundary="{inner}"\r\n\r\n--{inner}\r\n'
        ).encode()
    yield _text_header("html").encode()
    yield TextPart((*pressed.html_pieces, "\n"), escape)
    for picture in pressed.pictures:
        yield f"\r\n--{inner}\r\n".encode() + _picture(picture)
    if pressed.pictures:
        yield f"\r\n--{inner}--\r\n".encode()
    yield f"\r\n--{outer}--\r\n".encode()


def opening(kind: str, boundary: str) -> str:
    """The header of a multipart; that of its first part follows, where it is the outermost."""
    opened = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    return f"{opened}--{boundary}\r\n" if kind == "mixed" else opened


def attached(attachments: Sequence[Attachment], boundary: str) -> bytes:
    """The files behind the letter, up to the end of the mail; b"" if there are none."""
    if not attachments:
        return b""
    files = [f"\r\n--{boundary}\r\n".encode() + _attachment(it) for it in attachments]
    return b"".join((*files, f"\r\n--{boundary}--\r\n".encode()))


def _text_header(subtype: str) -> str:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _picture(picture: Inline) -> bytes:
    header = (
        f"Content-Type: image/{picture.kind}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{picture.content_id}>\r\n"
        f'Content-Disposition: inline; filename="{picture.filename}"\r\n\r\n'
    )
    return header.encode() + _base64(picture.data)


def _attachment(attachment: Attachment) -> bytes:
    header = (
        f"Content-Type: {attachment.media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"{file_names.disposition(attachment.name)}\r\n"
    )
    return header.encode() + _base64(attachment.data)


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")
