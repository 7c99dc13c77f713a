"""How a limit over all workers is divided among the workers that want a part."""

from __future__ import annotations

from collections.abc import Collection


def fair(limit: int, holders: Collection[int], me: int) -> int:
    """My part of `limit` things: as even as possible; the first holders get what is left over."""
    place = sorted({*holders, me}).index(me)
    whole, rest = divmod(limit, len({*holders, me}))
    return whole + (place < rest)


def to_hold(limit: int, *, fair: int, others: int, in_use: int) -> int:
    """What I may hold now: my fair part as far as it is free, but never less than is in use.

    So what one worker gives up goes to another only when it is no longer in use.
    """
    return max(in_use, min(fair, limit - others), 0)
