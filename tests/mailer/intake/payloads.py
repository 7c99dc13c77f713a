"""Events as each kind of relay tells them, invented after the pages of each provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

ANNE = "anne@example.org"
UNKNOWN = "550 5.1.1 <anne@example.org>: user unknown"


class Told(NamedTuple):
    """An event, and what it is: kind, reason and weight of what is recorded."""

    relay: str
    document: dict[str, Any]
    kind: str
    reason: str = ""
    weight: str = ""


def ses(name: str, mark: str, key: str = "eventType", **its: Any) -> dict[str, Any]:
    headers = [{"name": "Message-ID", "value": "<0100@eu-west-3.amazonses.com>"}]
    headers.append({"name": "X-Pli-Mark", "value": mark})
    mail = {
        "timestamp": "2026-11-28T10:00:00.000Z", "source": "lettres@lettres.example.org",
        "messageId": "0100", "destination": [ANNE], "headersTruncated": False, "headers": headers,
        "commonHeaders": {"messageId": "<0100@eu-west-3.amazonses.com>", "subject": "Lettre"},
        "tags": {"ses:configuration-set": ["pli"]},
    }  # fmt: skip
    return {key: name, "mail": mail, **its}


def complained(mark: str, **its: Any) -> dict[str, Any]:
    told = {"complainedRecipients": [{"emailAddress": ANNE}], "feedbackId": "0100", **its}
    return ses("Complaint", mark, complaint=told)


def bounced(mark: str, kind: str, sub: str, status: str, said: str) -> dict[str, Any]:
    who = {"emailAddress": ANNE, "action": "failed", "status": status, "diagnosticCode": said}
    its = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [who]}
    return ses("Bounce", mark, bounce=its)


def brevo(name: str, mark: str, reason: str = "") -> dict[str, Any]:
    its = {"reason": reason} if reason else {}
    return {
        "event": name, "email": ANNE, "id": 1, "date": "2026-11-28 11:00:00", "ts": 1_795_000_000,
        "message-id": "<202611281000.1@smtp-relay.mailin.fr>", "ts_event": 1_795_000_000,
        "subject": "Lettre", "X-Mailin-custom": mark, "sending_ip": "192.0.2.1",
        "ts_epoch": 1_795_000_000_000, "tags": [], "contact_id": 0, **its,
    }  # fmt: skip


def mailjet(name: str, mark: str, **its: Any) -> dict[str, Any]:
    return {
        "event": name, "time": 1_795_000_000, "MessageID": 19421777835146490, "email": ANNE,
        "mj_campaign_id": 7257, "mj_contact_id": 4, "customcampaign": "", "CustomID": mark,
        "Payload": "", **its,
    }  # fmt: skip


def mailjet_refused(name: str, mark: str, about: str, error: str, **its: Any) -> dict[str, Any]:
    return mailjet(name, mark, error_related_to=about, error=error, **its)


def scaleway(name: str, mark: str, code: int = 0, said: str = "", **its: Any) -> dict[str, Any]:
    headers = [{"key": "Subject", "value": "Lettre"}, {"key": "X-Pli-Mark", "value": mark}]
    answered = {"email_response_code": code, "email_response_message": said} if code else {}
    return {
        "id": "5d3f5e2c-0000-4000-8000-000000000001", "type": name,
        "organization_id": "5d3f5e2c-0000-4000-8000-000000000002",
        "domain_name": "lettres.example.org", "created_at": "2026-11-28T10:00:00Z",
        "email_from": "lettres@lettres.example.org", "email_to": ANNE, "email_headers": headers,
        **answered, **its,
    }  # fmt: skip


def standard(name: str, mark: str, **its: Any) -> dict[str, Any]:
    return {"type": name, "data": {"to": [ANNE], "mark": mark, **its}}


def all_of(mark: str) -> Sequence[Told]:
    gone = ("failure", "unknown_user", "certain")
    listed = ("failure", "provider_list", "policy")
    return [
        Told("ses", bounced(mark, "Permanent", "General", "5.1.1", f"smtp; {UNKNOWN}"), *gone),
        Told("ses", bounced(mark, "Permanent", "NoEmail", "", ""), gone[0], gone[1], "likely"),
        Told("ses", bounced(mark, "Permanent", "OnAccountSuppressionList", "5.1.1", ""), *listed),
        Told(
            "ses",
            bounced(mark, "Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 full"),
            "failure", "full", "temporary",
        ),
        Told("ses", complained(mark), "complaint", "complaint", "complaint"),
        Told(
            "ses", complained(mark, complaintFeedbackType="abuse", complaintSubType=None),
            "complaint", "complaint", "complaint",
        ),
        Told("ses", complained(mark, complaintFeedbackType="not-spam"), "other"),
        Told("ses", complained(mark, complaintSubType="OnAccountSuppressionList"), *listed),
        Told("ses", bounced(mark, "Permanent", "Suppressed", "", ""), *listed),
        Told("ses", bounced(mark, "Undetermined", "Undetermined", "", ""), "failure", "other",
             "temporary"),
        Told(
            "ses",
            bounced(mark, "Transient", "ContentRejected", "", ""), "failure", "content", "policy",
        ),
        Told("ses", ses("Reject", mark, reject={"reason": "Bad content"}), "failure", "content",
             "policy"),
        Told(
            "ses", ses("Delivery", mark, "notificationType", delivery={"recipients": [ANNE]}),
            "success",
        ),
        Told("ses", ses("Delivery", mark, delivery={"recipients": [ANNE]}), "success"),
        Told(
            "ses",
            ses("DeliveryDelay", mark, deliveryDelay={
                "delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": ANNE}],
            }),
            "delay",
        ),
        Told("brevo", brevo("hard_bounce", mark, UNKNOWN), *gone),
        Told("brevo", brevo("hard_bounce", mark, "rejected"), gone[0], gone[1], "likely"),
        Told("brevo", brevo("soft_bounce", mark, "mailbox full"), "failure", "full", "temporary"),
        Told("brevo", brevo("blocked", mark, "hard bounced before"), *listed),
        Told("brevo", brevo("deferred", mark, "451 later"), "delay"),
        Told("brevo", brevo("delivered", mark), "success"),
        Told("brevo", brevo("spam", mark), "complaint", "complaint", "complaint"),
        Told("brevo", brevo("unsubscribed", mark), "leave"),
        Told("brevo", brevo("a_new_event", mark), "other"),
        Told(
            "mailjet",
            mailjet_refused(
                "bounce", mark, "recipient", "user unknown", hard_bounce=True, blocked=True
            ),
            gone[0], gone[1], "likely",
        ),
        Told(
            "mailjet",
            mailjet_refused("bounce", mark, "recipient", "quota exceeded", hard_bounce=False),
            "failure", "full", "temporary",
        ),
        Told("mailjet", mailjet_refused("blocked", mark, "mailjet", "preblocked"), *listed),
        Told("mailjet", mailjet_refused("blocked", mark, "recipient", "blacklisted"), *listed),
        Told(
            "mailjet", mailjet_refused("blocked", mark, "spam", "sender blocked"),
            "failure", "policy", "policy",
        ),
        Told(
            "mailjet", mailjet_refused("bounce", mark, "domain", "greylisted", hard_bounce=False),
            "failure", "greylisted", "temporary",
        ),
        Told(
            "mailjet",
            mailjet_refused("bounce", mark, "domain", "invalid domain", hard_bounce=True),
            "failure", "unknown_host", "likely",
        ),
        Told(
            "mailjet", mailjet("spam", mark, source="JMRPP"), "complaint", "complaint", "complaint"
        ),
        Told("mailjet", mailjet("unsub", mark), "leave"),
        Told("mailjet", mailjet("sent", mark), "success"),
        Told("scaleway", scaleway("email_mailbox_not_found", mark, 550, UNKNOWN), *gone),
        Told(
            "scaleway",
            scaleway(
                "email_blocklisted", mark, blocklist_type="mailbox_not_found",
                blocklist_reason="550 5.1.1 user unknown",
            ),
            *listed,
        ),
        Told("scaleway", scaleway("email_dropped", mark, 550, UNKNOWN), *gone),
        Told("scaleway", scaleway("email_spam", mark), "failure", "spam", "policy"),
        Told("scaleway", scaleway("email_deferred", mark, 451, "later"), "delay"),
        Told("scaleway", scaleway("email_delivered", mark), "success"),
        Told(
            "standard",
            standard("email.bounced", mark, bounce={"type": "Permanent", "message": UNKNOWN}),
            *gone,
        ),
        Told("standard", standard("email.suppressed", mark), *listed),
        Told("standard", standard("email.complained", mark), "complaint", "complaint", "complaint"),
        Told("standard", standard("email.unsubscribed", mark), "leave"),
        Told("standard", standard("email.whatever", mark), "other"),
    ]  # fmt: skip
