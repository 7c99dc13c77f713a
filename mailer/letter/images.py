"""Images that are sent inside a mail: which kinds, how many bytes, how many pixels.

PNG and JPEG travel, and GIF that is light or moves; mail programs show these (caniemail). WebP
comes in, and is turned into one of them.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailer.letter import beside, picture_files, resizing, turning
from mailer.letter.beside import FileTrouble, Trouble
from mailer.letter.picture_files import CleanFile
from pli.errors import PliError
from pli.language import N_, Sentence, say

HEAVIEST = 30_000_000
"""Bytes of a file that is made smaller here: a camera's photo has a dozen million."""
HEAVIEST_MOVING = 1_000_000
"""Bytes of a GIF that moves, which travels as it is."""

_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"\xff\xd8\xff"), "jpeg"),
    (re.compile(rb"GIF8[79]a"), "gif"),
    (re.compile(rb"RIFF.{4}WEBPVP8[ LX]", re.DOTALL), "webp"),
)
_SVG = re.compile(rb"\s*(?:<\?xml|<!|<svg)")
# Of the telephones' photos (ISO 23008-12, AVIF).
_OF_TELEPHONES = re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|avif|avis)", re.DOTALL)


class ImageError(PliError):
    """An image cannot be sent with a letter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's `kind` (png, jpeg, gif or webp), and its size in pixels as programs show it.

    `inks`: its colours are those of a printing press (CMYK).
    """

    kind: str
    width: int
    height: int
    inks: bool = False

    @property
    def extension(self) -> str:
        """The extension of a file of this kind, without the dot."""
        return "jpg" if self.kind == "jpeg" else self.kind


def from_folder(folder: Path) -> Callable[[str], bytes]:
    """A loader of images named relative to a letter's folder; ImageError for any other."""

    def load(name: str) -> bytes:
        try:
            return beside.read(folder, name, HEAVIEST)
        except FileTrouble as found:
            if found.trouble is Trouble.TOO_LARGE:
                raise _too_heavy(name, found.size) from None
            raise ImageError(_REFUSALS[found.trouble], name=name) from None

    return load


_REFUSALS = {
    Trouble.OUTSIDE: N_('the image "{name}" lies outside the folder of this file: copy it there'),
    Trouble.ABSENT: N_(
        'the image "{name}" is not there: put it beside this file, or correct its name'
    ),
    Trouble.NO_FILE: N_('the image "{name}" is no plain file: put a copy of the file there'),
}


def look(name: str, data: bytes) -> Picture:
    """Identify an image by its content, never by its name; ImageError if it cannot be sent."""
    if len(data) > HEAVIEST:
        raise _too_heavy(name, len(data))
    kind = next((kind for magic, kind in _KINDS if magic.match(data)), None)
    if kind is None:
        raise _of_another_kind(name, data)
    try:
        width, height = _SIZES[kind](data)
    except struct.error:
        width = height = 0
    if min(width, height) < 1:
        raise _damaged(name)
    return Picture(kind, width, height, kind == "jpeg" and picture_files.has_inks(data))


@dataclass(frozen=True, slots=True)
class Fitted:
    """An image as it travels, and what its author should know: what is so, and what to do."""

    data: bytes
    told: tuple[Sentence, Sentence] | None = None


def fitted(name: str, data: bytes, place: int) -> Fitted:
    """An image for a place of so many pixels of the page: upright, and as small as it can be.

    What is small enough is not compressed again. `look` has identified the image, and the caller
    has judged its pixels. ImageError if it is damaged, or moves and is too heavy.
    """
    kind = look(name, data).kind
    try:
        clean = CleanFile(data) if kind == "webp" else picture_files.cleaned(kind, data)
        moves = picture_files.moves(kind, clean.data)
        stored = look(name, clean.data)
        if moves and kind == "gif":
            moving = _moving(name, clean.data)
            resizing.check(clean.data, (stored.width, stored.height))
            return moving
        if not moves and kind != "webp" and (light := _light(name, clean, place)):
            return Fitted(light)
        small = resizing.small(clean.data, (stored.width, stored.height), clean.orientation, place)
    except (picture_files.Damaged, turning.Unturnable, resizing.Undecodable):
        raise _damaged(name) from None
    if moves:
        return Fitted(small.data, _stands_still(name))
    return Fitted(small.data, _compressed(name, small.data) if small.seen else None)


