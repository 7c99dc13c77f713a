"""Answers that call a recipient unknown: single ones bar an address, a burst of them bars nobody.

A relay whose table of mailboxes is gone calls everybody unknown. So each such answer waits. When
its campaign ends, the addresses refused with 5.1.1 at RCPT are suppressed. If the answers come in a
burst, the campaign pauses instead, and a person decides.

What is known of a burst stands in the tables, so that several workers see it together: each answer
is kept with the number of other answers that its worker had since the one before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.ledger import balance
from mailer.ledger.answers import is_like, matching
from mailer.ledger.rows import LeasedBatch
from mailer.models import Attempt, Campaign, Delivery, Stage, Status, UnknownUser
from mailer.outcomes import Kind, Result, calls_unknown, is_gone
from mailer.providers import WHOLE
from mailer.refusals import LATEST
from pli.actor import NOBODY, Actor
from pli.language import N_, Sentence, say
from subscribers import optout
from subscribers.models import Subscriber, Suppression, SuppressionReason

LEAST = 10
SHARE = 0.2
"""A burst: so many of the last answers of a relay, or of a provider behind it, and this share."""
SOURCE = "5.1.1 at RCPT"
"""How the source of a suppression begins that an answer caused."""
_LOOKED_AT = 500


class Others(NamedTuple):
    """How many other answers came since the last one that called a recipient unknown."""

    of_relay: int = 0
    of_provider: int = 0


NONE = Others()


@dataclass(slots=True)
class Counting:
    """One worker's count of the answers of a campaign between those that call somebody unknown.

    A process that starts knows nothing of the answers before. Then somebody unknown weighs more
    than before, so at worst a person is asked once too often, and nobody is barred for it.
    """

    _since: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(
        self, relay: str, provider: str, results: Sequence[Result]
    ) -> Mapping[int, Others] | None:
        """Count a window's answers; for each that calls somebody unknown, the others before it.

        None if there is no such answer: then a window costs two additions.
        """
        keys = (relay, WHOLE), (relay, provider)
        if not any(it.outcome.kind is Kind.FAILED for it in results):
            for key in keys:
                self._since[key] += len(results)
            return None
        found: dict[int, Others] = {}
        for it in results:
            if calls_unknown(it.outcome):
                found[it.delivery_id] = Others(*(self._since.pop(key, 0) for key in keys))
            elif it.outcome.code:
                for key in keys:
                    self._since[key] += 1
        return found or None


@dataclass(frozen=True, slots=True)
class Burst:
    """Too many of the last answers called a recipient unknown; `provider` WHOLE: of the relay."""

    relay: str
    provider: str
    unknown: int
    answers: int
    code: int = 0
    text: str = ""

    def tell(self) -> Sentence:
        """Why the campaign pauses, in the relay's words, and what to do."""
        whose = self.relay if self.provider == WHOLE else f"{self.relay} ({self.provider})"
        return say(
            N_(
                "{unknown} of the last {answers} recipients were called unknown by {relay}, which "
                "looks like a fault there: “{code} {text}”: nobody is barred for that until you "
                "say so: ask the relay's operator first"
            ),
            unknown=self.unknown,
            answers=self.answers,
            relay=whose,
            code=self.code,
            text=answer_words.without_addresses(self.text),
        )


def note(
    session: Session,
    batch: LeasedBatch,
    results: Sequence[Result],
    *,
    relay: str,
    others: Mapping[int, Others],
) -> bool:
    """Keep the answers that call a recipient unknown; whether there were any."""
    unknown = [it for it in results if calls_unknown(it.outcome)]
    if not unknown:
        return False
    session.execute(
        insert(UnknownUser),
        [
            {
                "campaign_id": batch.campaign_id,
                "delivery_id": it.delivery_id,
                "relay": relay,
                "provider": batch.provider,
                "others": others.get(it.delivery_id, NONE).of_relay,
                "others_of_provider": others.get(it.delivery_id, NONE).of_provider,
                "bars": is_gone(it.outcome),
            }
            for it in unknown
        ],
    )
    return True


