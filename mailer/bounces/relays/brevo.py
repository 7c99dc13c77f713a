"""Brevo: events of its transactional platform, one in a request, or a list of them.

The copy is known by `X-Mailin-custom`, a header of ours that Brevo gives back in each event.
Source: Brevo's developer page "Transactional webhooks", looked at in November 2026: `event`,
`email`, `message-id`, `reason` (of bounces, deferrals and errors), `X-Mailin-custom`. Brevo
documents no signature; user and password of the address come as basic authentication.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, Event, text_of
from mailer.bounces.report import Reason, Report

# Not only today's names: Brevo's logs call the same events otherwise.
TRACKING = frozenset(
    (
        "opened", "unique_opened", "first_opening", "click", "proxy_open", "unique_proxy_open",
        "loaded_by_proxy",
    )
)  # fmt: skip
MARK_HEADER = "X-Mailin-custom"
_NO_EVENT = ("request", "sent")


def name_of(document: Document) -> str:
    """What the event is called."""
    return text_of(document, "event")


def read(document: Document) -> Sequence[Event]:
    """The event; none for what says only that the relay has the copy."""
    if name_of(document) in _NO_EVENT:
        return ()
    marks = [text_of(document, "X-Mailin-custom", "x-mailin-custom")]
    fields = [("message-id", text_of(document, "message-id"))]
    return [Event(_report(document), fields, marks)]


def _report(document: Document) -> Report:
    address = text_of(document, "email")
    said = text_of(document, "reason")
    match name_of(document):
        case "hard_bounce":
            return events.failed(address, "", said, Reason.UNKNOWN_USER)
        case "soft_bounce" | "error":
            return events.failed(address, "4.0.0", said)
        case "invalid_email":
            return events.failed(address, "", said, Reason.UNKNOWN_USER)
        case "blocked":
            return events.listed(address, said)
        case "deferred":
            return events.delayed(address, "", said)
        case "delivered":
            return events.delivered(address)
        case "spam" | "complaint":
            return events.complained(address)
        case "unsubscribed":
            return events.left(address)
    return events.UNKNOWN