def _light(name: str, clean: CleanFile, place: int) -> bytes | None:
    """A clean image that needs no more than to be turned; None if it has to be made smaller."""
    stored = look(name, clean.data)
    width = stored.height if clean.orientation in turning.ACROSS else stored.width
    if width > resizing.DENSEST * place or len(clean.data) > resizing.LIGHT:
        return None
    if clean.orientation == picture_files.UPRIGHT:
        return clean.data
    turned = turning.upright(clean.data, clean.orientation)
    return turned if len(turned) <= resizing.LIGHT else None


def _moving(name: str, data: bytes) -> Fitted:
    if len(data) > HEAVIEST_MOVING:
        raise ImageError(
            N_('the image "{name}" moves, and weighs {size} kB: make it smaller than {limit} kB'),
            name=name,
            size=-(-len(data) // 1000),
            limit=HEAVIEST_MOVING // 1000,
        )
    moves = N_('the image "{name}" moves, and nobody can stop it; Outlook shows its beginning')
    return Fitted(data, (say(moves, name=name), say(N_("send a picture that stands still"))))


def _stands_still(name: str) -> tuple[Sentence, Sentence]:
    return (
        say(N_('the image "{name}" moves, and its first picture is sent'), name=name),
        say(N_("save it as GIF if it has to move")),
    )


def _compressed(name: str, data: bytes) -> tuple[Sentence, Sentence]:
    return (
        say(
            N_('the image "{name}" was compressed so far, to {size} kB, that it may show'),
            name=name,
            size=-(-len(data) // 1000),
        ),
        say(N_("look at the preview, or send a part of it")),
    )


def _of_another_kind(name: str, data: bytes) -> ImageError:
    if _SVG.match(data.removeprefix(b"\xef\xbb\xbf")) and b"<svg" in data[:_HEAD]:
        text = N_(
            'the image "{name}" is SVG, which mail programs do not show: '
            "save it as PNG, twice as wide as it is shown"
        )
    elif _OF_TELEPHONES.match(data):
        text = N_('the image "{name}" is a telephone\'s HEIC or AVIF: save it as JPEG')
    else:
        text = N_('the image "{name}" is not PNG, JPEG, WebP or GIF: save it as PNG or JPEG')
    return ImageError(text, name=name)


_HEAD = 4_096


def _damaged(name: str) -> ImageError:
    return ImageError(N_('the image "{name}" is damaged: save it again'), name=name)


def _too_heavy(name: str, size: int) -> ImageError:
    return ImageError(
        N_('the image "{name}" weighs {size} kB: make it smaller than {limit} kB'),
        name=name,
        size=size // 1000,
        limit=HEAVIEST // 1000,
    )


def _png_size(data: bytes) -> tuple[int, int]:
    """The size in the header, which must be the first chunk (PNG 5.6); (0, 0) for another chunk."""
    if data[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif_size(data: bytes) -> tuple[int, int]:
    """Read here, for imagesize 2.0 reads both numbers as signed: 40,000 pixels become -25,536."""
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _size(data: bytes) -> tuple[int, int]:
    """The size in the header of a JPEG or WebP; a JPEG's is turned by its Exif orientation."""
    # Imported here: imagesize loads urllib, and only a letter with such should wait those 20 ms.
    # imagesize gets bytes and never a name, for it opens any name, a web address as well.
    import imagesize

    width, height = imagesize.get(io.BytesIO(data))
    return width, height


_SIZES = {"png": _png_size, "gif": _gif_size, "jpeg": _size, "webp": _size}
