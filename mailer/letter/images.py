"""Images that are sent inside a mail: which kinds, how many bytes, how many pixels."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailer.letter import beside, picture_files, turning
from mailer.letter.beside import FileTrouble, Trouble
from pli.errors import PliError
from pli.language import N_

HEAVIEST = 1_000_000  # bytes

# The kinds that Orange, SFR and La Poste show; they show neither SVG nor WebP (caniemail).
_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}


class ImageError(PliError):
    """An image cannot be sent with a letter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's `kind` (png, jpeg or gif), and its size in pixels as programs show the image.

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
    Trouble.OUTSIDE: N_('the image "{name}" lies outside the letter\'s folder: copy it there'),
    Trouble.ABSENT: N_(
        'the image "{name}" is not there: put it beside the letter, or correct its name'
    ),
    Trouble.NO_FILE: N_('the image "{name}" is no plain file: put a copy of the file there'),
}


def look(name: str, data: bytes) -> Picture:
    """Identify an image by its content, never by its name; ImageError if it cannot be sent."""
    if len(data) > HEAVIEST:
        raise _too_heavy(name, len(data))
    kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)
    if kind is None:
        raise ImageError(
            N_('the image "{name}" is not PNG, JPEG or GIF: save it as one of these'), name=name
        )
    try:
        width, height = _SIZES[kind](data)
    except struct.error:
        width = height = 0
    if min(width, height) < 1:
        raise _damaged(name)
    return Picture(kind, width, height, kind == "jpeg" and picture_files.has_inks(data))


def cleaned(name: str, data: bytes) -> bytes:
    """An image upright, and without what its file says of the place, the author and the camera.

    `look` has identified the image, and the caller has judged its pixels: an image that has to be
    turned is decoded. ImageError if it is damaged.
    """
    try:
        clean = picture_files.cleaned(look(name, data).kind, data)
        if clean.orientation == picture_files.UPRIGHT:
            return clean.data
        return turning.upright(clean.data, clean.orientation)
    except (picture_files.Damaged, turning.Unturnable):
        raise _damaged(name) from None


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


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """The size in the frame header, turned by the Exif orientation of a phone's photo."""
    # Imported here: imagesize loads urllib, and only a letter with a JPEG should wait those 20 ms.
    # imagesize gets bytes and never a name, for it opens any name, a web address as well.
    import imagesize

    width, height = imagesize.get(io.BytesIO(data))
    return width, height


_SIZES = {"png": _png_size, "gif": _gif_size, "jpeg": _jpeg_size}
