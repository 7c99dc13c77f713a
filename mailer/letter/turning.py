"""Turns a picture upright, where its file says only how a program should turn it.

Not every mail program heeds that, and the page has the room of the picture as it is shown.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

ACROSS = range(5, 9)
"""The orientations in which a picture's width is its height in the file."""


class Unturnable(Exception):
    """A picture cannot be decoded."""


def upright(data: bytes, orientation: int) -> bytes:
    """Turn a PNG or JPEG by the orientation that Exif gave it, at the quality it has."""
    # Not above: Pillow takes 50 ms to load, and most letters need no picture decoded.
    from PIL import Image, JpegImagePlugin

    try:
        with warnings.catch_warnings():
            # The caller has judged the size, by a limit that people set.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
                if isinstance(image, JpegImagePlugin.JpegImageFile):
                    options |= _as_compressed(image, JpegImagePlugin.get_sampling(image))
                written = io.BytesIO()
                turned(image, orientation).save(written, image.format, **options)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unturnable from error
    return written.getvalue()


def turned(image: Image, orientation: int) -> Image:
    """A decoded picture, upright; the same one if Exif does not ask for anything."""
    from PIL import Image as pillow

    how = {
        2: pillow.Transpose.FLIP_LEFT_RIGHT,
        3: pillow.Transpose.ROTATE_180,
        4: pillow.Transpose.FLIP_TOP_BOTTOM,
        5: pillow.Transpose.TRANSPOSE,
        6: pillow.Transpose.ROTATE_270,
        7: pillow.Transpose.TRANSVERSE,
        8: pillow.Transpose.ROTATE_90,
    }.get(orientation)
    return image if how is None else image.transpose(how)


def _as_compressed(image: Any, sampling: int) -> dict[str, Any]:
    """How a JPEG was compressed: once more like this costs little of its quality."""
    options = {"qtables": image.quantization, "optimize": True}
    if image.info.get("dpi"):
        options["dpi"] = image.info["dpi"]
    return options | ({"subsampling": sampling} if sampling >= 0 else {})
