"""Orders a sending: refuses a letter that would go out twice, else makes, prepares and starts it.

Every entrance (the terminal, the pages) calls these verbs, so that all refuse the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.campaign import addressees, freezing, lifecycle, list_lock, scheduling, unfinished
from mailer.campaign.addressees import NOBODY_ASIDE, Aside
from mailer.campaign.finding import UNFINISHED, find_campaign, lists_of
from mailer.campaign.policy import SendingPolicy
from mailer.campaign.sending_hours import SendingHours
from mailer.letter.snapshot import Frozen
from mailer.models import Audience, Batch, Campaign, CampaignList, CampaignState
from pli.actor import Actor
from pli.errors import PliError
from pli.hours import Hour
from pli.language import N_, Sentence, say


class OrderError(PliError):
    """This sending is refused."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent to whom.

    `go_on_with` is the unfinished campaign for the same letter, lists and rule, if there is one.
    None as `retry_delays` (seconds) or `hours` means those of the policy. They hold for a new
    campaign; an unfinished campaign keeps its own retry delays.
    """

    frozen: Frozen
    list_ids: Sequence[int]
    segment: str
    rule: str
    audience: Audience
    go_on_with: int | None
    retry_delays: Sequence[float] | None = None
    hours: SendingHours | None = None
    aside: Aside = NOBODY_ASIDE


@dataclass(frozen=True, slots=True)
class Prepared:
    """A campaign whose copies are written, and how many copies wait to be sent."""

    campaign_id: int
    waiting: int


async def order(
    session: AsyncSession,
    *,
    frozen: Frozen,
    list_names: Sequence[str],
    segment: str = "",
    without_lists: Sequence[str] = (),
    without_segments: Sequence[str] = (),
    again: Audience | None = None,
    retry_delays: Sequence[float] | None = None,
) -> Order:
    """Make an order of what a person asks for; refused if the letter would go out twice.

    `segment` and each of `without_segments` are a saved name or a rule. `again` says who gets a
    letter that was sent already.
    """
    to = await addressees.chosen(
        session,
        list_names=list_names,
        segment=segment,
        without_lists=without_lists,
        without_segments=without_segments,
        audience=again or Audience.FIRST,
    )
    asked = Order(
        frozen,
        to.list_ids,
        to.segment,
        to.rule,
        to.audience,
        None,
        retry_delays,
        aside=to.aside,
    )
    return replace(asked, go_on_with=await _to_go_on_with(session, asked))


def refuse_what_is_there(order: Order) -> None:
    """Refuse to make a new campaign if an unfinished one is there for the same people."""
    if order.go_on_with is not None:
        raise OrderError(
            N_(
                'campaign {id} is there for just that: the same "pli send" goes on with it at '
                'once, "pli campaign cancel {id}" gives it up'
            ),
            id=order.go_on_with,
        )


def refuse_unseen(order: Order, policy: SendingPolicy) -> None:
    """Refuse an order that sends by itself if a second person must approve each campaign."""
    if policy.second_person and order.go_on_with is None:
        raise OrderError(
            N_('a second person must approve it: "pli campaign create", then "approve" and "start"')
        )


async def create(
    session: AsyncSession,
    *,
    order: Order,
    policy: SendingPolicy,
    draft_id: int | None = None,
    wrote: Collection[str] = (),
    by: Actor,
    now: datetime,
) -> int:
    """Make a draft of what was ordered; the campaign's id. `by` is its maker.

    `draft_id` is the manuscript of which the letter was frozen, `wrote` who wrote that.
    """
    await _still_as_ordered(session, order)
    campaign = await freezing.create(
        session,
        frozen=order.frozen,
        list_ids=order.list_ids,
        segment=order.segment,
        rule=order.rule,
        audience=order.audience,
        aside=order.aside,
        draft_id=draft_id,
        wrote=wrote,
        token_key=policy.token_key,
        retry_delays=policy.retry_delays if order.retry_delays is None else order.retry_delays,
        resend_uncertain=policy.resend_uncertain,
        hours=order.hours or policy.hours,
        by=by,
        now=now,
    )
    return campaign.id


async def schedule(
    session: AsyncSession,
    *,
    order: Order,
    policy: SendingPolicy,
    at: Hour,
    by: Actor,
    now: datetime,
) -> int:
    """Make a campaign of what was ordered, which starts by itself at an hour; its id.

    Refused if nobody may receive the letter now.
    """
    refuse_unseen(order, policy)
    refuse_what_is_there(order)
    async with session.begin_nested() as tried:
        await prepare(session, order=order, policy=policy, by=by, now=now)
        await tried.rollback()
    campaign_id = await create(session, order=order, policy=policy, by=by, now=now)
    await scheduling.schedule(session, campaign_id=campaign_id, at=at.moment, zone=at.zone, by=by)
    return campaign_id


async def prepare(
    session: AsyncSession, *, order: Order, policy: SendingPolicy, by: Actor, now: datetime
) -> Prepared:
    """Write the copies of what was ordered, in a new campaign or in the unfinished one."""
    campaign_id = order.go_on_with
    if campaign_id is None:
        campaign_id = await create(session, order=order, policy=policy, by=by, now=now)
    else:
        await _still_as_ordered(session, order)
    await lifecycle.prepare(
        session,
        campaign_id=campaign_id,
        batch_size=policy.batch_size,
        providers=policy.providers,
        now=now,
    )
    waiting = await session.scalar(
        select(func.sum(Batch.pending)).where(Batch.campaign_id == campaign_id)
    )
    return Prepared(campaign_id, int(waiting or 0))


async def release(
    session: AsyncSession, *, order: Order, policy: SendingPolicy, by: Actor, now: datetime
) -> int:
    """Prepare and start a campaign, or go on with the unfinished one; the campaign's id."""
    refuse_unseen(order, policy)
    campaign_id = (await prepare(session, order=order, policy=policy, by=by, now=now)).campaign_id
    if order.go_on_with is not None and order.hours is not None:
        await scheduling.set_hours(session, campaign_id=campaign_id, hours=order.hours, by=by)
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign)
    if campaign.state is CampaignState.PAUSED:
        if SendingHours.of(campaign).over(now):
            raise OrderError(
                N_(
                    "campaign {id} is paused since its end has passed: "
                    '"pli campaign resume {id}" goes on without it'
                ),
                id=campaign_id,
            )
        await lifecycle.resume(session, campaign_id=campaign_id, by=by)
    elif campaign.state is CampaignState.PREPARED:
        await lifecycle.start(
            session, campaign_id=campaign_id, second_person=policy.second_person, by=by, now=now
        )
    return campaign_id


