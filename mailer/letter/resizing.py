"""Makes a picture as small as its place in the letter: fewer pixels, then fewer bytes.

What a picture's file says of place, author and camera does not come through. Colours are those of
screens (sRGB) afterwards, for few mail programs read a profile.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.letter import picture_files, turning

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

DENSEST = 2
"""Pixels of the file for one of the page: more is seen by nobody (docs/standards.md, H12)."""
LIGHT = 200_000
"""The bytes that a picture should weigh at most."""
_QUALITIES = (85, 80, 75, 70, 65, 60)
_UNSEEN = 75
"""At twice the density nobody sees that a JPEG has this quality and no better one."""
_DENSITIES = (1.7, 1.4, 1.2, 1.0)
_COLOURS = 256
_ORIENTATION = 0x0112
_BITS = 1 / 256
"""From values of 16 bits to those of 8."""


class Undecodable(Exception):
    """A picture cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Small:
    """A picture's new file, PNG or JPEG; `seen`: what was saved may show."""

    data: bytes
    seen: bool = False


def small(data: bytes, size: tuple[int, int], orientation: int, place: int) -> Small:
    """Make a picture for a place of so many pixels of the page; it may stay heavier than LIGHT.

    `data` is PNG, JPEG, GIF or WebP, `size` what its header says, and was judged; `orientation` as
    Exif counts it.
    Raises Undecodable.
    """
    image, flat = _decoded(data, size, orientation, DENSEST * place)
    lightest: Small | None = None
    for form in _forms(image, place, flat=flat):
        if lightest is None or len(form.data) < len(lightest.data):
            lightest = form
        if len(lightest.data) <= LIGHT:
            break
    assert lightest is not None, "each picture has a form"
    return lightest


def check(data: bytes, size: tuple[int, int]) -> None:
    """Decode a picture's beginning, which travels as its file has it. Raises Undecodable."""
    _decoded(data, size, picture_files.UPRIGHT, size[0])


def _forms(image: Image, place: int, *, flat: bool) -> Iterator[Small]:
    """The forms of a picture, the best one first."""
    clear = image.mode == "RGBA"
    if flat or clear:
        yield Small(_png(image))
    if clear:
        yield Small(_png_of_few_colours(image), seen=True)
    else:
        yield from (Small(_jpeg(image, it), seen=it < _UNSEEN) for it in _QUALITIES)
    for density in _DENSITIES:
        less = image.copy()
        less.thumbnail((round(density * place), image.height))
        if less.size != image.size:
            data = _png_of_few_colours(less) if clear else _jpeg(less, _QUALITIES[-1])
            yield Small(data, seen=True)


def _decoded(
    data: bytes, size: tuple[int, int], orientation: int, width: int
) -> tuple[Image, bool]:
    """A picture upright, L, RGB or RGBA, of `width` pixels at most; and whether it looks drawn."""
    # Not above: Pillow takes 50 ms to load, and most letters need no picture decoded.
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # The caller has judged the size, by a limit that people set.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as opened:
                if opened.size != size:
                    raise Undecodable
                if opened.format == "WEBP":
                    orientation = opened.getexif().get(_ORIENTATION, orientation)
                turned = orientation in turning.ACROSS
                drawn = opened.format in ("PNG", "GIF") or data[12:16] == b"VP8L"
                bound = (opened.width, width) if turned else (width, opened.height)
                # A JPEG is decoded no larger than this needs.
                opened.draft(None, (2 * bound[0], 2 * bound[1]))
                image = _for_screens(opened)
                image.thumbnail(bound, Image.Resampling.LANCZOS, reducing_gap=2.0)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise Undecodable from error
    return turning.turned(image, orientation), drawn


def _for_screens(opened: ImageFile) -> Image:
    """A picture as L, RGB or RGBA, in sRGB, and without what its file says beside."""
    profile = opened.info.get("icc_profile")
    clear = opened.has_transparency_data
    if opened.mode.startswith("I"):
        # Pillow would cut 16 bits off at 255 instead of dividing them.
        image = opened.convert("I").point(lambda value: value * _BITS).convert("L")
    elif opened.mode in ("RGB", "RGBA", "CMYK") or (opened.mode == "L" and not clear):
        image = opened.copy()
    else:
        image = opened.convert("RGBA" if clear else "RGB")
    if profile and image.mode != "L":
        image = _by_profile(image, profile) or image
    if image.mode == "RGB" and clear:
        image = image.convert("RGBA")
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:
        image = image.convert("RGB")
    if image.mode == "CMYK":
        image = image.convert("RGB")
    image.info.clear()
    return image


def _by_profile(image: Image, profile: bytes) -> Image | None:
    """A picture whose colours are those of screens; None if nobody can read its profile."""
    from PIL import ImageCms

    mode = "RGB" if image.mode == "CMYK" else image.mode
    screens = ImageCms.createProfile("sRGB")
    try:
        return ImageCms.profileToProfile(image, io.BytesIO(profile), screens, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _png(image: Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _png_of_few_colours(image: Image) -> bytes:
    from PIL import Image

    return _png(image.quantize(_COLOURS, Image.Quantize.FASTOCTREE))


def _jpeg(image: Image, quality: int) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality, optimize=True, progressive=True)
    return written.getvalue()
