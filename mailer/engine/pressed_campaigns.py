"""Presses the letter of a campaign once in a process, for all copies of the campaign."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import lists_of
from mailer.letter import layout, snapshot
from mailer.letter.press import press
from mailer.links import Links
from mailer.message.composer import Composer
from mailer.models import Campaign
from mailer.outcomes import Outcome
from mailer.recipient import ListLine
from mailer.refusals import LATEST, Refused, judge_latest
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List

KEPT = 8
"""How many pressed campaigns stay in memory; more only while they are in work."""


@dataclass(slots=True)
class PressedCampaign:
    """What every copy of one campaign has in common."""

    campaign_id: int
    composer: Composer
    links: Links
    token_key: str
    retry_delays: list[float]
    lists: dict[int, ListLine]
    latest: deque[Outcome] = field(default_factory=lambda: deque(maxlen=LATEST))

    def refused_for_us(self, share: float) -> Refused | None:
        """The refusals that are not about a recipient, if they are `share` of the latest."""
        return judge_latest(self.latest, share)


async def begin(
    session: AsyncSession, campaign_id: int, keys: Keys, *, by_mail: bool = False
) -> PressedCampaign:
    """Press a campaign's letter as it was frozen."""
    frozen, token_key, retry_delays = (
        await session.execute(
            select(Campaign.frozen, Campaign.token_key, Campaign.retry_delays).where(
                Campaign.id == campaign_id
            )
        )
    ).one()
    list_ids = await lists_of(session, campaign_id=campaign_id)
    found = await session.execute(select(List).where(List.id.in_(list_ids)))
    lists = {it.id: ListLine(it.id, it.name, it.title) for it in found.scalars()}
    letter, theme, identity = snapshot.thaw(frozen)
    links = Links(keys, identity.public_url, identity.domain)
    pressed = press(letter, theme, identity)
    composer = Composer(pressed, letter, identity, links, token_key, campaign_id, by_mail=by_mail)
    return PressedCampaign(campaign_id, composer, links, token_key, retry_delays, lists)


class PressedCampaigns:
    """The pressed campaigns that a process keeps in memory."""

    def __init__(self, database: Database, keys: Keys, *, by_mail: bool = False) -> None:
        self._by_mail = by_mail
        self._database = database
        self._keys = keys
        self._kept: dict[int, PressedCampaign] = {}
        self._pressing = asyncio.Lock()
        # Loaded now, so that the first copies do not wait for it.
        layout.load_inliner()

    async def of(self, campaign_id: int, *, live: Callable[[], Collection[int]]) -> PressedCampaign:
        """A pressed campaign, pressed now if need be; `live()` are the campaigns in work."""
        if campaign_id not in self._kept:
            # One at a time: the first batches of a campaign ask at the same moment.
            async with self._pressing:
                if campaign_id not in self._kept:
                    await self._press(campaign_id)
                    # Another worker may finish a campaign, and this process does not notice. So
                    # the oldest idle campaigns are dropped.
                    busy = {campaign_id, *live()}
                    idle = [it for it in self._kept if it not in busy]
                    for done in idle[: max(0, len(self._kept) - KEPT)]:
                        del self._kept[done]
                return self._kept[campaign_id]
        return self._kept[campaign_id]

    async def _press(self, campaign_id: int) -> None:
        async with self._database.reading() as session:
            pressed = await begin(session, campaign_id, self._keys, by_mail=self._by_mail)
        self._kept[campaign_id] = pressed

    def forget(self, campaign_id: int) -> None:
        """Drop a campaign that is over."""
        self._kept.pop(campaign_id, None)
