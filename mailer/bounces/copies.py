"""The copies that mails are about, with what is known of their people now."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.links import FIRST_NUMBER
from mailer.models import Batch, Delivery
from pli.packing import among, gathered, packed_ids
from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy that a mail is about; `subscriber_id` None: its person is erased."""

    id: int
    campaign_id: int
    subscriber_id: int | None
    provider: str
    email: str


def copies_of(session: Session, numbers: Collection[int]) -> dict[int, Copy]:
    """The copies with these numbers; a notice's, and those that are not here, are left out."""
    ids = sorted({it for it in numbers if it < FIRST_NUMBER})
    if not ids:
        return {}
    found = json.loads(session.scalar(_COPIES, {"ids": packed_ids(ids)}) or "[]")
    return {row[0]: Copy(*row) for row in found}


_COPIES = (
    select(
        gathered(
            Delivery.id,
            Delivery.campaign_id,
            Delivery.subscriber_id,
            func.coalesce(Batch.provider, ""),
            func.coalesce(Subscriber.email, ""),
        )
    )
    .select_from(Delivery)
    .outerjoin(
        Batch, (Batch.campaign_id == Delivery.campaign_id) & (Batch.number == Delivery.batch)
    )
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .where(Delivery.id.in_(among("ids")))
)
