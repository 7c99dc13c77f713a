"""Makes all colours of a theme from the few that a person chooses, for light and for dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from mailer.letter import colour
from mailer.letter.colour import Oklch
from mailer.letter.tokens import Palette

# The lightness of dark schemes in OKLCH, as phones draw them: near black, the page a step above
# what lies around it, and text that is not quite white.
_DARK_PAPER = 0.245
_DARK_GROUND = 0.195
_DARK_INK = 0.93
_DARK_ACCENT = 0.76
_DARK_CHROMA = 0.014
"""The most chroma of a dark ground or of text on it: more looks like a coloured lamp."""
_DARK = 0.5
"""A paper below this lightness is dark by itself."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The four colours of a scheme that a person chooses, each as `#rrggbb`."""

    accent: str
    ink: str
    paper: str
    ground: str


NAMES = tuple(it.name for it in fields(Chosen))


def palette(chosen: Chosen) -> Palette:
    """The whole palette of a scheme; all texts of it are legible if ink and accent are on paper."""
    paper, ground, ink = chosen.paper, chosen.ground, chosen.ink
    soft = colour.mixed(paper, chosen.accent, 0.07)
    grounds = (paper, ground, soft)
    return Palette(
        accent=chosen.accent,
        on_accent=_on(chosen.accent, paper, ink),
        accent_text=colour.nearest(chosen.accent, grounds),
        ink=colour.nearest(ink, grounds),
        muted=colour.nearest(colour.mixed(ink, paper, 0.3), grounds),
        paper=paper,
        ground=ground,
        line=colour.mixed(ground, ink, 0.12),
        soft=soft,
    )


def dark_twins(light: Chosen) -> Chosen:
    """The same colours for a dark scheme: hues stay, lightness turns around.

    A theme whose paper is dark already stays as it is.
    """
    if colour.to_oklch(light.paper).lightness < _DARK:
        return light
    paper = _dimmed(light.paper, light.ground, _DARK_PAPER)
    same = light.ground == light.paper
    ground = paper if same else _dimmed(light.ground, light.paper, _DARK_GROUND)
    return Chosen(
        accent=_dark_accent(light.accent, (paper, ground)),
        ink=_dimmed(light.ink, light.ink, _DARK_INK),
        paper=paper,
        ground=ground,
    )


@dataclass(frozen=True, slots=True)
class Faint:
    """A colour that is not legible on its ground, and the nearest one that is on all grounds.

    `nearest` is None where no colour is, since one ground is light and another dark.
    """

    colour: str
    ground: str
    ratio: float
    nearest: str | None


def faults(chosen: Chosen) -> Mapping[str, Faint]:
    """By name, the colours of text that are not legible on paper and ground."""
    grounds = (chosen.paper, chosen.ground)
    found: dict[str, Faint] = {}
    for name in ("ink", "accent"):
        mine = getattr(chosen, name)
        if not colour.passes(mine, grounds):
            ratio, worst = min((colour.contrast(mine, on), on) for on in grounds)
            nearest = colour.nearest(mine, grounds)
            found[name] = Faint(
                mine, worst, ratio, nearest if colour.passes(nearest, grounds) else None
            )
    return found


def _on(accent: str, paper: str, ink: str) -> str:
    """Text upon the accent: the paper's colour, else the ink, else white or black."""
    for text in (paper, ink):
        if colour.passes(text, (accent,)):
            return text
    return max("#ffffff", "#000000", key=lambda it: colour.contrast(it, accent))


def _dimmed(own: str, hue_of: str, lightness: float) -> str:
    """A colour of little chroma at this lightness; white has no hue, and takes that of another."""
    seen = colour.to_oklch(own)
    if seen.chroma < 0.002:
        seen = colour.to_oklch(hue_of)
    return colour.from_oklch(Oklch(lightness, min(seen.chroma, _DARK_CHROMA), seen.hue))


def _dark_accent(accent: str, grounds: tuple[str, ...]) -> str:
    seen = colour.to_oklch(accent)
    lighter = colour.from_oklch(Oklch(_DARK_ACCENT, seen.chroma * 0.7, seen.hue))
    return colour.nearest(lighter, grounds)
