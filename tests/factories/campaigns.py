"""Makes campaigns by the verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import freezing, lifecycle
from mailer.letter.letter import Letter
from mailer.models import Audience, Campaign
from pli.actor import NOBODY, Actor
from pli.keys import Keys
from subscribers.models import List
from tests.factories.letters import frozen


async def a_campaign(
    session: AsyncSession,
    keys: Keys,
    lists: Sequence[List],
    *,
    now: datetime,
    of: Letter | None = None,
    rule: str = "",
    audience: Audience = Audience.FIRST,
    batch_size: int = 100,
    retry_delays: Sequence[float] = (0.05,),
    started: bool = True,
) -> Campaign:
    """A prepared campaign; it is started, too, unless `started` is False."""
    campaign = await a_draft(
        session,
        keys,
        lists,
        now=now,
        of=of,
        rule=rule,
        audience=audience,
        retry_delays=retry_delays,
    )
    await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=batch_size, now=now)
    if started:
        await lifecycle.start(session, campaign_id=campaign.id, now=now)
    return campaign


async def a_draft(
    session: AsyncSession,
    keys: Keys,
    lists: Sequence[List],
    *,
    now: datetime,
    of: Letter | None = None,
    rule: str = "",
    audience: Audience = Audience.FIRST,
    retry_delays: Sequence[float] = (0.05,),
    by: Actor = NOBODY,
) -> Campaign:
    """A draft of a campaign, without copies."""
    return await freezing.create(
        session,
        frozen=frozen(of),
        list_ids=[it.id for it in lists],
        rule=rule,
        audience=audience,
        token_key=keys.current,
        retry_delays=retry_delays,
        by=by,
        now=now,
    )
