"""Turns a picture upright, where its file says only how a program should turn it.

Not every mail program heeds that, and the page has the room of the picture as it is shown.
"""

from __future__ import annotations

import io
import warnings
from typing import Any


class Unturnable(Exception):
    """A picture cannot be decoded."""


def upright(data: bytes, orientation: int) -> bytes:
    """Turn a PNG or JPEG by the orientation that Exif gave it, at the quality it has."""
    # Not above: Pillow takes 50 ms to load, and most letters need no picture decoded.
    from PIL import Image, JpegImagePlugin

    how = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }[orientation]
    try:
        with warnings.catch_warnings():
            # The caller has judged the size, by a limit that people set.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
                if isinstance(image, JpegImagePlugin.JpegImageFile):
                    options |= _as_compressed(image, JpegImagePlugin.get_sampling(image))
                turned = image.transpose(how)
                written = io.BytesIO()
                turned.save(written, image.format, **options)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unturnable from error
    return written.getvalue()


def _as_compressed(image: Any, sampling: int) -> dict[str, Any]:
    """How a JPEG was compressed: once more like this costs little of its quality."""
    options = {"qtables": image.quantization, "optimize": True}
    if image.info.get("dpi"):
        options["dpi"] = image.info["dpi"]
    return options | ({"subsampling": sampling} if sampling >= 0 else {})
