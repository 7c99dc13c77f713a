"""Complaints (RFC 5965, 6591), and the opt-out reports of providers, with their part and without.

A report that a message failed authentication (RFC 6591) is about us, and no person's complaint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.bounces import addresses
from mailer.bounces.mail import Mail, header_of, words_of
from mailer.bounces.report import Kind

PART = "message/feedback-report"
_FIELD = "feedback-type:"
_TYPE = re.compile(r"\A[a-z-]+")
_COMPLAINS = ("abuse", "fraud")
_LEAVES = ("opt-out", "opt-out-list", "unsubscribe", "optout")
# How providers send a complaint without a report of RFC 5965; each from an address of its own.
_SENDERS = (
    ("staff@hotmail.com", "complaint"),
    ("scomp@aol.net", "email feedback report"),
    ("feedback@arf.mail.yahoo.com", ""),
    ("signal-spam.fr", "signal"),
)
_IP_COMPLAINTS = ("complaint about message from", "email feedback report for ip")


@dataclass(frozen=True, slots=True)
class Feedback:
    """A person's complaint, or their wish to leave; `addresses` as the report tells them."""

    kind: Kind
    addresses: Sequence[str]
    in_a_part: bool


def read(mail: Mail) -> Feedback | None:
    """What a complaint or an opt-out report says; None if the mail is neither."""
    for part in mail.of_type(PART):
        return _of(part.text, in_a_part=True)
    if (printed := _printed(mail)) is not None:
        return _of(printed, in_a_part=False)
    if mail.type == "multipart/report" and mail.parameters.get("report-type") == "feedback-report":
        return Feedback(Kind.COMPLAINT, (), in_a_part=False)
    if _from_a_provider(mail):
        found = [words_of(it) for it in mail.all("x-hmxmroriginalrecipient")]
        return Feedback(Kind.COMPLAINT, [it for it in found if "@" in it], in_a_part=False)
    return None


def _printed(mail: Mail) -> str | None:
    """The block of a report that is printed into a text; None if there is none."""
    for part in mail.parts:
        if part.returned:
            continue
        lines = [it.lstrip("> \t") for it in part.text.split("\n")]
        for n, line in enumerate(lines):
            if line.lower().startswith(_FIELD):
                block = _block(lines, n)
                # Without a second field this is somebody who writes about reports.
                if any(it.lower().startswith(("user-agent:", "version:")) for it in block):
                    return "\n".join(block)
    return None


def _block(lines: Sequence[str], at: int) -> Sequence[str]:
    begin = at
    while begin and lines[begin - 1].strip():
        begin -= 1
    end = at
    while end < len(lines) and lines[end].strip():
        end += 1
    return lines[begin:end]


def _of(text: str, *, in_a_part: bool) -> Feedback | None:
    fields = header_of(text.lstrip("\n"))
    said = next((value for name, value in fields if name == "feedback-type"), "").strip().lower()
    # Whatever else is reported (RFC 6430, 6591, "other") is no complaint that a person made.
    said = next(iter(_TYPE.findall(said)), "")
    if said not in (*_COMPLAINS, *_LEAVES):
        return None
    told = [
        addresses.typed(value)
        for name, value in fields
        if name in ("original-rcpt-to", "removal-recipient")
    ]
    kind = Kind.LEAVE if said in _LEAVES else Kind.COMPLAINT
    return Feedback(kind, [it for it in told if it], in_a_part)


def _from_a_provider(mail: Mail) -> bool:
    sender = addresses.bare(mail.first("from")).lower()
    subject = words_of(mail.first("subject")).lower()
    return any(sender.endswith(who) and said in subject for who, said in _SENDERS) and (
        any(it.returned for it in mail.parts) or subject.startswith(_IP_COMPLAINTS)
    )
