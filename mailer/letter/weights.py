"""What the pictures of a letter weigh: in each copy, and for all people together."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.letter.limits import as_sent
from pli.language import Sentence, say_n

HEAVY = 200_000
"""From so many bytes on, the weight of a copy's pictures is told."""


def of_pictures(pictures: Mapping[str, bytes]) -> int:
    """The bytes of a copy's pictures as they travel; two files of the same bytes are one."""
    return as_sent(sum(map(len, set(pictures.values()))))


def told(pictures: Mapping[str, bytes], people: int) -> Sentence | None:
    """What the pictures weigh for so many people, if that is worth a thought."""
    weight = of_pictures(pictures)
    if weight <= HEAVY:
        return None
    return say_n(
        "the pictures weigh {size} kB in each copy: {total} MB for {n} person",
        "the pictures weigh {size} kB in each copy: {total} MB for {n} people",
        people,
        size=weight // 1000,
        total=-(-weight * people // 1_000_000),
    )
