"""One look into a mailbox: which mails are taken, in which order, and up to which all are.

A mail that the server does not give out must not stand before the others: they go first, and after
some tries it is left where it lies, and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TOGETHER = 20
"""Mails that are kept in one transaction."""
TRIES = 4
"""Of a mail that the server does not give out; each is on a new connection."""


class Progress:
    """What this process knows of a mailbox beyond the number up to which all was taken."""

    def __init__(self) -> None:
        self._uidvalidity = -1
        self._failures: dict[int, int] = {}
        self._taken: set[int] = set()

    def begins(self, uidvalidity: int) -> None:
        """Forget what is of another numbering."""
        if uidvalidity != self._uidvalidity:
            self._uidvalidity = uidvalidity
            self._failures.clear()
            self._taken.clear()

    def batches(self, waiting: Iterable[int]) -> list[Sequence[int]]:
        """What is to be fetched, in transactions; what failed before comes last, one by one."""
        there = set(waiting)
        # Who took one away has decided.
        self._failures = {uid: n for uid, n in self._failures.items() if uid in there}
        new = sorted(there - self._taken)
        good = [it for it in new if it not in self._failures]
        some: list[Sequence[int]] = [
            good[begin : begin + TOGETHER] for begin in range(0, len(good), TOGETHER)
        ]
        return some + [[it] for it in new if it in self._failures]

    def took(self, uids: Iterable[int]) -> int:
        """Note that mails are taken, or gone; up to which number all are."""
        for uid in uids:
            self._failures.pop(uid, None)
            self._taken.add(uid)
        last = max(self._taken, default=0)
        if not self._failures:
            self._taken.clear()
            return last
        return min(last, min(self._failures) - 1)

    def failed(self, uid: int) -> bool:
        """Note that the server did not give a mail out; whether that was the last try."""
        self._failures[uid] = self._failures.get(uid, 0) + 1
        return self._failures[uid] >= TRIES
