"""Makes a logo ready for every reader: twice its place at most, with an outline around its shapes.

Gmail and Outlook.com turn a letter dark by themselves: they change colours and leave pictures. A
dark logo on nothing would then stand on black (docs/standards.md, H8).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_PIXELS = 1.5
"""The width of the outline, in pixels of the page."""
_DENSEST = 2
"""Pixels of the file for one of the page: more is seen by nobody."""
_CLEAR = 250
"""Below this the alpha of a pixel lets its ground through."""


class Undrawable(Exception):
    """A picture cannot be decoded."""


def outlined(data: bytes, colour: str, width: int) -> bytes:
    """A PNG or JPEG for a place of `width` pixels; a PNG with holes gets an outline of `colour`.

    What needs neither is returned as it is. Raises Undrawable.
    """
    # Not above: Pillow takes 50 ms to load, and most letters have no logo.
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as opened:
            kind = opened.format
            options: dict[str, Any] = {"icc_profile": opened.info.get("icc_profile")}
            opened.load()
            clear = opened.has_transparency_data
            image = opened.convert("RGBA" if clear or opened.mode == "P" else opened.mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Undrawable from error
    clear = clear and min(image.getchannel("A").tobytes()) < _CLEAR
    dense = image.width > _DENSEST * width
    if not clear and not dense:
        return data
    if dense:
        height = max(1, round(image.height * _DENSEST * width / image.width))
        image = image.resize((_DENSEST * width, height), Image.Resampling.LANCZOS)
    if clear:
        image = _on_outline(image, colour, max(1, round(_PIXELS * image.width / width)))
    written = io.BytesIO()
    options |= {"quality": 88} if kind == "JPEG" else {}
    image.save(written, kind, optimize=True, **options)
    return written.getvalue()


def _on_outline(image: Image, colour: str, reach: int) -> Image:
    """The picture over its own shape, grown by `reach` pixels and filled with the colour."""
    from PIL import Image, ImageChops, ImageFilter

    room = Image.new("L", (image.width + 2 * reach, image.height + 2 * reach))
    room.paste(image.getchannel("A"), (reach, reach))
    grown = room.filter(ImageFilter.MaxFilter(2 * reach + 1))
    soft = ImageChops.lighter(grown.filter(ImageFilter.GaussianBlur(reach / 2)), room)
    whole = Image.new("RGBA", room.size, colour)
    whole.putalpha(soft)
    over = Image.new("RGBA", room.size)
    over.paste(image, (reach, reach))
    return Image.alpha_composite(whole, over)