async def precedents(
    session: AsyncSession, *, number: int, list_ids: Sequence[int]
) -> Sequence[Campaign]:
    """Earlier campaigns of the letter with this number to any of these lists, oldest first.

    A campaign that was cancelled before any copy left, or could have left, is no precedent.
    """
    to_lists = exists().where(
        CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
    )
    something_left = exists().where(
        Batch.campaign_id == Campaign.id,
        Batch.sending + Batch.sent + Batch.failed + Batch.uncertain > 0,
    )
    found = await session.execute(
        select(Campaign)
        .where(
            Campaign.number == number,
            to_lists,
            (Campaign.state != CampaignState.CANCELLED) | something_left,
        )
        .order_by(Campaign.id)
    )
    return found.scalars().all()


async def refuse_a_double(session: AsyncSession, campaign: Campaign) -> None:
    """Refuse to let a draft go whose letter went out meanwhile, or whose number has another text.

    Raises OrderError; a campaign for people who had no copy, or for all, may follow another one.
    """
    list_ids = await lists_of(session, campaign_id=campaign.id)
    earlier = [
        it
        for it in await precedents(session, number=campaign.number, list_ids=list_ids)
        if it.id != campaign.id
    ]
    others = [it for it in earlier if it.letter_hash != campaign.letter_hash]
    if others:
        raise OrderError.listing(
            say(
                N_("campaign {id} has the number {number}, too, with another text ({state})"),
                id=it.id,
                number=it.number,
                state=reasons.state(it.state),
            )
            for it in others
        )
    if earlier and campaign.audience is Audience.FIRST:
        raise OrderError(
            N_("campaign {id} is of the same letter to the same lists ({state})"),
            id=earlier[-1].id,
            state=reasons.state(earlier[-1].state),
        )


