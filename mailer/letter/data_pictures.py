"""Pictures that HTML holds in itself, as data: addresses: they become files beside the letter."""

from __future__ import annotations

import base64
import binascii
import re

_PICTURE = re.compile(
    r"""(\ssrc\s*=\s*)(["'])data:image/(png|jpe?g|gif|webp);base64,([^"']*)\2""", re.IGNORECASE
)
_SPACES = re.compile(r"\s|%0[ad]|%20", re.IGNORECASE)
_SIGNS = {"%2b": "+", "%2f": "/", "%3d": "="}
_PERCENT = re.compile(r"%(?:2b|2f|3d)", re.IGNORECASE)


def taken_out(html: str, stem: str) -> tuple[str, dict[str, bytes]]:
    """The HTML with names instead of the pictures, and the pictures by these names.

    What no base64 stands behind stays as it is, and is told as a picture that is not there.
    """
    found: dict[bytes, str] = {}

    def named(match: re.Match[str]) -> str:
        written = _PERCENT.sub(lambda it: _SIGNS[it[0].lower()], _SPACES.sub("", match[4]))
        try:
            data = base64.b64decode(written, validate=True)
        except (binascii.Error, ValueError):
            return match[0]
        if not data:
            return match[0]
        kind = "jpg" if match[3].lower() in ("jpg", "jpeg") else match[3].lower()
        name = found.setdefault(data, f"{stem}-{len(found) + 1}.{kind}")
        return f"{match[1]}{match[2]}{name}{match[2]}"

    changed = _PICTURE.sub(named, html)
    return changed, {name: data for data, name in found.items()}
