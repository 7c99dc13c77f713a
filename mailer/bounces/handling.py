"""What follows from an answer: the only writer of Bounce and BounceMail, with `deciding`.

A delivery's status never changes here: *sent* stays sent. Only an address that is certainly gone,
or whose owner complained, is suppressed at once; a burst is held for a person.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.bounces import deciding, keeping, repeated
from mailer.bounces.burst import burst
from mailer.bounces.judging import judge
from mailer.bounces.mail import Mail, opened
from mailer.bounces.reading import read_mail
from mailer.bounces.report import (
    Action,
    How,
    Judged,
    Kind,
    Reason,
    Recipient,
    Report,
    Stage,
    Verdict,
    Weight,
)
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import is_our_own, whose, written_to
from mailer.links import FIRST_NUMBER
from mailer.models import Batch, Bounce, BounceMail, Delivery, Effect, Notice, Status
from mailer.models import Stage as SessionStage
from mailer.outcomes import Result, calls_unknown, is_gone
from mailer.providers import WHOLE
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from subscribers import optout
from subscribers.models import Subscriber, SuppressionReason
from subscribers.upsert import insert_into

log = logging.getLogger("pli.bounces")

MOST_OF_ONE = 10
"""Mails that are kept of one copy: a server that repeats itself is heard no more."""
_RECORDED = {Kind.FAILURE, Kind.DELAY, Kind.SUCCESS, Kind.COMPLAINT, Kind.LEAVE}
_COUNTED = (Weight.CERTAIN, Weight.LIKELY)


class ClaimError(PliError):
    """A mail cannot be tied to that person."""


class Came(NamedTuple):
    """What became of a mail that came in: whether it was new, of which copy, and what followed."""

    mail_id: int | None
    new: bool
    kind: Kind
    number: int | None = None
    bounce_id: int | None = None
    effect: Effect = Effect.NONE


@dataclass(frozen=True, slots=True)
class _Copy:
    """The copy that a mail is about, with what is known of its person now."""

    id: int
    campaign_id: int
    subscriber_id: int | None
    provider: str
    email: str
    address_key: bytes | None


def record(
    session: Session,
    *,
    raw: bytes,
    came_to: str,
    door: str,
    tokens: Tokens,
    rules: BounceRules = USUAL,
    now: datetime,
) -> Came:
    """Keep a mail that came back, and do what follows from it; the same mail again does nothing.

    `came_to` is the address of its envelope; `door` names the way by which it came in.
    """
    digest = hashlib.sha256(raw).digest()
    mail = opened(raw)
    report = read_mail(mail)
    owner = None if is_our_own(mail, tokens) else whose(mail, came_to, report.envelope_id, tokens)
    number = owner.number if owner else None
    known, heard = session.execute(
        select(
            select(BounceMail.id).where(BounceMail.digest == digest).scalar_subquery(),
            select(func.count()).where(BounceMail.number == number).scalar_subquery(),
        )
    ).one()
    if known is not None:
        return Came(known, False, report.kind, number)
    if heard >= MOST_OF_ONE:
        log.info("bounce.repeated", extra={"number": number})
        return Came(None, False, report.kind, number)
    copy = _copy(session, number)
    spoken_of = "" if owner else _spoken_of(report)
    subscriber_id = copy.subscriber_id if copy else _with_address(session, spoken_of)
    mail_id = session.execute(
        insert_into(session, BounceMail)
        .values(
            digest=digest,
            at=now,
            door=door,
            came_to=came_to[:320],
            kind=report.kind.value,
            how=report.how.value,
            number=number,
            subscriber_id=subscriber_id,
            address=spoken_of,
            note=report.note,
            raw=keeping.packed(raw),
        )
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(BounceMail.id)
    ).scalar_one_or_none()
    if mail_id is None:  # another process reads the same mail at this moment
        return Came(None, False, report.kind, number)
    if number is None or report.kind not in _RECORDED:
        log.info("bounce.kept", extra={"mail": mail_id, "kind": report.kind.value})
        return Came(mail_id, True, report.kind, number)
    if copy is None:
        return _of_a_notice(session, mail_id, number, report, now)
    return _of_a_copy(session, mail_id, number, copy, mail, report, rules, now)


def claim(
    session: Session,
    *,
    mail_id: int,
    subscriber_id: int,
    by: Actor,
    rules: BounceRules = USUAL,
    now: datetime,
) -> Came:
    """Tie a mail without a token to a person's latest copy, because a person says so.

    Raises ClaimError: there is no such mail, it is tied already, or no copy ever left to them.
    """
    kept = session.execute(
        select(BounceMail.raw, BounceMail.number, BounceMail.kind)
        .where(BounceMail.id == mail_id)
        .with_for_update()
    ).one_or_none()
    if kept is None:
        raise ClaimError(N_("there is no mail {number} without a copy"), number=mail_id)
    tied = session.scalar(select(Bounce.id).where(Bounce.mail_id == mail_id).limit(1))
    if kept.number is not None or tied is not None:
        raise ClaimError(N_("mail {number} belongs to a copy already"), number=mail_id)
    mail = opened(keeping.unpacked(kept.raw))
    report = read_mail(mail)
    if report.kind not in (Kind.FAILURE, Kind.COMPLAINT):
        raise ClaimError(N_("mail {number} is no failure, and no complaint"), number=mail_id)
    latest = session.scalar(
        select(func.max(Delivery.id)).where(
            Delivery.subscriber_id == subscriber_id, Delivery.status == Status.SENT
        )
    )
    copy = _copy(session, latest)
    if copy is None:
        raise ClaimError(N_("no copy ever left to that person"))
    session.execute(
        update(BounceMail).where(BounceMail.id == mail_id).values(subscriber_id=subscriber_id)
    )
    audit.record(
        session,
        by=by,
        action=AuditAction.BOUNCE_CLAIMED,
        kind=AuditObject.PERSON,
        object_id=subscriber_id,
        why=f"mail {mail_id}",
        now=now,
    )
    return _of_a_copy(session, mail_id, copy.id, copy, mail, report, rules, now)


def record_refusals(
    session: Session,
    *,
    campaign_id: int,
    provider: str,
    failed: Sequence[Result],
    now: datetime,
) -> bool:
    """Keep the refusals of a session that are about recipients; whether any calls them unknown.

    5.1.1 at RCPT suppresses when the campaign ends. A relay's words alone do not: what they say is
    a filter's work often enough.
    """
    rows = []
    for it in failed:
        verdict = _of_a_session(it)
        counts = calls_unknown(it.outcome)
        if not counts and verdict.reason not in (Reason.FULL, Reason.DISABLED, Reason.MOVED):
            continue
        waits = counts and verdict.weight is Weight.CERTAIN
        rows.append(
            {
                "delivery_id": it.delivery_id,
                "campaign_id": campaign_id,
                "provider": provider,
                "at": now,
                "action": Action.FAILED.value,
                "reason": verdict.reason.value,
                "weight": verdict.weight.value,
                "status": it.outcome.enhanced or "",
                "diagnostic": answer_words.without_addresses(it.outcome.text),
                "remote": "",
                "how": How.SESSION.value,
                "effect": Effect.WAITING if waits else Effect.NONE,
                "counts": counts,
            }
        )
    if rows:
        session.execute(insert_into(session, Bounce).on_conflict_do_nothing(), rows)
    return any(it["counts"] for it in rows)


_STAGES = {
    SessionStage.RCPT: Stage.RCPT, SessionStage.DATA: Stage.DATA, SessionStage.BODY: Stage.DATA,
}  # fmt: skip


def _of_a_session(result: Result) -> Verdict:
    outcome = result.outcome
    said = f"{outcome.code or ''} {outcome.text}".strip()
    stage = _STAGES.get(outcome.stage, Stage.MAIL)
    verdict = judge(Recipient("", Action.FAILED, outcome.enhanced or "", said, stage))
    if verdict.weight is Weight.CERTAIN and not is_gone(outcome):
        return Verdict(verdict.reason, Weight.LIKELY)
    return verdict


def delete_old_mails(session: Session, *, before: datetime) -> int:
    """Delete the mails that came in before; what follows from them stays; how many."""
    done = session.execute(delete(BounceMail).where(BounceMail.at < before))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _copy(session: Session, number: int | None) -> _Copy | None:
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
    return _Copy(*row) if row else None


def _spoken_of(report: Report) -> str:
    addresses = (it.recipient.original or it.recipient.address for it in report.recipients)
    return next((it for it in addresses if it), "")[:320]


def _with_address(session: Session, address: str) -> int | None:
    """Who has an address that a mail without a token speaks of; by its small letters."""
    if not address:
        return None
    return session.scalar(select(Subscriber.id).where(Subscriber.email_folded == address.lower()))


def _of_a_notice(
    session: Session, mail_id: int, number: int, report: Report, now: datetime
) -> Came:
    """Keep what came back of a notice, or of a copy that is gone: it suppresses nobody."""
    notice_id = number - FIRST_NUMBER
    if number < FIRST_NUMBER or session.get(Notice, notice_id) is None:
        return Came(mail_id, True, report.kind, number)
    judged = _main(report)
    bounce = Bounce(
        **_told(report, judged, judged.verdict.weight),
        mail_id=mail_id,
        notice_id=notice_id,
        at=now,
        effect=Effect.NONE,
        counts=False,
    )
    session.add(bounce)
    session.flush()
    return Came(mail_id, True, report.kind, number, bounce.id)


def _main(report: Report) -> Judged:
    failed = [it for it in report.recipients if it.recipient.action is Action.FAILED]
    return (*failed, *report.recipients, _NOBODY)[0]


_NOBODY = Judged(Recipient(""), Verdict(Reason.OTHER, Weight.NONE))


def _told(report: Report, judged: Judged, weight: Weight) -> dict[str, object]:
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


def _of_a_copy(
    session: Session,
    mail_id: int,
    number: int,
    copy: _Copy,
    mail: Mail,
    report: Report,
    rules: BounceRules,
    now: datetime,
) -> Came:
    judged = report.about(copy.email) or _main(report)
    verdict = judged.verdict
    same = _is_of(copy, judged, written_to(mail))
    weight = verdict.weight
    if weight is Weight.CERTAIN and same is None:
        weight = Weight.LIKELY  # told of another address, perhaps one that it was passed on to
    counts = weight in _COUNTED and same is not False
    bounce_id = session.execute(
        insert_into(session, Bounce)
        .values(
            **_told(report, judged, weight),
            mail_id=mail_id,
            delivery_id=copy.id,
            campaign_id=copy.campaign_id,
            provider=copy.provider,
            at=now,
            effect=Effect.NONE,
            counts=counts,
        )
        .on_conflict_do_nothing()
        .returning(Bounce.id)
    ).scalar_one_or_none()
    came = Came(mail_id, True, report.kind, number, bounce_id)
    if bounce_id is None:  # told before, in another mail
        return came
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
    if copy.subscriber_id is None or copy.address_key is None or same is False:
        return came
    effect = _follow(session, bounce_id, copy, report.kind, weight, rules, now)
    return came._replace(effect=effect)


def _is_of(copy: _Copy, judged: Judged, written: str) -> bool | None:
    """Whether a mail is about the address that the person has now; None if it does not tell.

    Who has another address since the letter left must not lose that one.
    """
    now_called = copy.email.casefold()
    named = {judged.recipient.address.casefold(), judged.recipient.original.casefold()}
    if now_called in named or written.casefold() == now_called:
        return True
    if written:
        return False
    # A complaint's address is taken out on purpose; the token is enough.
    return True if named == {""} else None


def _follow(
    session: Session,
    bounce_id: int,
    copy: _Copy,
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
    elif weight in _COUNTED and _is_in_a_burst(session, copy, now):
        if weight is Weight.CERTAIN:
            return deciding.mark(session, bounce_id, Effect.HELD)
        return Effect.NONE
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


def _is_in_a_burst(session: Session, copy: _Copy, now: datetime) -> bool:
    """Whether the copy's provider is in a burst by now; a burst that begins is held."""
    if deciding.holds(session, copy.campaign_id, copy.provider, now):
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
