"""Scaleway Transactional Email: its events come as messages of Topics and Events.

The copy is known by a header of ours among `email_headers`, a list of {"key": …, "value": …}.
Source: Scaleway's page "Understanding Webhook event payloads", as validated in October 2025.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, Event, text_of
from mailer.bounces.report import Reason, Report

TRACKING: frozenset[str] = frozenset()
MARK_HEADER = "X-Pli-Mark"
_NO_EVENT = ("email_queued", "blocklist_created")
"""The second is about an address, and names no copy: the next copy is told to be blocklisted."""


def name_of(document: Document) -> str:
    """What the event is called."""
    return text_of(document, "type")


def read(document: Document) -> Sequence[Event]:
    """The event; none for what is about no copy that came to an end."""
    if name_of(document) in _NO_EVENT:
        return ()
    return [Event(_report(document), events.fields_of(document, "email_headers"))]


def _report(document: Document) -> Report:
    address = text_of(document, "email_to")
    code = text_of(document, "email_response_code")
    said = text_of(document, "email_response_message", "email_error")
    if code and not said.startswith(code):
        said = f"{code} {said}"
    match name_of(document):
        case "email_dropped":
            return events.failed(address, "", said)
        case "email_mailbox_not_found":
            return events.failed(address, "", said, Reason.UNKNOWN_USER)
        case "email_blocklisted":
            # Its type is what the address was once refused for.
            words = (text_of(document, "blocklist_reason"), text_of(document, "blocklist_type"))
            return events.listed(address, next((it for it in words if it), ""))
        case "email_spam":
            # By a filter or by the person, and nothing says which: the milder reading counts.
            return events.failed(address, "", said, Reason.SPAM)
        case "email_deferred":
            return events.delayed(address, "", said)
        case "email_delivered":
            return events.delivered(address)
    return events.UNKNOWN
