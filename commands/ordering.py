"""What is asked for: a letter to lists, refused where it would go out twice; made and started."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from commands import pacing
from commands.common import Installation, tell
from mailer.campaign import lifecycle, ordering, scheduling
from mailer.campaign.sending_hours import ALWAYS, SendingHours
from mailer.campaign.state import UNFINISHED, find_campaign, lists_of
from mailer.letter import preflight
from mailer.letter.letter import Letter, check_expressions
from mailer.letter.preflight import Severity
from mailer.letter.press import press
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import load_theme
from mailer.models import Audience, Batch, CampaignState
from mailer.sender import Identity
from pli.errors import PliError
from pli.language import N_
from pli.settings import Settings
from subscribers import lists, segments


class SendError(PliError):
    """This sending is refused."""


def identity_of(settings: Settings, letter: Letter | None = None) -> Identity:
    """Who writes: the settings, where the letter itself says nothing else."""
    return Identity(
        committee=settings.committee,
        address=settings.address,
        phone=settings.phone,
        email=settings.email,
        sender=(letter.sender if letter else None) or settings.sender,
        reply_to=(letter.reply_to if letter else None) or settings.reply_to,
        public_url=settings.public_url,
    )


def checked(letter: Letter, settings: Settings, known: Collection[str], *, quiet: bool) -> Frozen:
    """Freeze a letter that can be sent; warnings are told, errors refuse it."""
    if unknown := check_expressions(letter, known):
        raise SendError.listing(unknown)
    identity = identity_of(settings, letter)
    theme = load_theme(letter.theme)
    findings = preflight.check(letter, press(letter, theme, identity), identity)
    errors = [it for it in findings if it.severity is Severity.ERROR]
    if errors:
        raise SendError.listing(it.line for it in errors)
    if not quiet:
        for finding in findings:
            tell(finding.line, stderr=True)
    return Frozen.of(letter, theme, identity)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent to whom; `go_on_with` is the unfinished campaign for just that."""

    frozen: Frozen
    list_ids: Sequence[int]
    segment: str
    rule: str
    audience: Audience
    go_on_with: int | None
    retry_delays: Sequence[float] | None = None
    hours: SendingHours | None = None


async def ordered(
    installation: Installation,
    frozen: Frozen,
    names: Sequence[str],
    segment: str,
    again: Audience | None,
    retry_delays: Sequence[float] | None = None,
) -> Order:
    """Read what was asked for; refused where a letter would go out twice."""
    async with installation.database.reading() as session:
        list_ids = [(await lists.get(session, name)).id for name in dict.fromkeys(names)]
        name, rule = await segments.resolve(session, segment) if segment else ("", "")
        order = Order(
            frozen, list_ids, name, str(rule), again or Audience.FIRST, None, retry_delays
        )
        return replace(order, go_on_with=await _to_go_on_with(session, order))


async def prepare(
    session: AsyncSession, order: Order, *, installation: Installation, now: datetime
) -> tuple[int, int]:
    """The campaign's id, and how many copies wait in it."""
    campaign_id = order.go_on_with
    if campaign_id is None:
        campaign_id = await create(session, order, installation=installation, now=now)
    else:
        await _still_as_ordered(session, order)
    await lifecycle.prepare(
        session,
        campaign_id=campaign_id,
        batch_size=installation.settings.batch_size,
        providers=pacing.providers(installation.settings),
        now=now,
    )
    waiting = await session.scalar(
        select(func.sum(Batch.pending)).where(Batch.campaign_id == campaign_id)
    )
    return campaign_id, int(waiting or 0)


async def create(
    session: AsyncSession,
    order: Order,
    *,
    installation: Installation,
    created_by: str | None = None,
    now: datetime,
) -> int:
    """A draft of what was ordered; its id."""
    await _still_as_ordered(session, order)
    campaign = await lifecycle.create(
        session,
        frozen=order.frozen,
        list_ids=order.list_ids,
        segment=order.segment,
        rule=order.rule,
        audience=order.audience,
        token_key=installation.keys.current,
        retry_delays=(
            installation.settings.retry_delays if order.retry_delays is None else order.retry_delays
        ),
        resend_uncertain=installation.settings.uncertain == "resend",
        hours=order.hours or ALWAYS,
        created_by=created_by,
        now=now,
    )
    return campaign.id


def refuse_what_is_there(order: Order) -> None:
    """A new campaign is wanted; an unfinished one for the same people is in its way."""
    if order.go_on_with is not None:
        raise SendError(
            N_("campaign {id} is there for just that: start it, or cancel it and make a new one"),
            id=order.go_on_with,
        )


async def _still_as_ordered(session: AsyncSession, order: Order) -> None:
    """Ask once more whether it would go out twice: somebody else may have sent it meanwhile."""
    await ordering.lock_lists(session, order.list_ids)
    campaign_id = await _to_go_on_with(session, order)
    if campaign_id != order.go_on_with:
        raise SendError(
            N_("campaign {id} of letter {number} was made meanwhile: look at it first"),
            id=campaign_id,
            number=order.frozen.letter.number,
        )


async def _to_go_on_with(session: AsyncSession, order: Order) -> int | None:
    number = order.frozen.letter.number
    earlier = await ordering.precedents(session, number=number, list_ids=order.list_ids)
    for campaign in earlier:
        if campaign.letter_hash != order.frozen.letter_hash:
            raise SendError(
                N_(
                    "letter {number} was sent with another text in campaign {id}: "
                    "give this one a number of its own"
                ),
                number=number,
                id=campaign.id,
            )
    for campaign in reversed(earlier):
        if campaign.state not in UNFINISHED or campaign.rule != order.rule:
            continue
        if await lists_of(session, campaign_id=campaign.id) == list(order.list_ids):
            return campaign.id
    if earlier and order.audience is Audience.FIRST:
        last = earlier[-1]
        when = last.finished_at or last.started_at or last.created_at
        raise SendError(
            N_(
                "letter {number} was sent in campaign {id} on {date}: "
                '"--again new" sends it to those who had none, "--again all" to everybody'
            ),
            number=number,
            id=last.id,
            date=when.astimezone().strftime("%Y-%m-%d %H:%M"),
        )
    return None


async def release(
    session: AsyncSession, order: Order, *, installation: Installation, now: datetime
) -> int:
    """Prepare and start in one transaction, or go on; the campaign's id."""
    campaign_id, _waiting = await prepare(session, order, installation=installation, now=now)
    if order.go_on_with is not None and order.hours is not None:
        await scheduling.set_hours(session, campaign_id=campaign_id, hours=order.hours)
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign)
    if campaign.state is CampaignState.PAUSED:
        if SendingHours.of(campaign).over(now):
            raise SendError(
                N_(
                    "campaign {id} is paused since its end has passed: "
                    '"pli campaign resume {id}" goes on without it'
                ),
                id=campaign_id,
            )
        await lifecycle.resume(session, campaign_id=campaign_id)
    elif campaign.state is CampaignState.PREPARED:
        await lifecycle.start(
            session,
            campaign_id=campaign_id,
            second_person=installation.settings.second_person,
            now=now,
        )
    return campaign_id