def burst(session: Session, campaign_id: int) -> Burst | None:
    """Whether the last answers of a relay, or of a provider behind it, are a burst."""
    rows = session.execute(
        select(
            UnknownUser.delivery_id,
            UnknownUser.relay,
            UnknownUser.provider,
            UnknownUser.others,
            UnknownUser.others_of_provider,
        )
        .where(UnknownUser.campaign_id == campaign_id)
        .order_by(UnknownUser.id.desc())
        .limit(_LOOKED_AT)
    ).all()
    if len(rows) < LEAST:
        return None
    for relay in dict.fromkeys(row.relay for row in rows):
        of_relay = [row for row in rows if row.relay == relay]
        if found := _judged(relay, WHOLE, [row.others for row in of_relay]):
            return _in_words(session, found, of_relay[0].delivery_id)
        for provider in dict.fromkeys(row.provider for row in of_relay):
            of_provider = [row for row in of_relay if row.provider == provider]
            others = [row.others_of_provider for row in of_provider]
            if found := _judged(relay, provider, others):
                return _in_words(session, found, of_provider[0].delivery_id)
    return None


def _judged(relay: str, provider: str, others: Iterable[int]) -> Burst | None:
    """Whether too many of the last answers called somebody unknown; the latest first."""
    unknown = answers = 0
    for it in others:
        if answers >= LATEST:
            break
        unknown += 1
        answers = min(LATEST, answers + 1 + it)
    if unknown < max(LEAST, SHARE * answers):
        return None
    return Burst(relay, provider, unknown, answers)


def _in_words(session: Session, found: Burst, delivery_id: int) -> Burst:
    row = session.execute(
        select(Attempt.reply_code, Attempt.reply_text)
        .where(Attempt.delivery_id == delivery_id)
        .order_by(Attempt.number.desc())
        .limit(1)
    ).one_or_none()
    code, text = row if row else (0, "")
    return Burst(found.relay, found.provider, found.unknown, found.answers, code or 0, text)


def undecided(session: Session, campaign_id: int) -> bool:
    """Whether a burst waits for a person: it is one now, or it paused the campaign."""
    reason = session.scalar(select(Campaign.reason).where(Campaign.id == campaign_id))
    paused_for_it = "unknown" in (reason or {}).get("values", {})
    return paused_for_it or burst(session, campaign_id) is not None


def waiting(session: Session, campaign_id: int) -> int:
    """How many addresses would be suppressed if the answers that wait were believed."""
    return len(set(session.scalars(_waiting(campaign_id))))


def bar(session: Session, campaign_id: int, now: datetime, by: Actor = NOBODY) -> int:
    """Believe the answers that wait: suppress the addresses refused with 5.1.1; how many."""
    barred = _bar_waiting(session, campaign_id, now, by)
    let_go(session, campaign_id)
    return barred


def let_go(session: Session, campaign_id: int) -> None:
    """Do not wait any longer: what was not barred by now is barred only if a person asks for it."""
    session.execute(
        delete(UnknownUser)
        .where(UnknownUser.campaign_id == campaign_id)
        .execution_options(synchronize_session=False)
    )


def forget_tried_again(session: Session, campaign_id: int) -> None:
    """Forget the answers to copies that wait to be tried again: only the next answer counts."""
    waits = exists().where(
        Delivery.id == UnknownUser.delivery_id, Delivery.status == Status.PENDING
    )
    session.execute(
        delete(UnknownUser)
        .where(UnknownUser.campaign_id == campaign_id, waits)
        .execution_options(synchronize_session=False)
    )


