"""Addresses that a campaign's answers barred, or did not: what a person decides for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce
from mailer.bounces import deciding
from mailer.bounces.deciding import Undone
from mailer.bounces.report import Weight
from mailer.campaign.finding import find_campaign
from mailer.ledger import answers, unknown_users
from mailer.models import Delivery
from pli.actor import NOBODY, Actor
from pli.errors import PliError
from pli.language import N_
from subscribers import optout


@dataclass(frozen=True, slots=True)
class Undecided:
    """A burst that paused a campaign: so many would be barred if its answers were believed."""

    would_be_barred: int


async def undecided(session: AsyncSession, *, campaign_id: int) -> Undecided | None:
    """What a person must decide before a campaign goes on; None: its answers were no burst."""
    if not await session.run_sync(deciding.undecided, campaign_id):
        return None
    return Undecided(await session.run_sync(deciding.waiting, campaign_id))


async def believe(
    session: AsyncSession, *, campaign_id: int, by: Actor = NOBODY, now: datetime
) -> int:
    """Suppress the addresses that a burst called unknown: it was right; how many."""
    await _lock(session, campaign_id)
    return await session.run_sync(deciding.believe, campaign_id, now, by)


async def suppress(
    session: AsyncSession,
    *,
    campaign_id: int,
    reply: str = "",
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Suppress all addresses that a campaign's relay refused with 5.1.1; how many that changed.

    So are those that came back as certainly gone, and were held. `reply` narrows both to those
    whose answer matches it (ledger/answers.py).
    """
    await _lock(session, campaign_id)
    barred = 0
    if not reply:
        barred = await session.run_sync(deciding.believe, campaign_id, now, by)
    return barred + await session.run_sync(
        unknown_users.bar_all, campaign_id=campaign_id, reply=reply, by=by, now=now
    )


async def lift(
    session: AsyncSession,
    *,
    campaign_id: int,
    reply: str = "",
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Write again to the addresses that were suppressed by an answer in a campaign; how many.

    Complaints and objections stay, and so does what a person entered.
    """
    await _lock(session, campaign_id)
    chosen: ColumnElement[bool] = Bounce.campaign_id == campaign_id
    if reply:
        answered = select(Delivery.id).where(
            Delivery.campaign_id == campaign_id, answers.matching(reply)
        )
        chosen = and_(
            chosen,
            or_(
                Bounce.delivery_id.in_(answered.correlate(None)),
                answers.is_text_like(Bounce.diagnostic, reply),
            ),
        )
    undone = await session.run_sync(
        partial(deciding.undo, chosen=chosen, by=by, why=f"campaign {campaign_id}", now=now)
    )
    # What was refused before bounces were kept, and what a person barred by its answers.
    return undone.addresses + await session.run_sync(
        partial(
            optout.lift_many,
            address_keys=unknown_users.refused_as_unknown(campaign_id, reply),
            sources=deciding.OURS,
            by=by,
            now=now,
        )
    )


async def undo(
    session: AsyncSession,
    *,
    campaign_id: int,
    provider: str | None = None,
    since: datetime | None = None,
    by: Actor = NOBODY,
    why: str = "",
    now: datetime,
) -> Undone:
    """Take back what follows from the bounces of a campaign, all or some.

    Raises NoneOfProvider if none of them came back from that provider.
    """
    await _lock(session, campaign_id)
    chosen = [Bounce.campaign_id == campaign_id]
    if provider is not None:
        await _expect(session, campaign_id, provider)
        chosen.append(Bounce.provider == provider)
    if since is not None:
        chosen.append(Bounce.at >= since)
    return await session.run_sync(
        partial(deciding.undo, chosen=and_(*chosen), by=by, why=why, now=now)
    )


async def _expect(session: AsyncSession, campaign_id: int, provider: str) -> None:
    rows = await session.scalars(
        select(Bounce.provider)
        .where(Bounce.campaign_id == campaign_id)
        .distinct()
        .order_by(Bounce.provider)
    )
    there = rows.all()
    if not there:
        raise NoneOfProvider(N_("nothing came back of campaign {id}"), id=campaign_id)
    if provider not in there:
        raise NoneOfProvider(
            N_("{provider}: nothing of campaign {id} came back from there, but from {others}"),
            provider=provider,
            id=campaign_id,
            others=", ".join(there),
        )


class NoneOfProvider(PliError):
    """None of a campaign's bounces came back from that provider."""


async def undo_one(
    session: AsyncSession, *, bounce_id: int, by: Actor = NOBODY, why: str = "", now: datetime
) -> Undone:
    """Take back what follows from one bounce; raises ComplaintStands if it is a complaint."""
    complained = select(Bounce.id).where(
        Bounce.id == bounce_id, Bounce.weight == Weight.COMPLAINT.value
    )
    if await session.scalar(complained) is not None:
        raise ComplaintStands(
            N_(
                "bounce {number} is a complaint, and only the person can come back: if they asked "
                'you for letters again, say so with "pli subscriber lift ADDRESS --person-asked"'
            ),
            number=bounce_id,
        )
    return await session.run_sync(
        partial(deciding.undo, chosen=Bounce.id == bounce_id, by=by, why=why, now=now)
    )


class ComplaintStands(PliError):
    """An address complained, and nobody says that its person wants letters again."""


async def lift_address(
    session: AsyncSession,
    *,
    address_key: bytes,
    asked: bool = False,
    by: Actor = NOBODY,
    now: datetime,
) -> bool:
    """Write to an address again, whatever suppressed it; False if it is not suppressed.

    `asked`: its person asked for that. Raises ComplaintStands without, if it was a complaint.
    """
    lifted = await optout.lift(session, address_key=address_key, asked=asked, by=by, now=now)
    if lifted:
        await session.run_sync(deciding.forgive, address_key)
    elif await optout.suppressed(session, address_key=address_key) is not None:
        raise ComplaintStands(
            N_(
                "the person complained, and only the person can come back: if they asked you for "
                "letters again, say so with --person-asked"
            )
        )
    return lifted


async def barred_among_failed(
    session: AsyncSession, *, campaign_id: int, reply: str = "", reason: str = ""
) -> int:
    """How many failed copies go to addresses that an answer suppressed."""
    return await unknown_users.barred_among_failed(session, campaign_id, reply, reason)


async def _lock(session: AsyncSession, campaign_id: int) -> None:
    """Lock a campaign before any address, as those do who finish it or settle its copies."""
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
