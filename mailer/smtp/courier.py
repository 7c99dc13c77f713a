"""The seam between what waits and what leaves: who carries copies, and what a copy is to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailer.outcomes import Outcome
from mailer.providers import OPEN
from pli.language import Sentence


@dataclass(frozen=True, slots=True)
class LaneTerms:
    """What a lane may take of a courier's connections; None: as much as there is."""

    connections: int | None = None
    messages: int | None = None
    per_second: int | None = None


class Copy(Protocol):
    """One copy on its way; whoever carries it settles it once, or gives it back when recalled."""

    mail_from: str
    rcpt_to: str
    smtputf8: bool

    def compose(self) -> list[bytes]:
        """The whole mail for the wire: CRLF, dots stuffed, without the final dot."""

    def may_leave(self) -> bool:
        """Asked before its envelope is written: still wanted, and still ours by lease?"""

    def leaves(self) -> bool:
        """Told right before the body is written, and noted; False: it must not."""

    def settle(self, outcome: Outcome) -> None:
        """Tell what the try came to."""

    def give_back(self) -> None:
        """Tell that nothing of it was handed over, and that it is not carried any more."""


class Courier(Protocol):
    """Carries copies to one relay: SMTP, a Maildir, or a test's memory."""

    relay: str
    on_trouble: Callable[[Sentence], None]
    """Called when nothing can be carried at all: the relay is at fault, not a person."""
    patient: Callable[[], bool]
    """Asked when no connection came about: is it to be tried again? No: another relay stands by."""

    def post(self, copies: Sequence[Copy], *, first: bool = False, lane: str = OPEN) -> None:
        """Take copies, `first` before all that wait; each gets one `settle`, or `give_back`."""

    def agree(self, lane: str, terms: LaneTerms) -> None:
        """From now on these terms hold for a lane; WHOLE: for all together."""

    def occupied(self, lane: str) -> int:
        """How many connections carry for a lane; WHOLE: how many there are."""

    def farewells(self) -> Mapping[str, str]:
        """To whom a copy was on its way when the relay said 421, and what it said, since asked."""

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are not on the wire yet."""

    async def close(self, patience: float) -> None:
        """Stop; what is on the wire may still be answered for `patience` seconds."""
