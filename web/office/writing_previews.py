"""Presses manuscripts for their previews: one at a time for each author, the older ones dropped."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable

from mailer.letter.drafts.preview import Preview

KEPT = 60
"""Pages that wait for their frames; a page has some dozens of kB, and its pictures."""


class Previews:
    """The pages of previews, under names that nobody guesses, and who presses just now."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._latest: dict[tuple[int, int], int] = {}
        self._locks: dict[tuple[int, int], asyncio.Lock] = {}
        # Pressing is work for one core, which pages and sending need as well.
        self._pressing = asyncio.Semaphore(1)

    async def press(
        self, draft_id: int, account_id: int, work: Callable[[], Preview]
    ) -> Preview | None:
        """Press by `work`, in a thread; None if the same author asked for a newer one meanwhile."""
        who = (draft_id, account_id)
        mine = self._latest.get(who, 0) + 1
        self._latest[who] = mine
        lock = self._locks.setdefault(who, asyncio.Lock())
        try:
            async with lock:
                if self._latest[who] != mine:
                    return None
                async with self._pressing:
                    return await asyncio.to_thread(work)
        finally:
            if self._latest.get(who) == mine and not lock.locked():
                del self._latest[who], self._locks[who]

    def keep(self, draft_id: int, page: str) -> str:
        """Keep a page for the frame that asks for it next; its name."""
        name = secrets.token_urlsafe(18)
        self._pages[name] = draft_id, page
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
        return name

    def page(self, draft_id: int, name: str) -> str | None:
        """A page that was kept; None if it is not here any more, or was made by another process."""
        found = self._pages.get(name)
        return found[1] if found is not None and found[0] == draft_id else None