async def _still_as_ordered(session: AsyncSession, order: Order) -> None:
    """Ask again, under the lock, whether the letter would go out twice.

    Another process may have made a campaign since the order was read.
    """
    await list_lock.lock_lists(session, order.list_ids)
    campaign_id = await _to_go_on_with(session, order)
    if campaign_id != order.go_on_with:
        raise OrderError(
            N_("campaign {id} of letter {number} was made meanwhile: look at it first"),
            id=campaign_id,
            number=order.frozen.letter.number,
        )


async def _to_go_on_with(session: AsyncSession, order: Order) -> int | None:
    """The unfinished campaign for the same order; OrderError if the letter would go out twice."""
    number = order.frozen.letter.number
    earlier = await precedents(session, number=number, list_ids=order.list_ids)
    await _refuse_another_text(session, order, earlier)
    for campaign in reversed(earlier):
        if campaign.state not in UNFINISHED or campaign.rule != order.rule:
            continue
        if Aside.of(campaign.aside) != order.aside:
            continue
        if await lists_of(session, campaign_id=campaign.id) == list(order.list_ids):
            return campaign.id
    if earlier and order.audience is Audience.FIRST:
        last = earlier[-1]
        if last.state in UNFINISHED:
            raise OrderError(
                N_(
                    "letter {number} has the unfinished campaign {id} for others of these lists: "
                    '{have_it}; {ways}; "--again new" sends it to those who are not in it'
                ),
                number=number,
                id=last.id,
                have_it=(await unfinished.reached(session, last.id)).tell(),
                ways=unfinished.ways(last),
            )
        when = last.finished_at or last.started_at or last.created_at
        raise OrderError(
            N_(
                "letter {number} was sent in campaign {id} on {date}: "
                '"--again new" sends it to those who had none, "--again all" to everybody'
            ),
            number=number,
            id=last.id,
            date=when.astimezone().strftime("%Y-%m-%d %H:%M"),
        )
    return None


async def _refuse_another_text(
    session: AsyncSession, order: Order, earlier: Sequence[Campaign]
) -> None:
    """Refuse a letter if an earlier campaign has its number with another text.

    Unfinished campaigns are told first, all of them: the person who stopped one may not know that
    its copies still wait.
    """
    others = [it for it in earlier if it.letter_hash != order.frozen.letter_hash]
    waiting = [it for it in others if it.state in UNFINISHED]
    if waiting:
        raise OrderError.listing([await _waits_with_another_text(session, it) for it in waiting])
    for campaign in others:
        raise OrderError(
            N_(
                "letter {number} was sent with another text in campaign {id}: "
                "give this one a number of its own"
            ),
            number=campaign.number,
            id=campaign.id,
        )


async def _waits_with_another_text(session: AsyncSession, campaign: Campaign) -> Sentence:
    reached = await unfinished.reached(session, campaign.id)
    told = {"number": campaign.number, "id": campaign.id, "ways": unfinished.ways(campaign)}
    if not reached.left:
        return say(
            N_(
                "campaign {id} has letter {number} with another text, is unfinished, and nobody "
                "has it: {ways}; once it is given up, this one can go"
            ),
            **told,
        )
    return say(
        N_(
            "letter {number} was sent with another text in campaign {id}, which is unfinished: "
            "{have_it}; {ways}; then give this one a number of its own"
        ),
        have_it=reached.tell(),
        **told,
    )
