"""Colours: contrast by WCAG 2.2, and OKLCH, in which equal steps of lightness look equal.

OKLCH's figures are those of Björn Ottosson, "A perceptual color space for image processing" (2020);
contrast is WCAG 2.2's "relative luminance" and "contrast ratio".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

TEXT = 4.5
"""The least contrast of text with its ground (WCAG 2.2, 1.4.3; docs/standards.md, H9)."""
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 1000
_IN_GAMUT = 0.0005
"""How far a channel may lie outside 0 to 1 before its colour is no colour of a screen."""


class Oklch(NamedTuple):
    """A colour by lightness (0 to 1), chroma (0 to about 0.37) and hue in degrees."""

    lightness: float
    chroma: float
    hue: float


def parse(text: str) -> str | None:
    """A colour written `#rgb` or `#rrggbb` as `#rrggbb` in small letters; None for anything else.

    Nothing else may reach a style sheet: a text such as `red; }` would end its rule.
    """
    if not _HEX.fullmatch(text):
        return None
    text = text.lower()
    return text if len(text) == 7 else "#" + "".join(2 * it for it in text[1:])


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`: 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def passes(colour: str, grounds: Sequence[str], least: float = TEXT) -> bool:
    """Whether a colour has this contrast with each of the grounds."""
    return all(contrast(colour, it) >= least for it in grounds)


def nearest(colour: str, grounds: Sequence[str], least: float = TEXT) -> str:
    """The colour nearest in lightness, of the same hue, that is legible on all grounds.

    The colour itself if it is. Grounds of which some are light and some are dark may allow no such
    colour: then black or white, whichever comes closer.
    """
    if passes(colour, grounds, least):
        return colour
    lightness, chroma, hue = to_oklch(colour)
    for step in range(1, _STEPS + 1):
        for towards in (lightness - step / _STEPS, lightness + step / _STEPS):
            if 0 <= towards <= 1:
                tried = from_oklch(Oklch(towards, chroma, hue))
                if passes(tried, grounds, least):
                    return tried
    return max("#000000", "#ffffff", key=lambda it: min(contrast(it, on) for on in grounds))


def mixed(one: str, other: str, share: float) -> str:
    """`one` with a `share` (0 to 1) of `other`, mixed in OKLab."""
    first, second = _to_oklab(one), _to_oklab(other)
    return _from_oklab(*(a + (b - a) * share for a, b in zip(first, second, strict=True)))


def to_oklch(colour: str) -> Oklch:
    """A colour `#rrggbb` in OKLCH."""
    lightness, a, b = _to_oklab(colour)
    return Oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def from_oklch(colour: Oklch) -> str:
    """A colour in OKLCH as `#rrggbb`; what no screen shows loses chroma until one does."""
    lightness, chroma, hue = colour
    a, b = math.cos(math.radians(hue)), math.sin(math.radians(hue))
    low, high = 0.0, chroma
    if not _shown(_to_linear(lightness, chroma * a, chroma * b)):
        for _ in range(20):
            middle = (low + high) / 2
            if _shown(_to_linear(lightness, middle * a, middle * b)):
                low = middle
            else:
                high = middle
        chroma = low
    return _from_oklab(lightness, chroma * a, chroma * b)


def _channels(colour: str) -> tuple[float, float, float]:
    """Red, green and blue in linear light, 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    # sRGB's own threshold; WCAG's 0.03928 gives the same for all 256 values of a channel.
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _luminance(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklab(colour: str) -> tuple[float, float, float]:
    r, g, b = _channels(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _to_linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _shown(channels: Sequence[float]) -> bool:
    return all(-_IN_GAMUT <= it <= 1 + _IN_GAMUT for it in channels)


def _from_oklab(lightness: float, a: float, b: float) -> str:
    return "#" + "".join(f"{_octet(it):02x}" for it in _to_linear(lightness, a, b))


def _octet(value: float) -> int:
    value = min(max(value, 0.0), 1.0)
    gamma = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(gamma * 255)
