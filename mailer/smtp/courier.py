"""The courier protocol: what carries copies to a relay, and what it asks of a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailer.outcomes import Outcome
from mailer.providers import OPEN
from pli.language import Sentence


@dataclass(frozen=True, slots=True)
class LaneTerms:
    """What a lane may use of a courier; None: no limit. `messages` are for each connection."""

    connections: int | None = None
    messages: int | None = None
    per_second: int | None = None


class Copy(Protocol):
    """One copy on its way; its courier settles it once, or gives it back when recalled."""

    mail_from: str
    rcpt_to: str
    smtputf8: bool

    def compose(self) -> list[bytes]:
        """The whole mail for the wire: CRLF, dots stuffed, without the final dot."""

    def may_leave(self) -> bool:
        """Asked before the envelope is written: is the copy still wanted, and the lease held?"""

    def leaves(self) -> bool:
        """Called right before the body is written, to note that; False: it must not be written."""

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome of the try."""

    def give_back(self) -> None:
        """Take the copy back: nothing of it was handed over, and it is no longer carried."""


class Courier(Protocol):
    """Carries copies to one relay: SMTP, a Maildir, or a test's memory."""

    relay: str
    on_trouble: Callable[[Sentence], None]
    """Called when nothing can be carried at all: the relay is at fault, no copy is."""
    on_refusal: Callable[[Sentence], None] | None
    """The same, where a person must change something before the relay takes mail again."""
    on_doubt: Callable[[Sentence], None] | None
    """The same, where each further try would bring more copies into doubt."""
    on_files_full: Callable[[Sentence], None]
    """Called when no connection can be made because no file can be opened; it is tried again."""
    patient: Callable[[], bool]
    """Asked when connecting failed: try again? False, if another relay stands by."""

    def post(self, copies: Sequence[Copy], *, first: bool = False, lane: str = OPEN) -> None:
        """Take copies, `first` before all that wait; each copy is settled once, or given back."""

    def agree(self, lane: str, terms: LaneTerms) -> None:
        """Set the terms of a lane; WHOLE: the terms for all lanes together."""

    def occupied(self, lane: str) -> int:
        """How many connections carry for a lane; WHOLE: how many there are, or are being made."""

    def farewells(self) -> Mapping[str, str]:
        """The 421 replies since the last call, by the recipient whose copy was on its way."""

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back the copies that `wanted` chooses and that are not on the wire yet."""

    async def close(self, patience: float) -> None:
        """Stop; copies on the wire may still be answered for `patience` seconds."""
