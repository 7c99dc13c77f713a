"""The gate of a batch: may its campaign send now, until when, and by which relays?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.sending_hours import COLUMNS, SendingHours
from mailer.ledger.due import LONGEST_LEASE
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import OTHER
from pli.clocks import boot_time
from pli.columns import clock
from pli.language import N_, Sentence, say
from subscribers.models import List

SHORTLY = 0.5
A_MINUTE = 60.0


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
    sending: int = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do in the batch now, not even what a dead worker left."""
        return not self.sending and (self.state is not CampaignState.RUNNING or not self.open)

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
                Batch.sending,
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
    return Passage(row.state, row.relays, row.name, until, row.provider, row.sending)


class Next(NamedTuple):
    """In how many seconds somebody should look at a batch that was not taken; None: not again.

    `closed` is its campaign, if all of that waits as long: outside its hours, or paused.
    """

    seconds: float | None
    closed: int | None = None


async def comes_again(session: AsyncSession, batch_id: int) -> Next:
    """When somebody should look at a batch of which nothing was sent, or all that could be."""
    row = (
        await session.execute(
            select(
                Campaign.id.label("campaign_id"),
                Campaign.state,
                Batch.pending,
                Batch.sending,
                Batch.due_at,
                Batch.lease_until,
                *COLUMNS,
                clock().label("now"),
            )
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .where(Batch.id == batch_id)
        )
    ).one_or_none()
    if row is None or not (row.pending or row.sending):
        return Next(None)
    held: float = (row.lease_until - row.now).total_seconds() if row.lease_until else 0.0
    if 0 < held <= LONGEST_LEASE.total_seconds():
        # Its owner may be dead: the lease decides, and whoever comes first after its end.
        return Next(held + SHORTLY)
    if row.sending:
        return Next(SHORTLY)
    if row.state is not CampaignState.RUNNING:
        return Next(None, row.campaign_id)
    hours = SendingHours.of(row).opening(row.now)
    if not hours.open:
        # Without an hour its end has passed: the sweep pauses the campaign.
        closed_for = (hours.until - row.now).total_seconds() if hours.until else A_MINUTE
        return Next(closed_for, row.campaign_id)
    due_in: float = (row.due_at - row.now).total_seconds()
    return Next(max(SHORTLY, due_in))


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
