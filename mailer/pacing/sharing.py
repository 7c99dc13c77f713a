"""How what is limited over all workers is divided among those who want it."""

from __future__ import annotations

from collections.abc import Collection


def fair(limit: int, holders: Collection[int], me: int) -> int:
    """My part of a whole number of things: as even as can be, the first in line get the rest."""
    place = sorted({*holders, me}).index(me)
    whole, rest = divmod(limit, len({*holders, me}))
    return whole + (place < rest)


def to_hold(limit: int, *, fair: int, others: int, in_use: int) -> int:
    """What I may hold now: my part as far as it is free, and never less than is still in use.

    So what one gives up is another's only when it has really been put down.
    """
    return max(in_use, min(fair, limit - others), 0)
