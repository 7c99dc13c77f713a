"""Mailjet: its Event API, one event in a request, or (version 2) a list of them.

The copy is known by `X-MJ-CustomID`, a header of ours that comes back as `CustomID`. Source:
Mailjet's guide "Event API: real-time notifications" with its "Possible values for errors", looked
at in November 2026. "preblocked", "blacklisted" and "spam reporter" are of Mailjet's own list;
"sender blocked" is what a receiver's filter says of us. Client libraries know four errors more
("blacklisted", "spam reporter", "typofix", "error in template language").
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, Event, text_of
from mailer.bounces.report import Reason, Report

TRACKING = frozenset(("open", "click"))
MARK_HEADER = "X-MJ-CustomID"
_LISTED = ("preblocked", "blacklisted", "spam reporter")
_REASONS = {
    "user unknown": Reason.UNKNOWN_USER,
    "mailbox inactive": Reason.DISABLED,
    "quota exceeded": Reason.FULL,
    "invalid domain": Reason.UNKNOWN_HOST,
    "no mail host": Reason.UNKNOWN_HOST,
    "relay/access denied": Reason.POLICY,
    "greylisted": Reason.GREYLISTED,
    "typofix": Reason.UNKNOWN_HOST,
    "bad or empty template": Reason.CONTENT,
    "content blocked": Reason.CONTENT,
    "policy issue": Reason.POLICY,
    "spam content": Reason.SPAM,
    "sender blocked": Reason.POLICY,
    "system issue": Reason.SYSTEM,
    "protocol issue": Reason.SYSTEM,
    "connection issue": Reason.NETWORK,
    "error in template language": Reason.CONTENT,
}


def name_of(document: Document) -> str:
    """What the event is called."""
    return text_of(document, "event")


def read(document: Document) -> Sequence[Event]:
    """The event."""
    return [Event(_report(document), marks=[text_of(document, "CustomID")])]


def _report(document: Document) -> Report:
    address = text_of(document, "email")
    error = text_of(document, "error").lower()
    said = " ".join(it for it in (text_of(document, "error"), text_of(document, "comment")) if it)
    match name_of(document):
        case "bounce":
            status = "" if document.get("hard_bounce") is True else "4.0.0"
            return events.failed(address, status, said, _REASONS.get(error))
        case "blocked" if error in _LISTED:
            return events.listed(address, said)
        case "blocked":
            return events.failed(address, "", said, _REASONS.get(error))
        case "sent":
            return events.delivered(address)
        case "spam":
            return events.complained(address)
        case "unsub":
            return events.left(address)
    return events.UNKNOWN