def conclude(
    session: Session, campaign_id: int, now: datetime, *, disbelieved: bool = False
) -> None:
    """A campaign is over: single answers are believed now, those of a burst are not.

    `disbelieved`: it was paused for a burst before. The answers are kept, and bar nobody any more:
    others may still come from the wire, and a burst that goes on in small parts is one burst.
    """
    if not disbelieved and not undecided(session, campaign_id):
        _bar_waiting(session, campaign_id, now)
    session.execute(
        update(UnknownUser)
        .where(UnknownUser.campaign_id == campaign_id, UnknownUser.bars)
        .values(bars=False)
        .execution_options(synchronize_session=False)
    )


def bar_all(
    session: Session, *, campaign_id: int, reply: str, by: Actor = NOBODY, now: datetime
) -> int:
    """Suppress each address that a campaign's relay refused with 5.1.1 at last; how many."""
    refused = refused_as_unknown(campaign_id, reply).where(*_AT_LAST)
    return _bar(session, refused, campaign_id, now, by)


def refused_as_unknown(campaign_id: int, reply: str = "") -> Select[bytes]:
    """The addresses (their keys) that were refused with 5.1.1 at RCPT in a campaign.

    `reply` narrows them to those whose answer matches it (ledger/answers.py).
    """
    return _refused_addresses(reply).where(Delivery.campaign_id == campaign_id)


def is_barred(subscriber_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """Whether the address of a person is suppressed by an answer, of any campaign."""
    return exists().where(
        Subscriber.id == subscriber_id,
        Suppression.address_key == Subscriber.address_key,
        optout.bounced(SOURCE),
    )


async def barred_by(session: AsyncSession, campaign_id: int) -> int:
    """How many addresses are suppressed that were refused with 5.1.1 in this campaign."""
    refused_here = exists().where(
        Subscriber.address_key == Suppression.address_key,
        Delivery.subscriber_id == Subscriber.id,
        # + 0: from the few suppressed to their copies; else the whole campaign is walked.
        Delivery.campaign_id + 0 == campaign_id,
        Attempt.delivery_id == Delivery.id,
        *_refused(),
    )
    counted = select(func.count()).select_from(Suppression)
    return await session.scalar(counted.where(optout.bounced(SOURCE), refused_here)) or 0


async def barred_among_failed(session: AsyncSession, campaign_id: int, reply: str = "") -> int:
    """How many failed copies of a campaign are to addresses that an answer suppressed."""
    counted = (
        select(func.count())
        .select_from(Delivery)
        .where(balance.rows_of(campaign_id, Status.FAILED), is_barred(Delivery.subscriber_id))
    )
    return await session.scalar(counted.where(matching(reply)) if reply else counted) or 0


def _refused(reply: str = "") -> Iterator[ColumnElement[bool]]:
    yield Attempt.outcome == Kind.FAILED.value
    yield Attempt.stage == Stage.RCPT
    yield Attempt.enhanced_code == "5.1.1"
    if reply:
        yield is_like(Attempt, reply)


_AT_LAST = (Attempt.number == Delivery.attempts, Delivery.status != Status.SENT)
"""No later answer, and no log, contradicts this one."""


def _refused_addresses(reply: str = "") -> Select[bytes]:
    return (
        select(Subscriber.address_key)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(Attempt, Attempt.delivery_id == Delivery.id)
        .where(*_refused(reply))
    )


def _waiting(campaign_id: int) -> Select[bytes]:
    return (
        _refused_addresses()
        .join(UnknownUser, UnknownUser.delivery_id == Delivery.id)
        .where(UnknownUser.campaign_id == campaign_id, UnknownUser.bars, *_AT_LAST)
    )


def _bar_waiting(session: Session, campaign_id: int, now: datetime, by: Actor = NOBODY) -> int:
    return _bar(session, _waiting(campaign_id), campaign_id, now, by)


def _bar(
    session: Session, addresses: Select[bytes], campaign_id: int, now: datetime, by: Actor
) -> int:
    return optout.suppress_many(
        session,
        address_keys=addresses,
        reason=SuppressionReason.HARD_BOUNCE,
        source=_source(campaign_id),
        by=by,
        now=now,
    )


def _source(campaign_id: int) -> str:
    return f"{SOURCE}, campaign {campaign_id}"
