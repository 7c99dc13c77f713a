"""What the files of a letter weigh: in each copy, and for all people together."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.letter.letter import Letter
from mailer.letter.limits import as_sent
from pli.language import Sentence, say_n

HEAVY = 200_000
"""From so many bytes on, the weight of a copy's files is told."""


def of_pictures(pictures: Mapping[str, bytes]) -> int:
    """The bytes of a copy's pictures as they travel; two files of the same bytes are one."""
    return as_sent(sum(map(len, set(pictures.values()))))


def of_attachments(letter: Letter) -> int:
    """The bytes of the files that are attached, as they lie on the disk."""
    return sum(len(it.data) for it in letter.attachments)


def told(letter: Letter, people: int) -> Sentence | None:
    """What the files of a letter weigh for so many people, if that is worth a thought."""
    weight = of_pictures(letter.images) + as_sent(of_attachments(letter))
    if weight <= HEAVY:
        return None
    values = {"size": weight // 1000, "total": -(-weight * people // 1_000_000)}
    if letter.attachments:
        return say_n(
            "the files with it weigh {size} kB in each copy: {total} MB for {n} person",
            "the files with it weigh {size} kB in each copy: {total} MB for {n} people",
            people,
            **values,
        )
    return say_n(
        "the pictures weigh {size} kB in each copy: {total} MB for {n} person",
        "the pictures weigh {size} kB in each copy: {total} MB for {n} people",
        people,
        **values,
    )
