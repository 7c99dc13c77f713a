"""What follows from a bounce of one copy: an address is suppressed, held, or only noted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.bounces import deciding, repeated
from mailer.bounces.burst import burst
from mailer.bounces.report import (
    Action,
    Judged,
    Kind,
    Reason,
    Recipient,
    Report,
    Verdict,
    Weight,
)
from mailer.bounces.rules import BounceRules
from mailer.links import FIRST_NUMBER
from mailer.models import Batch, Bounce, Delivery, Effect
from mailer.providers import WHOLE
from subscribers import optout
from subscribers.models import Subscriber, SuppressionReason
from subscribers.upsert import insert_into

log = logging.getLogger("pli.bounces")

_COUNTED = (Weight.CERTAIN, Weight.LIKELY)
_CONCERNS = (*_COUNTED, Weight.TEMPORARY)
"""What is said about an address; the rest is about us, or about the person."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy that a mail is about, with what is known of its person now."""

    id: int
    campaign_id: int
    subscriber_id: int | None
    provider: str
    email: str
    address_key: bytes | None


def copy_of(session: Session, number: int | None) -> Copy | None:
    """The copy with this number; None for a notice, and for a copy that is not here."""
    if number is None or number >= FIRST_NUMBER:
        return None
    row = session.execute(
        select(
            Delivery.id,
            Delivery.campaign_id,
            Delivery.subscriber_id,
            func.coalesce(Batch.provider, ""),
            func.coalesce(Subscriber.email, ""),
            Subscriber.address_key,
        )
        .outerjoin(
            Batch, (Batch.campaign_id == Delivery.campaign_id) & (Batch.number == Delivery.batch)
        )
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.id == number)
    ).one_or_none()
    return Copy(*row) if row else None


def main(report: Report) -> Judged:
    """The recipient of whom a report tells most: who failed, else the first, else nobody."""
    failed = [it for it in report.recipients if it.recipient.action is Action.FAILED]
    return (*failed, *report.recipients, _NOBODY)[0]


_NOBODY = Judged(Recipient(""), Verdict(Reason.OTHER, Weight.NONE))


def told(report: Report, judged: Judged, weight: Weight) -> dict[str, object]:
    """The columns of a bounce that tell what its mail says."""
    recipient = judged.recipient
    action = recipient.action.value
    if report.kind in (Kind.COMPLAINT, Kind.LEAVE):
        action = report.kind.value
    return {
        "action": action,
        "reason": judged.verdict.reason.value,
        "weight": weight.value,
        "status": recipient.status[:16],
        "diagnostic": answer_words.without_addresses(recipient.diagnostic)[:1_000],
        "remote": recipient.remote[:255],
        "how": report.how.value,
    }


def record(
    session: Session,
    *,
    mail_id: int,
    copy: Copy,
    written: str,
    report: Report,
    rules: BounceRules,
    now: datetime,
) -> tuple[int | None, Effect]:
    """Record what a mail says of one copy, and do what follows; None: it was told before.

    `written` is the address that the letter was written to, "" if the mail does not tell it.
    """
    judged = report.about(copy.email) or main(report)
    verdict = judged.verdict
    same = _is_of(copy, judged, written)
    weight = verdict.weight
    if weight is Weight.CERTAIN and same is None:
        weight = Weight.LIKELY  # told of another address, perhaps one that it was passed on to
    counts = weight in _COUNTED and same is not False
    former = same is False and weight in _CONCERNS and copy.subscriber_id is not None
    effect = Effect.FORMER if former else Effect.NONE
    bounce_id = session.execute(
        insert_into(session, Bounce)
        .values(
            **told(report, judged, weight),
            mail_id=mail_id,
            delivery_id=copy.id,
            campaign_id=copy.campaign_id,
            provider=copy.provider,
            at=now,
            effect=effect,
            counts=counts,
        )
        .on_conflict_do_nothing()
        .returning(Bounce.id)
    ).scalar_one_or_none()
    if bounce_id is None:
        return None, Effect.NONE
    log.info(
        "bounce.recorded",
        extra={
            "bounce": bounce_id,
            "delivery": copy.id,
            "campaign": copy.campaign_id,
            "reason": verdict.reason.value,
            "weight": weight.value,
        },
    )
    if weight is Weight.POLICY:
        log.warning("bounce.policy", extra={"campaign": copy.campaign_id, "bounce": bounce_id})
    # Who complains means us, by whatever address.
    concerned = same is not False or report.kind is Kind.COMPLAINT
    if copy.subscriber_id is None or copy.address_key is None or not concerned:
        return bounce_id, effect
    return bounce_id, _follow(session, bounce_id, copy, report.kind, weight, rules, now)


def _is_of(copy: Copy, judged: Judged, written: str) -> bool | None:
    """Whether a mail is about the address that the person has now; None if it does not tell.

    Who has another address since the letter left must not lose that one. Neither must somebody
    whose mailbox passes letters on to an address that is gone: such a mail names only that one.
    """
    now_called = copy.email.casefold()
    named = {judged.recipient.address.casefold(), judged.recipient.original.casefold()}
    if now_called in named:
        return True
    if written and written.casefold() != now_called:
        return False
    # A complaint's address is taken out on purpose; the token is enough.
    return True if named == {""} else None


def _follow(
    session: Session,
    bounce_id: int,
    copy: Copy,
    kind: Kind,
    weight: Weight,
    rules: BounceRules,
    now: datetime,
) -> Effect:
    assert copy.address_key is not None
    assert copy.subscriber_id is not None
    reason = SuppressionReason.HARD_BOUNCE
    if kind is Kind.COMPLAINT:
        reason = SuppressionReason.COMPLAINT
    elif weight in _COUNTED and deciding.was_taken_back(session, copy.id):
        return deciding.leave_taken_back(session, bounce_id)
    elif weight in _COUNTED and _is_in_a_burst(session, copy, now):
        held = weight is Weight.CERTAIN
        return deciding.mark(session, bounce_id, Effect.HELD if held else Effect.UNDONE)
    elif not _is_enough(session, copy.subscriber_id, bounce_id, weight, rules, now):
        return Effect.NONE
    optout.suppress(
        session,
        address_key=copy.address_key,
        reason=reason,
        source=deciding.source_of(copy.campaign_id, bounce_id),
        now=now,
    )
    return deciding.mark(session, bounce_id, Effect.SUPPRESSED)


def _is_in_a_burst(session: Session, copy: Copy, now: datetime) -> bool:
    """Whether the copy's provider is in a burst by now; a burst that begins is held."""
    if deciding.holds(session, copy.campaign_id, copy.provider):
        return True
    found = burst(session, copy.campaign_id)
    if found is None:
        return False
    deciding.hold(session, copy.campaign_id, found, now)
    return found.provider in (WHOLE, copy.provider)


def _is_enough(
    session: Session,
    subscriber_id: int,
    bounce_id: int,
    weight: Weight,
    rules: BounceRules,
    now: datetime,
) -> bool:
    match weight:
        case Weight.CERTAIN:
            return True
        case Weight.LIKELY:
            return repeated.is_second(session, subscriber_id, bounce_id, rules, now)
        case Weight.TEMPORARY if rules.suppress_stale:
            return repeated.is_stale(session, subscriber_id, rules, now)
    return False
