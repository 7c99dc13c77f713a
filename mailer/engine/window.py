"""A window: the rows of one claim, from the moment they are ours until they are settled."""

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
"""So long after the last moment for its envelope a permitted copy's body may still follow."""


@lru_cache(maxsize=1)
def _second(epoch: int) -> datetime:
    """A moment, made once for all copies of its second."""
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
        """Why it must not leave any more, once that is known."""

    @property
    def holding(self) -> Holding:
        """The taking it belongs to."""
        return self._window.holding

    def compose(self) -> list[bytes]:
        """The mail as it goes over the wire."""
        return self._window.composer.copy(self.recipient, _second(int(time.time())))

    @property
    def provider(self) -> str:
        """Whose mailboxes its batch is for."""
        return self._window.provider

    def may_leave(self) -> bool:
        """Neither stopped, nor out of our hands, nor later than is permitted."""
        return not self.stopped and self._window.may_go(0.0)

    def leaves(self) -> bool:
        """Note that its body goes out next; False if it must not, or could not be noted."""
        if self.stopped or not self._window.may_go(LATE_SECONDS):
            return False
        return self._window.note(self)

    def settle(self, outcome: Outcome) -> None:
        """The try is over."""
        self._window.settled(self, outcome)

    def give_back(self) -> None:
        """Nothing of it was handed over."""
        self._window.returned(self)


class Window:
    """The copies of one claim; `done` when each has been settled or given back."""

    def __init__(self, holding: Holding, composer: Composer, notes: Notes) -> None:
        self.holding = holding
        self.composer = composer
        self.fault: OSError | None = None
        """Why nothing can be noted any more, and so nothing may leave."""
        self.provider = OTHER
        self.permit = FREELY
        self.told = False
        """Whether the pacer knows what was used of the permit."""
        self._notes = notes
        self.results: list[Result] = []
        self._recipients: list[str] = []
        self.back: list[WindowCopy] = []
        self.open: dict[int, WindowCopy] = {}
        self.done = asyncio.Event()

    def may_go(self, late: float) -> bool:
        """Whether the batch is ours, and it is no more than `late` seconds after the permit."""
        now = boot_time()
        return now < self.holding.until and now < self.permit.until + late

    def note(self, copy: WindowCopy) -> bool:
        """One copy leaves: what is not noted must not."""
        try:
            self._notes.leaves(copy.delivery_id, copy.number)
        except OSError as error:
            self.fault = error
            self.holding.end()
            return False
        return True

    def settled(self, copy: WindowCopy, outcome: Outcome) -> None:
        """One copy's try is over."""
        del self.open[copy.delivery_id]
        self._notes.told(copy.delivery_id, copy.number, outcome)
        self._recipients.append(copy.rcpt_to)
        self.results.append(Result(copy.delivery_id, copy.number, time.time(), outcome))
        if not self.open:
            self.done.set()

    def returned(self, copy: WindowCopy) -> None:
        """One copy came back untouched."""
        del self.open[copy.delivery_id]
        self.back.append(copy)
        if not self.open:
            self.done.set()

    def tries(self) -> Iterator[tuple[str, Outcome]]:
        """To whom each copy went, and what came of it."""
        return zip(self._recipients, (it.outcome for it in self.results), strict=True)
