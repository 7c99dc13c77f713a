"""Draws a vote as a bar: a cell for each way to vote, as wide as its part.

The cells differ by their figures and their patterns, not by colour alone. Word and the webmails
that drop gradients still show different borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter.blocks import words
from mailer.letter.blocks.kinds import Votes
from mailer.letter.blocks.parts import made

_NARROWEST = 240
"""The width of the whole bar in the narrowest window, in pixels."""
_SIGN = 9
_AROUND = 14
"""Pixels of one figure, and of the borders and spaces around a number."""
_THINNEST = 3
"""Percent of a cell that is too small for its number."""


def drawn(votes: Votes, language: str) -> Element:
    """The bar; who listens to a letter hears the table below it, which says the same."""
    shown = [(way, number) for way, number in votes.numbers if number]
    figures = [words.number(number, language) for _, number in shown]
    row = Element("tr")
    for (way, _), figure, width in zip(shown, figures, _widths(votes, figures), strict=True):
        fits = width * _NARROWEST / 100 >= _room(figure)
        cell = made("td", figure if fits else "\u00a0", class_=way.value, align="center")
        cell.set("width", f"{width}%")
        row.append(cell)
    table = made("table", "", row, class_="bar", width="100%", role="presentation")
    table.attrib |= {"cellpadding": "0", "cellspacing": "0", "border": "0", "aria-hidden": "true"}
    return table


def _widths(votes: Votes, figures: Sequence[str]) -> list[int]:
    """Whole percents that are 100 together; a small part is wide enough for its figure."""
    numbers = [number for _, number in votes.numbers if number]
    least = [100 * _room(figure) / _NARROWEST for figure in figures]
    if sum(least) > 100:
        least = [_THINNEST for _ in figures]
    free = 100 - sum(least)
    over = [max(100 * it / votes.total - own, 0) for it, own in zip(numbers, least, strict=True)]
    widths = [
        round(own + (free * more / sum(over) if sum(over) else 0))
        for own, more in zip(least, over, strict=True)
    ]
    widths[widths.index(max(widths))] += 100 - sum(widths)
    return widths


def _room(figure: str) -> int:
    return _SIGN * len(figure) + _AROUND
