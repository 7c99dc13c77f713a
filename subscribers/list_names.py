"""Tells whether the name of a list is a slip for the name of another one."""

from __future__ import annotations

from collections.abc import Collection

from subscribers.folding import slug

SHORTEST = 3
"""Names below this length are near to everything."""


def nearest(name: str, names: Collection[str]) -> str | None:
    """The name that was probably meant: another spelling, a slip or two, a beginning; else None."""
    if name in names:
        return None
    written = slug(name, "-")
    found = [(rank, it) for it in names if (rank := _rank(written, slug(it, "-"))) is not None]
    return min(found)[1] if found else None


def _rank(written: str, name: str) -> int | None:
    """How far apart two names are; None if nobody would take one for the other."""
    if written == name:
        return 0
    shorter, longer = sorted((written, name), key=len)
    if len(shorter) < SHORTEST:
        return None
    allowed = 1 if len(shorter) < 6 else 2
    if abs(len(written) - len(name)) <= allowed:
        slips = distance(written, name)
        if slips <= allowed:
            return slips
    return 3 if longer.startswith(shorter) else None


def distance(one: str, other: str) -> int:
    """How many letters are to be added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        last, before, row = before, row, [at]
        for to, wanted in enumerate(other, start=1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            if (
                at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted
                and letter != wanted
            ):  # fmt: skip
                cost = min(cost, last[to - 2] + 1)
            row.append(cost)
    return row[-1]
