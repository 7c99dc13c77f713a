"""Any relay whose events are Standard Webhooks: {"type": "email.…", "data": {…}}.

The copy is known by our token: `data.mark`, or a header of ours among `data.headers`. Resend and
others that sign by Svix write so, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, Event, text_of, within
from mailer.bounces.report import Reason, Report

TRACKING = frozenset(("email.opened", "email.clicked"))
MARK_HEADER = "X-Pli-Mark"
_NO_EVENT = ("email.sent", "email.queued", "email.scheduled")
_LISTED = ("suppressed", "onaccountsuppressionlist")


def name_of(document: Document) -> str:
    """What the event is called."""
    return text_of(document, "type")


def read(document: Document) -> Sequence[Event]:
    """The event; none for what says only that the relay has the copy."""
    if name_of(document) in _NO_EVENT:
        return ()
    data = within(document, "data")
    fields = events.fields_of(data, "headers")
    marks = [text_of(data, "mark"), text_of(data, "message_id")]
    return [Event(_report(name_of(document), data), fields, marks)]


def _report(name: str, data: Document) -> Report:
    bounce = within(data, "bounce")
    address = _address(data)
    status = text_of(data, "status")
    said = text_of(data, "diagnostic", "reason") or text_of(bounce, "message", "reason")
    match name:
        case "email.bounced" | "email.failed":
            if text_of(bounce, "subType").lower() in _LISTED:
                return events.listed(address, said)
            passing = text_of(bounce, "type").lower() in ("transient", "temporary", "soft")
            gone = text_of(bounce, "subType").lower() == "noemail"
            return events.failed(
                address,
                "4.0.0" if passing and not status else status,
                said,
                Reason.UNKNOWN_USER if gone else None,
            )
        case "email.suppressed":
            return events.listed(address, said)
        case "email.delayed" | "email.delivery_delayed":
            return events.delayed(address, status, said)
        case "email.delivered":
            return events.delivered(address)
        case "email.complained":
            return events.complained(address)
        case "email.unsubscribed":
            return events.left(address)
    return events.UNKNOWN


def _address(data: Document) -> str:
    to = data.get("to")
    if isinstance(to, list):
        return str(to[0])[:320] if to and isinstance(to[0], str) else ""
    return text_of(data, "email", "recipient", "to")
