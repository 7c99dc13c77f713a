"""Which batches want a worker: they have copies that are due, and nobody has a lease on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, CampaignState, is_open
from mailer.scope import EVERYTHING, Scope
from pli.columns import clock
from subscribers.models import List

LONGEST_LEASE = timedelta(seconds=60)
"""A lease that ends further ahead than this has lapsed: the clock was set back."""


class Due(NamedTuple):
    """A batch that wants a worker; `relays` of its list, in order (empty: all relays)."""

    id: int
    campaign_id: int
    provider: str
    relays: Sequence[str]


class Shut(NamedTuple):
    """Providers that nothing may be sent to now, within these lists; None stands for all."""

    providers: Collection[str] | None
    lists: Collection[int] | None = None


async def due(
    session: AsyncSession,
    *,
    limit: int,
    closed: Collection[int] = (),
    without: Collection[Shut] = (),
    scope: Scope = EVERYTHING,
) -> Sequence[Due]:
    """Batches that want a worker: they have due rows, or rows in work without a lease.

    `closed`: campaigns that may not send at this hour. `without`: what may not be sent to now.
    A batch with rows in work counts in any case, also in a paused or cancelled campaign, and out of
    `scope`: its worker died before it settled them, and nothing more is sent. Campaigns take turns:
    the first batch of each, then the second of each, and so on.
    """
    place = func.row_number().over(
        partition_by=Batch.campaign_id, order_by=[Batch.due_at, Batch.id]
    )
    turns = (
        select(
            Batch.id,
            Batch.campaign_id,
            Batch.provider,
            Batch.list_id,
            Batch.due_at,
            place.label("place"),
        )
        .join(Campaign)
        .where(wants_a_worker(closed=closed, without=without, scope=scope))
        .subquery()
    )
    batches = (
        select(turns.c.id, turns.c.campaign_id, turns.c.provider, List.relays)
        .join(List, List.id == turns.c.list_id)
        .order_by(turns.c.place, turns.c.due_at, turns.c.id)
        .limit(limit)
    )
    return [Due(*row) for row in await session.execute(batches)]


def wants_a_worker(
    *,
    closed: Collection[int] = (),
    without: Collection[Shut] = (),
    scope: Scope = EVERYTHING,
) -> ColumnElement[bool]:
    """Whether a batch wants a worker now (`due`), as a condition on it and its campaign."""
    return and_(
        or_(
            and_(
                Campaign.state == CampaignState.RUNNING,
                scope.campaigns(),
                Batch.pending > 0,
                Batch.due_at <= clock(),
                Batch.campaign_id.not_in(closed) if closed else true(),
                *(not_(_is_shut(it)) for it in without),
            ),
            and_(
                Batch.sending > 0,
                or_(scope.campaigns(), Campaign.state != CampaignState.RUNNING),
            ),
        ),
        is_open(),
        unleased(),
    )


def waits() -> ColumnElement[bool]:
    """Whether a batch has copies that are due, and no worker."""
    return and_(Batch.pending > 0, Batch.due_at <= clock(), is_open(), unleased())


def _is_shut(shut: Shut) -> ColumnElement[bool]:
    return and_(
        true() if shut.lists is None else Batch.list_id.in_(shut.lists),
        true() if shut.providers is None else Batch.provider.in_(shut.providers),
    )


def unleased() -> ColumnElement[bool]:
    """Whether nobody has a lease on a batch that still holds."""
    return or_(
        Batch.lease.is_(None),
        Batch.lease_until < clock(),
        Batch.lease_until > clock(LONGEST_LEASE.total_seconds()),
    )
