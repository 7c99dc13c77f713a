"""Takes in mails that came back: each is kept, tied to its copy, and followed.

A delivery's status never changes here: *sent* stays sent. Only an address that is certainly gone,
or whose owner complained, is suppressed at once; a burst is held for a person.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from mailer.bounces import following, keeping
from mailer.bounces.mail import opened
from mailer.bounces.reading import read_mail
from mailer.bounces.report import (
    Kind,
    Report,
)
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import is_our_own, whose, written_to
from mailer.links import FIRST_NUMBER
from mailer.models import Bounce, BounceMail, Delivery, Effect, Notice, Status
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from subscribers.models import Subscriber
from subscribers.upsert import insert_into

log = logging.getLogger("pli.bounces")

MOST_OF_ONE = 10
"""Mails of one kind that are kept of one copy: a server that repeats itself is heard no more."""
_RECORDED = {Kind.FAILURE, Kind.DELAY, Kind.SUCCESS, Kind.COMPLAINT, Kind.LEAVE}


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


class Arrival(NamedTuple):
    """Something that came back, and what it says.

    `number` is the delivery or notice that it is about, None if it carries no token of ours.
    `written` is the address that the letter was written to, "" if that is not told.
    """

    raw: bytes
    came_to: str
    door: str
    report: Report
    number: int | None
    written: str = ""


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
    mail = opened(raw)
    report = read_mail(mail)
    owner = None if is_our_own(mail, tokens) else whose(mail, came_to, report.envelope_id, tokens)
    number = owner.number if owner else None
    arrival = Arrival(raw, came_to, door, report, number, written_to(mail))
    return record_told(session, arrival, rules=rules, now=now)


def record_told(
    session: Session, arrival: Arrival, *, rules: BounceRules = USUAL, now: datetime
) -> Came:
    """The same of what is read already: a relay's event, which is no mail."""
    # A command's argument may be any octets.
    came_to = arrival.came_to.encode("utf-8", "replace").decode()
    report, number = arrival.report, arrival.number
    digest = hashlib.sha256(arrival.raw).digest()
    known, heard = session.execute(
        select(
            select(BounceMail.id).where(BounceMail.digest == digest).scalar_subquery(),
            select(func.count())
            .where(BounceMail.number == number, BounceMail.kind == report.kind.value)
            .scalar_subquery(),
        )
    ).one()
    if known is not None:
        return Came(known, False, report.kind, number)
    if number is not None and heard >= MOST_OF_ONE:
        log.info("bounce.repeated", extra={"number": number})
        return Came(None, False, report.kind, number)
    copy = following.copy_of(session, number)
    # Of somebody who is erased nothing is kept but the fact.
    erased = copy is not None and copy.subscriber_id is None
    spoken_of = "" if number is not None else _spoken_of(report)
    subscriber_id = copy.subscriber_id if copy else _with_address(session, spoken_of)
    mail_id = session.execute(
        insert_into(session, BounceMail)
        .values(
            digest=digest,
            at=now,
            door=arrival.door[:16],
            came_to=came_to[:320],
            kind=report.kind.value,
            how=report.how.value,
            number=number,
            subscriber_id=subscriber_id,
            address=spoken_of,
            note="" if erased else report.note,
            raw=keeping.packed(b"" if erased else arrival.raw),
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
    bounce_id, effect = following.record(
        session,
        mail_id=mail_id,
        copy=copy,
        written=arrival.written,
        report=report,
        rules=rules,
        now=now,
    )
    return Came(mail_id, True, report.kind, number, bounce_id, effect)


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
    copy = following.copy_of(session, latest)
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
    bounce_id, effect = following.record(
        session,
        mail_id=mail_id,
        copy=copy,
        written=written_to(mail),
        report=report,
        rules=rules,
        now=now,
    )
    return Came(mail_id, True, report.kind, copy.id, bounce_id, effect)


def delete_old_mails(session: Session, *, before: datetime) -> int:
    """Delete the mails that came in before; what follows from them stays; how many."""
    done = session.execute(delete(BounceMail).where(BounceMail.at < before))
    assert isinstance(done, CursorResult)
    return done.rowcount


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
    judged = following.main(report)
    bounce = Bounce(
        **following.told(report, judged, judged.verdict.weight),
        mail_id=mail_id,
        notice_id=notice_id,
        at=now,
        effect=Effect.NONE,
        counts=False,
    )
    session.add(bounce)
    session.flush()
    return Came(mail_id, True, report.kind, number, bounce.id)
