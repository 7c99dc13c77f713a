"""The geometry of small charts: columns and lines in percent across and pixels down.

Templates draw them as SVG without a script (`templates/charts.html.j2`), each beside its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TALL = 96
"""Pixels from the top of a chart to its bottom."""
FEWEST = 14
"""A chart has room for so many columns at least: two weeks of days."""
_EDGE = 6.0
"""Pixels that stay free above and below a line, for its points."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A piece of a chart: the status or outcome, and the place (percent across, pixels down)."""

    of: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line: percent across, pixels down."""

    x: float
    y: float


def columns(values: Sequence[float], of: str) -> list[Rect]:
    """A column for each value, the highest as tall as the chart; few are not wider than many."""
    most = max(values, default=0)
    width = 100 / max(FEWEST, len(values))
    return [
        Rect(of, place * width, TALL - height, width * 0.86, height)
        for place, it in enumerate(values)
        if it and (height := max(1.0, TALL * it / most))
    ]


def line(values: Sequence[float], most: float | None = None) -> list[Point]:
    """A point for each value, in the middle of its part; `most` is the value at the top."""
    top = most if most is not None else max(values, default=0)
    part = 100 / max(1, len(values))
    free = TALL - 2 * _EDGE
    return [
        Point((place + 0.5) * part, TALL - _EDGE - (free * it / top if top else 0))
        for place, it in enumerate(values)
    ]
