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


def ses(name: str, mark: str, **its: Any) -> dict[str, Any]:
    headers = [{"name": "Message-ID", "value": "<0100@eu-west-3.amazonses.com>"}]
    headers.append({"name": "X-Pli-Mark", "value": mark})
    return {"eventType": name, "mail": {"messageId": "0100", "headers": headers}, **its}


def bounced(mark: str, kind: str, sub: str, status: str, said: str) -> dict[str, Any]:
    who = {"emailAddress": ANNE, "action": "failed", "status": status, "diagnosticCode": said}
    its = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [who]}
    return ses("Bounce", mark, bounce=its)


def brevo(name: str, mark: str, reason: str = "") -> dict[str, Any]:
    return {"event": name, "email": ANNE, "X-Mailin-custom": mark, "reason": reason, "id": 1}


def mailjet(name: str, mark: str, **its: Any) -> dict[str, Any]:
    return {"event": name, "email": ANNE, "CustomID": mark, "time": 1_795_000_000, **its}


def scaleway(name: str, mark: str, code: int = 0, said: str = "") -> dict[str, Any]:
    headers = [{"key": "X-Pli-Mark", "value": mark}]
    return {
        "type": name, "email_to": ANNE, "email_headers": headers,
        "email_response_code": code, "email_response_message": said,
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
        Told(
            "ses",
            ses("Complaint", mark, complaint={"complainedRecipients": [{"emailAddress": ANNE}]}),
            "complaint", "complaint", "complaint",
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
            "mailjet", mailjet("bounce", mark, hard_bounce=True, error="user unknown"),
            gone[0], gone[1], "likely",
        ),
        Told(
            "mailjet", mailjet("bounce", mark, hard_bounce=False, error="quota exceeded"),
            "failure", "full", "temporary",
        ),
        Told("mailjet", mailjet("blocked", mark, error="preblocked"), *listed),
        Told(
            "mailjet", mailjet("blocked", mark, error="spam content"), "failure", "spam", "policy"
        ),
        Told("mailjet", mailjet("spam", mark), "complaint", "complaint", "complaint"),
        Told("mailjet", mailjet("unsub", mark), "leave"),
        Told("mailjet", mailjet("sent", mark), "success"),
        Told("scaleway", scaleway("email_mailbox_not_found", mark, 550, UNKNOWN), *gone),
        Told("scaleway", scaleway("email_blocklisted", mark), *listed),
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
