"""Amazon SES: event publishing and feedback notifications, each in a message of SNS.

Sources, in the developer guide of SES: "Contents of event data that Amazon SES publishes to Amazon
SNS" (configuration sets) and "Amazon SNS notification contents for Amazon SES" (identities, where
`headers` come only if the notification is set to hold the original ones). Both were looked at in
November 2026: eventType and notificationType, bounceType with bounceSubType, complaintSubType, the
feedback types, delayedRecipients.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, Event, text_of
from mailer.bounces.report import Reason, Report

TRACKING = frozenset(("Open", "Click"))
_NO_EVENT = ("Send",)
_LISTED = ("Suppressed", "OnAccountSuppressionList")
_NO_COMPLAINT = ("not-spam", "auth-failure")
"""Feedback types (RFC 5965, 6591) by which nobody complains."""
_REASONS = {
    "NoEmail": Reason.UNKNOWN_USER,
    "MailboxFull": Reason.FULL,
    "MessageTooLarge": Reason.TOO_LARGE,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
}


def name_of(document: Document) -> str:
    """What the event is called."""
    return text_of(document, "eventType", "notificationType")


def read(document: Document) -> Sequence[Event]:
    """The events, one for each recipient; none for what says only that the relay has the copy."""
    if name_of(document) in _NO_EVENT:
        return ()
    mail = events.within(document, "mail")
    common = events.within(mail, "commonHeaders")
    fields = [*events.fields_of(mail, "headers"), ("message-id", text_of(common, "messageId"))]
    return [Event(it, fields) for it in _reports(document)]


def _reports(document: Document) -> Sequence[Report]:
    match name_of(document):
        case "Bounce":
            told = events.within(document, "bounce")
            return [_bounced(told, it) for it in events.tables(told, "bouncedRecipients")]
        case "Complaint":
            told = events.within(document, "complaint")
            people = events.tables(told, "complainedRecipients")
            # Of a copy that was never sent, since somebody had complained before.
            if text_of(told, "complaintSubType") in _LISTED:
                return [events.listed(text_of(it, "emailAddress"), "complained") for it in people]
            if text_of(told, "complaintFeedbackType").lower() in _NO_COMPLAINT:
                return [events.UNKNOWN]
            return [events.complained(text_of(it, "emailAddress")) for it in people]
        case "DeliveryDelay":
            told = events.within(document, "deliveryDelay")
            return [
                events.delayed(
                    text_of(it, "emailAddress"),
                    text_of(it, "status"),
                    text_of(it, "diagnosticCode") or text_of(told, "delayType"),
                )
                for it in events.tables(told, "delayedRecipients")
            ]
        case "Delivery":
            found = events.within(document, "delivery").get("recipients")
            return [events.delivered(str(it)) for it in found] if isinstance(found, list) else []
        case "Reject":
            said = text_of(events.within(document, "reject"), "reason")
            return [events.failed("", "", said, Reason.CONTENT)]
    return [events.UNKNOWN]


def _bounced(told: Document, recipient: Document) -> Report:
    address = text_of(recipient, "emailAddress")
    kind = text_of(told, "bounceSubType")
    said = text_of(recipient, "diagnosticCode").removeprefix("smtp; ")
    if kind in _LISTED:
        return events.listed(address, said)
    status = text_of(recipient, "status")
    if text_of(told, "bounceType") == "Transient" and status.startswith("5"):
        # Amazon itself takes it for passing: the milder reading counts.
        status = f"4{status[1:]}"
    return events.failed(address, status, said, _REASONS.get(kind))
