"""The kinds of relays whose events are read, by their names in the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.bounces import whose
from mailer.bounces.relays import brevo, mailjet, scaleway, ses, standard
from mailer.bounces.relays.events import Document, Event
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import MARK_HEADER


@dataclass(frozen=True, slots=True)
class RelayKind:
    """How the events of one kind of relay are read.

    `tracking` are events that say who opened a letter or followed a link. `mark_header` is the
    header of ours that this relay gives back.
    """

    name_of: Callable[[Document], str]
    read: Callable[[Document], Sequence[Event]]
    tracking: frozenset[str]
    mark_header: str = MARK_HEADER


KINDS: Mapping[str, RelayKind] = {
    "ses": RelayKind(ses.name_of, ses.read, ses.TRACKING),
    "brevo": RelayKind(brevo.name_of, brevo.read, brevo.TRACKING, brevo.MARK_HEADER),
    "mailjet": RelayKind(mailjet.name_of, mailjet.read, mailjet.TRACKING, mailjet.MARK_HEADER),
    "scaleway": RelayKind(scaleway.name_of, scaleway.read, scaleway.TRACKING, scaleway.MARK_HEADER),
    "standard": RelayKind(standard.name_of, standard.read, standard.TRACKING, standard.MARK_HEADER),
}


def number_of(event: Event, tokens: Tokens) -> int | None:
    """The delivery or notice that an event is about; None if it carries no token of ours."""
    for mark in _marks(event):
        number = whose.of_mark(mark, tokens)
        if number is not None:
            return number
    return whose.of_header(event.fields, tokens)


def mark_of(told: Sequence[Event]) -> str:
    """The first mark of an event, as it was told; "" if there is none. Nothing proves it."""
    return next((mark for event in told for mark in _marks(event)), "")


def _marks(event: Event) -> Iterator[str]:
    ours = {it.mark_header.lower() for it in KINDS.values()}
    yield from (it for it in event.marks if it)
    yield from (value for name, value in event.fields if name in ours and value)
