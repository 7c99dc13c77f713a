"""PressedCampaigns: what every copy of one campaign has in common, pressed once in a process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import lists_of
from mailer.letter import layout, snapshot
from mailer.letter.press import press
from mailer.links import Links
from mailer.message.composer import Composer
from mailer.models import Campaign, Stage
from mailer.outcomes import Kind, Outcome
from mailer.recipient import ListLine
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List

KEPT = 8
"""So many pressed letters are kept at least."""
LATEST = 200
"""So many of the last outcomes are looked at together."""
LEAST_REFUSED = 5
"""Fewer refusals prove nothing of us."""
NO_SMTPUTF8 = "5.6.7"
"""Of what is not offered to the relay, the one that lies in the address (RFC 6531)."""


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

    def refused_for_us(self, share: float) -> Sequence[Outcome]:
        """Refusals for what we are, not for whom, if they are `share` of the latest outcomes.

        Policy (5.7.x, RFC 3463); whatever refuses the sender at MAIL, before anybody is named; and
        what we ourselves do not even offer the relay: too large for it, or not to be composed.
        """
        refused = [it for it in self.latest if _is_about_us(it)]
        return refused if len(refused) >= max(LEAST_REFUSED, share * len(self.latest)) else ()


def _is_about_us(outcome: Outcome) -> bool:
    if outcome.kind is not Kind.FAILED:
        return False
    enhanced = outcome.enhanced or ""
    if outcome.stage is Stage.CONNECT:
        return enhanced != NO_SMTPUTF8
    return outcome.stage is Stage.MAIL or enhanced.startswith("5.7.")


async def begin(session: AsyncSession, campaign_id: int, keys: Keys) -> PressedCampaign:
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
    composer = Composer(pressed, letter, identity, links, token_key, campaign_id)
    return PressedCampaign(campaign_id, composer, links, token_key, retry_delays, lists)


class PressedCampaigns:
    """The rounds that are kept pressed."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys
        self._kept: dict[int, PressedCampaign] = {}
        self._pressing = asyncio.Lock()
        # Now, not when the first copies wait to be made.
        layout.load_inliner()

    async def of(self, campaign_id: int, *, live: Callable[[], Collection[int]]) -> PressedCampaign:
        """A campaign's, pressed if it was not; `live()` are the campaigns that are worked on."""
        if campaign_id not in self._kept:
            # One at a time: the first batches of a campaign ask for it in the same moment.
            async with self._pressing:
                if campaign_id not in self._kept:
                    await self._press(campaign_id)
                    # What others finished is not told here: the eldest nobody works on make room.
                    busy = {campaign_id, *live()}
                    idle = [it for it in self._kept if it not in busy]
                    for done in idle[: max(0, len(self._kept) - KEPT)]:
                        del self._kept[done]
                return self._kept[campaign_id]
        return self._kept[campaign_id]

    async def _press(self, campaign_id: int) -> None:
        async with self._database.reading() as session:
            self._kept[campaign_id] = await begin(session, campaign_id, self._keys)

    def forget(self, campaign_id: int) -> None:
        """It is over."""
        self._kept.pop(campaign_id, None)
