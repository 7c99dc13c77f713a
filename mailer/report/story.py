"""The story of one copy in sentences: "did she get it?".

SELECT only; whoever shows a story notes it first (`viewing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.bounce_models import Bounce
from mailer.bounces import words
from mailer.bounces.report import How
from mailer.models import Attempt, Campaign, Delivery, Evidence, Status
from mailer.outcomes import Kind
from pli.errors import PliError
from pli.harmless import one_line
from pli.hours import Hour
from pli.language import N_, Sentence, say
from subscribers.address import Address
from subscribers.models import ConsentEvent, ConsentRecord, List, Subscriber

LONGEST_REPLY = 1_000


class NoStory(PliError):
    """Nothing of this sending was for this address, or there is no such campaign."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `said` is what the server said, in its own words."""

    at: datetime
    sentence: Sentence
    said: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one copy: the answer in one sentence, and what happened, in order."""

    campaign: int
    letter: int
    title: str
    delivery_id: int
    subscriber_id: int | None
    email: str
    list: str
    status: Status
    answer: Sentence
    events: Sequence[Event]


async def story(
    session: AsyncSession,
    campaign_id: int,
    *,
    address: Address,
    zone: str,
    list_ids: Collection[int] | None = None,
) -> Story:
    """The story of the copy to an address; hours in sentences are those of `zone`.

    `list_ids`: only a copy under one of these lists is there. NoStory says the same of an address
    that nobody has and of one whose copy went under another list.
    """
    is_whose = Subscriber.email_folded == address.folded
    return await _story(session, campaign_id, is_whose, address.email, zone, list_ids)


async def story_of_person(
    session: AsyncSession,
    campaign_id: int,
    *,
    person_id: int,
    zone: str,
    list_ids: Collection[int] | None = None,
) -> Story:
    """The story of the copy to a person, as `story` tells it."""
    is_whose = Subscriber.id == person_id
    return await _story(session, campaign_id, is_whose, str(person_id), zone, list_ids)


async def _story(
    session: AsyncSession,
    campaign_id: int,
    is_whose: ColumnElement[bool],
    asked: str,
    zone: str,
    list_ids: Collection[int] | None,
) -> Story:
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    row = (
        await session.execute(
            select(Delivery, Campaign, Subscriber.email, List.name)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
            .join(List, List.id == Delivery.list_id)
            .where(is_whose, Delivery.campaign_id == campaign_id, *on)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise NoStory(
            N_(
                "Campaign {id} had no copy for {address}: nobody with this address was on its "
                "lists when it was prepared, or its segment did not select that person."
            ),
            id=campaign_id,
            address=asked,
        )
    copy, campaign, email, list_name = row
    tries = (
        await session.scalars(
            select(Attempt).where(Attempt.delivery_id == copy.id).order_by(Attempt.number)
        )
    ).all()
    proofs = (
        await session.scalars(
            select(Evidence).where(Evidence.delivery_id == copy.id).order_by(Evidence.id)
        )
    ).all()
    back = (
        await session.scalars(
            select(Bounce)
            .where(Bounce.delivery_id == copy.id, Bounce.how != How.SESSION.value)
            .order_by(Bounce.id)
        )
    ).all()
    left = (
        await session.scalars(
            select(ConsentRecord)
            .where(
                ConsentRecord.subscriber_id == copy.subscriber_id,
                ConsentRecord.list_id == copy.list_id,
                ConsentRecord.event == ConsentEvent.LEFT,
            )
            .order_by(ConsentRecord.id)
        )
    ).all()
    events = [
        *_prepared(copy, campaign, list_name),
        *(_tried(it) for it in tries),
        *(Event(it.at, reasons.proof(it.source, it.status), _line(it.detail)) for it in proofs),
        *(Event(it.at, words.sentence(it.action, it.reason), _line(it.diagnostic)) for it in back),
        *(_left(it, copy, list_name) for it in left if it.at >= campaign.created_at),
    ]
    return Story(
        campaign=campaign.id,
        letter=campaign.number,
        title=campaign.title,
        delivery_id=copy.id,
        subscriber_id=copy.subscriber_id,
        email=email,
        list=list_name,
        status=copy.status,
        answer=_answer(copy, tries, bool(back), zone),
        # What happened at one time stays in this order: sorting is stable.
        events=sorted(events, key=lambda it: it.at),
    )


def _prepared(copy: Delivery, campaign: Campaign, list_name: str) -> Iterator[Event]:
    if campaign.prepared_at is None:
        return
    if copy.status is Status.EXCLUDED:
        why = reasons.sentence(copy.status, copy.reason) or ""
        yield Event(
            campaign.prepared_at,
            say(
                N_("Set aside when the sending was prepared (list {list}): {why}"),
                list=list_name,
                why=why,
            ),
        )
        return
    yield Event(campaign.prepared_at, say(N_("Prepared under the list {list}."), list=list_name))


_TRIES = {
    Kind.SENT.value: N_("Try {n}: {relay} took the copy."),
    Kind.DEFERRED.value: N_("Try {n}: {relay} put the copy off."),
    Kind.FAILED.value: N_("Try {n}: {relay} refused the copy."),
    Kind.UNCERTAIN.value: N_("Try {n}: the connection to {relay} broke before the answer came."),
}
_NO_ANSWER = N_("Try {n}: {relay} did not answer.")


def _tried(it: Attempt) -> Event:
    text = _TRIES.get(it.outcome, _NO_ANSWER)
    if it.outcome == Kind.DEFERRED.value and not it.reply_code:
        text = _NO_ANSWER
    said = f"{it.reply_code or ''} {it.reply_text}"
    return Event(it.at, say(text, n=it.number, relay=it.relay), _line(said))


def _left(it: ConsentRecord, copy: Delivery, list_name: str) -> Event:
    text = (
        N_("Left the list {list}, by the link in this copy.")
        if it.delivery_id == copy.id
        else N_("Left the list {list}.")
    )
    return Event(it.at, say(text, list=list_name))


def _answer(copy: Delivery, tries: Sequence[Attempt], came_back: bool, zone: str) -> Sentence:
    """The answer to "did she get it?", as far as one can know."""
    why = reasons.sentence(copy.status, copy.reason)
    last = tries[-1] if tries else None
    values: dict[str, Any] = {"why": why or ""}
    match copy.status:
        case Status.SENT if came_back:
            text = N_("It was sent, and came back afterwards: see below.")
        case Status.SENT if last is not None and last.outcome == Kind.SENT.value:
            text = N_(
                "Yes, as far as one can know: {relay} took this copy on {hour}. What the "
                "provider did with it after that, and whether it was read, is not measured."
            )
            values |= {"relay": last.relay, "hour": Hour(last.at, zone)}
        case Status.SENT:
            text = N_("Yes, as far as one can know: what was found out later shows that it left.")
        case Status.PENDING if copy.next_attempt_at is not None and tries:
            text = N_("Not yet: it was put off, and is tried again from {hour} on.")
            values |= {"hour": Hour(copy.next_attempt_at, zone)}
        case Status.PENDING:
            text = N_("Not yet: this copy waits for its turn.")
        case Status.SENDING:
            text = N_("Just now: this copy is in work.")
        case Status.UNCERTAIN:
            text = N_("Nobody can know. {why}")
        case _:
            text = N_("No. {why}")
    return say(text, **values)


def _line(text: str) -> str:
    return one_line(text, LONGEST_REPLY)
