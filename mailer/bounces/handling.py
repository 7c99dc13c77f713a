"""Takes in mails that came back: each is kept, tied to its copy, and followed.

A delivery's status never changes here: *sent* stays sent. Only an address that is certainly gone,
or whose owner complained, is suppressed at once; a burst is held for a person.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces import following, keeping, rows
from mailer.bounces.arrivals import Arrival
from mailer.bounces.copies import Copy, copies_of
from mailer.bounces.following import Answer
from mailer.bounces.mail import opened
from mailer.bounces.reading import read_mail
from mailer.bounces.report import (
    Kind,
    Report,
)
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.whose import written_to
from mailer.links import FIRST_NUMBER
from mailer.models import Delivery, Notice, Status
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from pli.packing import among, gathered, packed_ids
from subscribers.models import Subscriber

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


def record(
    session: Session,
    arrivals: Sequence[Arrival],
    *,
    rules: BounceRules = USUAL,
    now: datetime,
) -> Sequence[Came]:
    """Keep what came back, some hundreds at most, and do what follows from it, in its order.

    The same mail again does nothing. The rows are the same as if each mail were recorded by a call
    of its own.
    """
    copies = copies_of(session, {it.number for it in arrivals if it.number is not None})
    came = _keep(session, arrivals, copies, now)
    heard = [
        (place, it, kept)
        for place, (it, kept) in enumerate(zip(arrivals, came, strict=True))
        if kept.new and it.number is not None and it.report.kind in _RECORDED
    ]
    answers = [
        (place, Answer(kept.mail_id, copies[it.number], it.written, it.report))
        for place, it, kept in heard
        if it.number in copies and kept.mail_id is not None
    ]
    followed = following.record(session, [it for _, it in answers], rules=rules, now=now)
    for (place, _), found in zip(answers, followed, strict=True):
        came[place] = came[place]._replace(bounce_id=found.bounce_id, effect=found.effect)
    notices = [(place, it, kept) for place, it, kept in heard if it.number not in copies]
    for (place, _, _), bounce_id in zip(notices, _of_notices(session, notices, now), strict=True):
        came[place] = came[place]._replace(bounce_id=bounce_id)
    return came


def _keep(
    session: Session, arrivals: Sequence[Arrival], copies: Mapping[int, Copy], now: datetime
) -> list[Came]:
    """Keep each mail that is new, and not one too many of its copy."""
    known = _known(session, arrivals)
    heard = _heard(session, arrivals)
    people = _with_addresses(session, arrivals)
    came: list[Came] = []
    places: list[int] = []
    rows_of_mails: list[dict[str, object]] = []
    # Twice among these mails: the second is known by the first.
    first: dict[bytes, int] = {}
    for place, it in enumerate(arrivals):
        came.append(Came(None, False, it.report.kind, it.number))
        if it.digest in known:
            came[place] = came[place]._replace(mail_id=known[it.digest])
        elif it.digest in first:
            pass
        elif it.number is not None and heard[it.number, it.report.kind.value] >= MOST_OF_ONE:
            log.info("bounce.repeated", extra={"number": it.number})
        else:
            heard[it.number, it.report.kind.value] += 1
            first[it.digest] = len(places)
            places.append(place)
            rows_of_mails.append(_row(it, copies, people))
    ids = rows.mails.write(session, rows_of_mails, now)
    for place, mail_id in zip(places, ids, strict=True):
        it = arrivals[place]
        # None: another process reads the same mail at this moment.
        came[place] = came[place]._replace(mail_id=mail_id, new=mail_id is not None)
        if mail_id is not None and (it.number is None or it.report.kind not in _RECORDED):
            log.info("bounce.kept", extra={"mail": mail_id, "kind": it.report.kind.value})
    return [
        kept._replace(mail_id=ids[first[it.digest]])
        if not kept.new and kept.mail_id is None and it.digest in first
        else kept
        for kept, it in zip(came, arrivals, strict=True)
    ]


def _row(
    arrival: Arrival, copies: Mapping[int, Copy], people: Mapping[str, int]
) -> dict[str, object]:
    report, number = arrival.report, arrival.number
    copy = None if number is None else copies.get(number)
    # Of somebody who is erased nothing is kept but the fact.
    erased = copy is not None and copy.subscriber_id is None
    spoken_of = "" if number is not None else _spoken_of(report)
    return {
        "digest": arrival.digest,
        "door": arrival.door[:16],
        # A command's argument may be any octets.
        "came_to": arrival.came_to.encode("utf-8", "replace").decode()[:320],
        "kind": report.kind.value,
        "how": report.how.value,
        "number": number,
        "subscriber_id": copy.subscriber_id if copy else people.get(spoken_of.lower()),
        "address": spoken_of,
        "note": "" if erased else report.note,
        "raw": keeping.packed(b"") if erased else arrival.kept,
    }


def _known(session: Session, arrivals: Sequence[Arrival]) -> dict[bytes, int]:
    """The mails among these that were kept before, by their hashes."""
    wanted = {it.digest for it in arrivals}
    rows_ = session.execute(
        select(BounceMail.digest, BounceMail.id).where(BounceMail.digest.in_(wanted))
    )
    return {row.digest: row.id for row in rows_}


def _heard(session: Session, arrivals: Sequence[Arrival]) -> Counter[tuple[int | None, str]]:
    """How many mails of each kind are kept of these copies."""
    numbers = {it.number for it in arrivals if it.number is not None}
    if not numbers:
        return Counter()
    found = json.loads(session.scalar(_HEARD, {"ids": packed_ids(sorted(numbers))}) or "[]")
    return Counter({(number, kind): n for number, kind, n in found})


_counts = (
    select(BounceMail.number, BounceMail.kind, func.count().label("n"))
    .where(BounceMail.number.in_(among("ids")))
    .group_by(BounceMail.number, BounceMail.kind)
    .subquery()
)
_HEARD = select(gathered(*_counts.c))


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
    copy = None if latest is None else copies_of(session, [latest]).get(latest)
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
    answer = Answer(mail_id, copy, written_to(mail), report)
    (found,) = following.record(session, [answer], rules=rules, now=now)
    return Came(mail_id, True, report.kind, copy.id, found.bounce_id, found.effect)


def delete_old_mails(session: Session, *, before: datetime) -> int:
    """Delete the mails that came in before; what follows from them stays; how many."""
    done = session.execute(delete(BounceMail).where(BounceMail.at < before))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _spoken_of(report: Report) -> str:
    addresses = (it.recipient.original or it.recipient.address for it in report.recipients)
    return next((it for it in addresses if it), "")[:320]


def _with_addresses(session: Session, arrivals: Sequence[Arrival]) -> dict[str, int]:
    """Who has the addresses that mails without a token speak of; by their small letters."""
    wanted = {_spoken_of(it.report).lower() for it in arrivals if it.number is None} - {""}
    if not wanted:
        return {}
    found = session.execute(
        select(Subscriber.email_folded, Subscriber.id).where(Subscriber.email_folded.in_(wanted))
    )
    return {row.email_folded: row.id for row in found}


def _of_notices(
    session: Session, heard: Sequence[tuple[int, Arrival, Came]], now: datetime
) -> Sequence[int | None]:
    """Record what came back of notices, not of copies that are gone: it suppresses nobody."""
    wanted = {it.number - FIRST_NUMBER for _, it, _ in heard if it.number is not None}
    there = set(session.scalars(select(Notice.id).where(Notice.id.in_(wanted)))) if wanted else ()
    found: list[int | None] = []
    for _, it, kept in heard:
        notice_id = (it.number or 0) - FIRST_NUMBER
        if notice_id not in there:
            found.append(None)
            continue
        judged = rows.main(it.report)
        row = rows.told(it.report, judged, judged.verdict.weight) | {
            "mail_id": kept.mail_id,
            "delivery_id": None,
            "notice_id": notice_id,
            "campaign_id": None,
            "provider": "",
            "effect": Effect.NONE.value,
            "counts": False,
        }
        found += rows.bounces.write(session, [row], now)
    return found
