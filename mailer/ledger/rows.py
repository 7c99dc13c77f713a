"""The ledger's basic statements: a batch's rows and counts change in one transaction."""

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
    """A batch that this worker holds by `lease`."""

    id: int
    campaign_id: int
    number: int
    lease: int
    takings: int
    runs: bool = True
    """Whether its campaign runs and is in scope; else only what a dead worker left is settled."""
    provider: str = OTHER


Claimed = tuple[int, int, int, int, str, str, str, str, Mapping[str, Any]]
"""A claimed row with its person: delivery id, list id, attempts; subscriber id, address, first and
last name, language, attributes. A plain tuple, because there is one for each copy."""


class LeaseLost(Exception):
    """The batch's lease is lost; nothing was written."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The columns of a campaign that decide which status its rows may get."""

    state: CampaignState
    retry_delays: list[float]
    resend_uncertain: bool

    @property
    def cancelled(self) -> bool:
        """Whether no copy may wait any more."""
        return self.state is CampaignState.CANCELLED


def lock_campaign(session: Session, campaign_id: int) -> Terms:
    """Lock a campaign until the end of the transaction; the lock is shared with others who settle.

    A campaign that is over is locked exclusively: a late outcome may reopen it, or hold a burst,
    and two transactions with shared locks would then wait for each other. Lock it before any batch
    or row, as cancel and retry do.
    """
    state = session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
    row = session.execute(
        select(Campaign.state, Campaign.retry_delays, Campaign.resend_uncertain)
        .where(Campaign.id == campaign_id)
        .with_for_update(read=state not in (CampaignState.FINISHED, CampaignState.CANCELLED))
    )
    return Terms(*row.one())


def of(batch: LeasedBatch) -> ColumnElement[bool]:
    """The condition for the rows of a batch."""
    return and_(Delivery.campaign_id == batch.campaign_id, Delivery.batch == batch.number)


def lock_batch(session: Session, batch_id: int) -> None:
    """Lock a batch until the end of the transaction: after its campaign, before its rows."""
    session.execute(select(Batch.id).where(Batch.id == batch_id).with_for_update())


def ours(session: Session, batch: LeasedBatch) -> None:
    """Lock the batch, or raise LeaseLost."""
    held = session.execute(
        select(Batch.id).where(Batch.id == batch.id, Batch.lease == batch.lease).with_for_update()
    )
    if held.one_or_none() is None:
        raise LeaseLost


def due_now(session: Session, batch: LeasedBatch) -> None:
    """Make a batch due now, because rows of it wait again earlier than expected."""
    session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.due_at > clock())
        .values(due_at=clock())
        .execution_options(synchronize_session=False)
    )


def change(
    session: Session, batch: LeasedBatch, *where: ColumnElement[bool], **values: Any
) -> set[int]:
    """Change rows of a batch; the ids of those that were changed."""
    changed = session.execute(
        update(Delivery)
        .where(of(batch), *where)
        .values(values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return set(changed.scalars())


def doubted_among(session: Session, ids: Collection[int]) -> set[int]:
    """Those of these copies that may have arrived by an earlier try."""
    if not ids:
        return set()
    found = session.scalars(select(Delivery.id).where(Delivery.id.in_(ids), Delivery.doubted))
    return set(found)


def count(session: Session, batch: LeasedBatch, *, progress: bool = False, **deltas: int) -> None:
    """Move a batch's counts; `progress` (a recorded outcome) resets the count of takings."""
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
