"""The gate of a batch: may its campaign send now, until when, and by which relays?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.sending_hours import COLUMNS, SendingHours
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import OTHER
from pli.clocks import boot_time
from pli.columns import clock
from pli.language import N_, Sentence, say
from subscribers.models import List


@dataclass(frozen=True, slots=True)
class Passage:
    """What the database last said about sending one batch to a `provider`.

    `relays` are in order; an empty sequence means all relays of the settings. `until` is on this
    machine's clock (`boot_time`). The remaining time comes from the database's clock, and is
    counted from before the database was asked, so that `until` is never too late.
    """

    state: CampaignState | None
    relays: Sequence[str]
    list_name: str
    until: float
    provider: str = OTHER

    @property
    def open(self) -> bool:
        """Whether copies may leave now: no quiet hours, and the campaign's end is not reached."""
        return boot_time() < self.until


async def passage(session: AsyncSession, batch_id: int) -> Passage:
    """Ask the database. A batch that does not exist gets a passage that is not open."""
    asked = boot_time()
    row = (
        await session.execute(
            select(
                Campaign.state,
                List.relays,
                List.name,
                Batch.provider,
                *COLUMNS,
                clock().label("now"),
            )
            .select_from(Batch)
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .join(List, List.id == Batch.list_id)
            .where(Batch.id == batch_id)
        )
    ).one_or_none()
    if row is None:
        return Passage(None, (), "", float("-inf"))
    until = asked + SendingHours.of(row).seconds_open(row.now)
    return Passage(row.state, row.relays, row.name, until, row.provider)


def no_relay(list_name: str, relays: Sequence[str]) -> Sentence:
    """Why a campaign pauses whose list names only relays that the settings do not have."""
    return say(
        N_(
            "the list {name} goes by {relays}, which the settings do not have: "
            '"pli list edit {name} --relay NAME" changes that'
        ),
        name=list_name,
        relays=", ".join(relays),
    )
