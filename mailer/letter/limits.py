"""How large a letter may be: judged before any work, since work once begun cannot be stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pli.language import N_, Sentence, say

DEEPEST = 200
"""The largest `depth`: with the layout around, libxml2 cuts a page off below 256 elements."""
SIGNS = 2_000
LINES = 20_000
"""Of one paragraph. Markdown's time grows with the square of these: 2,000 take 0.5 s (2026-11)."""
_BRACKET = re.compile(r"[\[\]`]")
_MARK = re.compile(r"[*_~]")
_MARKS_OF_A_BRACKET = 5


@dataclass(frozen=True, slots=True)
class LetterLimits:
    """The limits of one letter.

    `text` is in bytes of the file, `depth` in elements within each other, `pixels` those of one
    picture, `weight` the bytes of one copy with its pictures, as they travel.
    """

    text: int = 200_000
    depth: int = 100
    pictures: int = 50
    pixels: int = 50_000_000
    weight: int = 5_000_000


USUAL = LetterLimits()
LARGEST = LetterLimits(10_000_000, DEEPEST, 1_000, 10**9, 50_000_000)
"""What no setting may exceed; it holds for letters that were judged when they were read."""


def too_long(size: int, limits: LetterLimits) -> Sentence | None:
    """The fault of a text of so many bytes, if it is one."""
    if size <= limits.text:
        return None
    return say(
        N_("the letter has {size} kB of text: shorten it to {limit} kB, or link to a web page"),
        size=-(-size // 1000),
        limit=limits.text // 1000,
    )


def too_dense(body: str) -> Iterator[tuple[int, Sentence]]:
    """The faults, with their lines from 0, of paragraphs that Markdown takes too long to read."""
    begun, signs, lines = 0, 0.0, 0
    for number, line in enumerate([*body.split("\n"), ""]):
        if line.strip():
            signs += len(_BRACKET.findall(line)) + len(_MARK.findall(line)) / _MARKS_OF_A_BRACKET
            lines += 1
            continue
        if signs > SIGNS or lines > LINES:
            fault = N_("too many lines, brackets or stars follow each other: put empty lines in")
            yield begun, say(fault)
        begun, signs, lines = number + 1, 0.0, 0


def too_deep(limits: LetterLimits) -> Sentence:
    """The fault of elements, quotations or lists too far within each other."""
    return say(
        N_("more than {n} elements stand within each other here: take some away"), n=limits.depth
    )


def too_many(pictures: int, weight: int, limits: LetterLimits) -> Sentence | None:
    """The fault of so many pictures, of so many bytes in all, if it is one."""
    if pictures > limits.pictures:
        return say(
            N_("the letter has more than {n} pictures: put some on a web page"), n=limits.pictures
        )
    travelling = as_sent(weight)
    if travelling > limits.weight:
        return say(
            N_(
                "the pictures up to here weigh {size} kB as they are sent: "
                "make them smaller, a copy may weigh {limit} kB"
            ),
            size=travelling // 1000,
            limit=limits.weight // 1000,
        )
    return None


def as_sent(weight: int) -> int:
    """What so many bytes of a picture weigh in a mail: base64 in lines of 76 (RFC 2045, 6.8)."""
    return weight * 78 // 57


def too_wide(name: str, pixels: int, limits: LetterLimits) -> Sentence | None:
    """The fault of a picture of so many pixels, if it is one."""
    if pixels <= limits.pixels:
        return None
    return say(
        N_('the image "{name}" has {n} million pixels: make it smaller than {limit} million'),
        name=name,
        n=pixels // 1_000_000,
        limit=limits.pixels // 1_000_000,
    )


def too_wide_together(pixels: int, limits: LetterLimits) -> Sentence | None:
    """The fault of so many pixels of all pictures, each of which is decoded, if it is one."""
    most = _PICTURES_AT_THEIR_LARGEST * limits.pixels
    if pixels <= most:
        return None
    return say(
        N_("the pictures up to here have {n} million pixels: make them smaller than {limit}"),
        n=pixels // 1_000_000,
        limit=most // 1_000_000,
    )


_PICTURES_AT_THEIR_LARGEST = 10
