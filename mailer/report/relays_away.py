"""Which running campaigns wait for relays that do not answer, and until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.holds import Hold
from mailer.models import Batch, Campaign, CampaignState, is_open
from mailer.smtp import troubles
from mailer.smtp.troubles import Trouble
from subscribers.models import List


async def waits(
    session: AsyncSession,
    relays: Sequence[str],
    *,
    campaign_id: int | None = None,
    zone: tzinfo | None = None,
) -> Mapping[int, Sequence[Hold]]:
    """What holds each running campaign back that has copies whose relays are all away.

    `relays`: the names of the settings, in order. `zone`: by whose clocks hours are told; None:
    this machine's. Most of the time this asks one small question.
    """
    away = await troubles.away(session)
    if not away:
        return {}
    rows = await session.execute(
        select(Batch.campaign_id, Batch.list_id, List.relays)
        .join(Campaign, Campaign.id == Batch.campaign_id)
        .join(List, List.id == Batch.list_id)
        .where(
            Campaign.state == CampaignState.RUNNING,
            is_open(),
            *([Campaign.id == campaign_id] if campaign_id is not None else []),
        )
    )
    found: dict[int, dict[str, Hold]] = defaultdict(dict)
    for id_, _list, own in rows:
        order = [it for it in own or relays if it in relays]
        if order and all(it in away for it in order):
            for name in order:
                found[id_][name] = _hold(away[name], named=len(relays) > 1, zone=zone)
    return {id_: list(holds.values()) for id_, holds in found.items()}


def _hold(trouble: Trouble, *, named: bool, zone: tzinfo | None) -> Hold:
    return Hold("relay_away", trouble.told(named=named, zone=zone), trouble.next_try_at)
