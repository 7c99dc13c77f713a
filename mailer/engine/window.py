"""A window: the rows of one claim, until each is settled or given back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from mailer.engine.journal import Notes
from mailer.ledger.holding import Holding
from mailer.message.composer import Composer
from mailer.outcomes import Outcome, Result
from mailer.pacing.permits import FREELY
from mailer.providers import OTHER
from mailer.recipient import Recipient
from pli.clocks import boot_time

LATE_SECONDS = 5.0
"""After a permit has ended no envelope may leave, but a body may for this long."""


@lru_cache(maxsize=1)
def _second(epoch: int) -> datetime:
    """The time of a second, made once for all copies of that second."""
    return datetime.fromtimestamp(epoch, UTC)


class WindowCopy:
    """One claimed row as the courier sees it."""

    __slots__ = (
        "_window", "delivery_id", "mail_from", "number", "rcpt_to", "recipient", "smtputf8",
        "stopped",
    )  # fmt: skip

    def __init__(
        self, window: Window, recipient: Recipient, number: int, mail_from: str, smtputf8: bool
    ) -> None:
        self._window = window
        self.delivery_id = recipient.delivery_id
        self.recipient = recipient
        self.number = number
        self.mail_from = mail_from
        self.rcpt_to = recipient.email
        self.smtputf8 = smtputf8
        self.stopped = ""
        """Why the copy must not leave any more; "" as long as it may."""

    @property
    def holding(self) -> Holding:
        """The hold on the batch of this copy."""
        return self._window.holding

    def compose(self) -> list[bytes]:
        """The mail as it goes over the wire."""
        return self._window.composer.copy(self.recipient, _second(int(time.time())))

    @property
    def provider(self) -> str:
        """The provider whose mailboxes the batch is for."""
        return self._window.provider

    def may_leave(self) -> bool:
        """Whether the copy is not stopped, the lease is held, and the permit has not ended."""
        return not self.stopped and self._window.may_go(0.0)

    def leaves(self) -> bool:
        """Note that the body goes out next; False if it must not, or if the note failed."""
        if self.stopped or not self._window.may_go(LATE_SECONDS):
            return False
        return self._window.note(self)

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome of the try."""
        self._window.settled(self, outcome)

    def give_back(self) -> None:
        """Take the copy back: nothing of it was handed over."""
        self._window.returned(self)


class Window:
    """The copies of one claim; `done` is set when each is settled or given back."""

    def __init__(self, holding: Holding, composer: Composer, notes: Notes) -> None:
        self.holding = holding
        self.composer = composer
        self.fault: OSError | None = None
        """Why the journal takes no more notes; then nothing may leave."""
        self.provider = OTHER
        self.permit = FREELY
        self.told = False
        """Whether the pacer knows how much of the permit was used."""
        self._notes = notes
        self.results: list[Result] = []
        self._recipients: list[str] = []
        self.back: list[WindowCopy] = []
        self.open: dict[int, WindowCopy] = {}
        self.done = asyncio.Event()

    def may_go(self, late: float) -> bool:
        """Whether the lease is held, and the permit ended no more than `late` seconds ago."""
        now = boot_time()
        return now < self.holding.until and now < self.permit.until + late

    def note(self, copy: WindowCopy) -> bool:
        """Note that a copy leaves; without a note neither this copy nor any later one may leave."""
        try:
            self._notes.leaves(copy.delivery_id, copy.number)
        except OSError as error:
            self.fault = error
            self.holding.end()
            return False
        return True

    def settled(self, copy: WindowCopy, outcome: Outcome) -> None:
        """Take the outcome of one copy's try."""
        del self.open[copy.delivery_id]
        self._notes.told(copy.delivery_id, copy.number, outcome)
        self._recipients.append(copy.rcpt_to)
        self.results.append(Result(copy.delivery_id, copy.number, time.time(), outcome))
        if not self.open:
            self.done.set()

    def returned(self, copy: WindowCopy) -> None:
        """Take back a copy that was not handed over."""
        del self.open[copy.delivery_id]
        self.back.append(copy)
        if not self.open:
            self.done.set()

    def tries(self) -> Iterator[tuple[str, Outcome]]:
        """The recipient and the outcome of each try."""
        return zip(self._recipients, (it.outcome for it in self.results), strict=True)
