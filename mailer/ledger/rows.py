"""The pen of the ledger: a batch's rows and its counts change together, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from mailer.models import Batch, Campaign, CampaignState, Delivery
from mailer.providers import OTHER
from pli.columns import clock


@dataclass(frozen=True, slots=True)
class LeasedBatch:
    """A batch in a worker's hands."""

    id: int
    campaign_id: int
    number: int
    lease: int
    takings: int
    runs: bool = True
    """Whether its campaign runs, for whoever took it; else only what the dead left is settled."""
    provider: str = OTHER


Claimed = tuple[int, int, int, int, str, str, str, str, Mapping[str, Any]]
"""A row that is ours now and the person it is for: the delivery, its list, how often it was tried;
subscriber, address, first and last name, language, attributes. A plain tuple: one for each copy."""


class LeaseLost(Exception):
    """The batch is ours no more: whatever was about to be written is not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a campaign decides where its rows may go."""

    state: CampaignState
    retry_delays: list[float]
    resend_uncertain: bool

    @property
    def cancelled(self) -> bool:
        """Whether nothing of it may wait any more."""
        return self.state is CampaignState.CANCELLED


def lock_campaign(session: Session, campaign_id: int) -> Terms:
    """Hold a campaign as it is until the end of the transaction; others may do so, too.

    A finished one is held alone: late truth may reopen it, and two who hold it together would wait
    for each other. Before any batch or row, as cancel and retry do.
    """
    state = session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
    row = session.execute(
        select(Campaign.state, Campaign.retry_delays, Campaign.resend_uncertain)
        .where(Campaign.id == campaign_id)
        .with_for_update(read=state is not CampaignState.FINISHED)
    )
    return Terms(*row.one())


def of(batch: LeasedBatch) -> ColumnElement[bool]:
    """The rows of a batch."""
    return and_(Delivery.campaign_id == batch.campaign_id, Delivery.batch == batch.number)


def lock_batch(session: Session, batch_id: int) -> None:
    """Hold a batch until the end of the transaction: after its campaign, before its rows."""
    session.execute(select(Batch.id).where(Batch.id == batch_id).with_for_update())


def ours(session: Session, batch: LeasedBatch) -> None:
    """Lock the batch, or raise LeaseLost."""
    held = session.execute(
        select(Batch.id).where(Batch.id == batch.id, Batch.lease == batch.lease).with_for_update()
    )
    if held.one_or_none() is None:
        raise LeaseLost


def due_now(session: Session, batch: LeasedBatch) -> None:
    """Rows of a batch wait again that nobody had expected to: it is due before its hour."""
    session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.due_at > clock())
        .values(due_at=clock())
        .execution_options(synchronize_session=False)
    )


def change(
    session: Session, batch: LeasedBatch, *where: ColumnElement[bool], **values: Any
) -> set[int]:
    """Change rows of a batch; which ones they were."""
    changed = session.execute(
        update(Delivery)
        .where(of(batch), *where)
        .values(values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return set(changed.scalars())


def doubted_among(session: Session, ids: Collection[int]) -> set[int]:
    """Which of these copies may have arrived by an earlier try."""
    if not ids:
        return set()
    found = session.scalars(select(Delivery.id).where(Delivery.id.in_(ids), Delivery.doubted))
    return set(found)


def count(session: Session, batch: LeasedBatch, *, progress: bool = False, **deltas: int) -> None:
    """Move a batch's counts; any recorded outcome is progress."""
    values: dict[str, Any] = {
        name: getattr(Batch, name) + delta for name, delta in deltas.items() if delta
    }
    if progress:
        values["takings"] = 0
    if values:
        session.execute(
            update(Batch)
            .where(Batch.id == batch.id)
            .values(values)
            .execution_options(synchronize_session=False)
        )
