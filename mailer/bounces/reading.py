"""Reads what came back: which mail it is, about whom, why, and how much that weighs.

Pure: octets in, a value out; it never fails, and never takes long. The order of the formats is the
order of their trustworthiness.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces import addresses
from mailer.bounces.formats import automatic, dialects, dsn, feedback, free_text
from mailer.bounces.judging import judged
from mailer.bounces.mail import Mail, opened
from mailer.bounces.report import (
    Action,
    How,
    Judged,
    Kind,
    Reason,
    Recipient,
    Report,
    Verdict,
    Weight,
)

_COMPLAINS = Verdict(Reason.COMPLAINT, Weight.COMPLAINT)
NOTED = 300


def read(raw: bytes) -> Report:
    """What a mail that came back says.

    Source: RFC 3464 and 6533, 5965, 3834 and 8098; then the texts of servers that follow none.
    """
    return read_mail(opened(raw))


def read_mail(mail: Mail) -> Report:
    """The same of a mail that is open already."""
    if automatic.is_receipt(mail):
        return Report(Kind.RECEIPT, How.AUTOMATIC)
    if (found := dsn.in_a_part(mail)) and not _is_of_the_recipient(mail, found.recipients):
        return _reported(How.DSN, found.recipients, found.envelope_id)
    if complaint := feedback.read(mail):
        how = How.ARF if complaint.in_a_part else How.ARF_IN_TEXT
        people = [Judged(Recipient(it), _COMPLAINS) for it in complaint.addresses or ("",)]
        return Report(complaint.kind, how, people if complaint.kind is Kind.COMPLAINT else ())
    if (answer := automatic.read(mail)) is not None:
        note = " ".join(mail.text.split())[:NOTED] if answer is Kind.NOTE else ""
        return Report(answer, How.AUTOMATIC, note=note)
    if (found := dsn.in_a_text(mail)) and not _is_of_the_recipient(mail, found.recipients):
        return _reported(How.DSN_IN_TEXT, found.recipients, found.envelope_id)
    if free_text.looks_like_a_bounce(mail):
        if told := dialects.read(mail):
            return _reported(told.how, told.recipients)
        return _reported(How.TEXT, free_text.read(mail))
    return Report(Kind.OTHER, How.NOTHING)


def _is_of_the_recipient(mail: Mail, recipients: Sequence[Recipient]) -> bool:
    """Whether somebody passes on what they heard of their own address: who writes is there."""
    writer = addresses.bare(mail.first("from")).casefold()
    named = {name.casefold() for it in recipients for name in (it.address, it.original)}
    return writer in named - {""} and not free_text.looks_like_a_bounce(mail)


def _reported(how: How, recipients: Sequence[Recipient], envelope_id: str = "") -> Report:
    actions = {it.action for it in recipients}
    kind = Kind.SUCCESS
    if Action.FAILED in actions:
        kind = Kind.FAILURE
    elif Action.DELAYED in actions:
        kind = Kind.DELAY
    people = [judged(it) for it in recipients]
    return Report(kind, how, people, envelope_id=envelope_id)
