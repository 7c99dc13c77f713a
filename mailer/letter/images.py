"""Pictures that travel with a letter: which kinds, how heavy, how large."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pli.errors import PliError
from pli.language import N_

HEAVIEST = 1_000_000

# What Orange, SFR and La Poste show (caniemail): neither SVG nor WebP is among it.
_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}


class ImageError(PliError):
    """A picture cannot travel with a letter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is: `kind` is png, jpeg or gif; width and height in pixels, as it is shown."""

    kind: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        """How a file of this kind is called."""
        return "jpg" if self.kind == "jpeg" else self.kind


def beside(folder: Path) -> Callable[[str], bytes]:
    """A loader of pictures named relative to a letter; none outside the letter's folder."""
    root = folder.resolve()

    def load(name: str) -> bytes:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise ImageError(
                N_('the image "{name}" lies outside the letter\'s folder: copy it there'),
                name=name,
            )
        try:
            if path.stat().st_size > HEAVIEST:
                raise _too_heavy(name, path.stat().st_size)
            return path.read_bytes()
        except (OSError, ValueError):
            raise ImageError(
                N_(
                    'the image "{name}" is not there: put it beside the letter, or correct its name'
                ),
                name=name,
            ) from None

    return load


def look(name: str, data: bytes) -> Picture:
    """What a picture is, by its content and never by its name; ImageError if it cannot be sent."""
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
        raise ImageError(N_('the image "{name}" is damaged: save it again'), name=name)
    return Picture(kind, width, height)


def _too_heavy(name: str, size: int) -> ImageError:
    return ImageError(
        N_('the image "{name}" weighs {size} kB: make it smaller than {limit} kB'),
        name=name,
        size=size // 1000,
        limit=HEAVIEST // 1000,
    )


def _png_size(data: bytes) -> tuple[int, int]:
    """The first chunk is the header (PNG 5.6): what stands there else is no width."""
    if data[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif_size(data: bytes) -> tuple[int, int]:
    """By hand: imagesize 2.0 reads both numbers as signed, so that 40,000 pixels are -25,536."""
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """The frame header's numbers, turned as the Exif orientation of a telephone's photo says."""
    # imagesize loads urllib: 20 ms that only a letter with such a picture should pay. It gets
    # bytes and never a name, for it would open whatever the name says, a web address as well.
    import imagesize

    width, height = imagesize.get(io.BytesIO(data))
    return width, height


_SIZES = {"png": _png_size, "gif": _gif_size, "jpeg": _jpeg_size}
