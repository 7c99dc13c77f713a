"""The copies of one status, page by page: each page reads some rows, however many copies there are.

A page goes on behind a key, never from an offset. Where no reason is asked for, it walks the
batches that count such copies, whose numbers are the key: one index has them in this order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, Delivery, Status
from mailer.report import copies
from mailer.report.copies import Copy

SHOWN = 50


@dataclass(frozen=True, slots=True)
class After:
    """Behind which copy a page begins: the batch's number (or a reason), and the copy's id."""

    key: str
    copy: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From an address; None for what is no such place."""
        key, _, copy = text.rpartition(".")
        is_number = copy.isascii() and copy.isdigit() and len(copy) <= 18
        return cls(key[:32], int(copy)) if is_number else None

    def __str__(self) -> str:
        return f"{self.key}.{self.copy}"


@dataclass(frozen=True, slots=True)
class CopyPage:
    """Some copies, and where the next page begins; None at the end."""

    copies: Sequence[Copy]
    after: After | None


async def page(
    session: AsyncSession,
    campaign_id: int,
    *,
    status: Status,
    reason: str | None = None,
    list_ids: Collection[int] | None = None,
    after: After | None = None,
    limit: int = SHOWN,
) -> CopyPage:
    """A page of the copies with one status, and one reason if it is given."""
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    if reason is not None:
        found = await _of_reason(session, campaign_id, status, reason, on, after, limit + 1)
        keys = [reason] * len(found)
    elif status is Status.EXCLUDED:
        found, keys = await _excluded(session, campaign_id, on, after, limit + 1)
    else:
        found, keys = await _of_batches(session, campaign_id, status, list_ids, after, limit + 1)
    shown = await copies.with_proofs(session, found[:limit])
    more = len(found) > limit
    return CopyPage(shown, After(keys[limit - 1], found[limit - 1].delivery_id) if more else None)


async def _of_reason(
    session: AsyncSession,
    campaign_id: int,
    status: Status,
    reason: str,
    on: Sequence[ColumnElement[bool]],
    after: After | None,
    limit: int,
) -> list[Copy]:
    rows = await session.execute(
        copies.selected()
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.reason == reason,
            Delivery.reason.is_not(None),
            Delivery.status == status,
            # + 0: else SQLite walks all rows in the order of ids instead of the reason's index.
            *([Delivery.id + 0 > after.copy] if after else []),
            *on,
        )
        .order_by(Delivery.id)
        .limit(limit)
    )
    return [Copy(*row) for row in rows]


async def _excluded(
    session: AsyncSession,
    campaign_id: int,
    on: Sequence[ColumnElement[bool]],
    after: After | None,
    limit: int,
) -> tuple[list[Copy], list[str]]:
    """The excluded, one reason after the other."""
    kept = await session.scalar(select(Campaign.excluded).where(Campaign.id == campaign_id))
    found: list[Copy] = []
    keys: list[str] = []
    for reason in sorted(kept or {}):
        if after and reason < after.key:
            continue
        since = after if after and after.key == reason else None
        some = await _of_reason(
            session, campaign_id, Status.EXCLUDED, reason, on, since, limit - len(found)
        )
        found += some
        keys += [reason] * len(some)
        if len(found) == limit:
            break
    return found, keys


async def _of_batches(
    session: AsyncSession,
    campaign_id: int,
    status: Status,
    list_ids: Collection[int] | None,
    after: After | None,
    limit: int,
) -> tuple[list[Copy], list[str]]:
    """Copies of the batches that count any, in the order of batches."""
    if after and not (after.key.isascii() and after.key.isdigit() and len(after.key) < 10):
        after = None
    begins = first = int(after.key) if after else 0
    counted: Any = getattr(Batch, status.value)
    on = [] if list_ids is None else [Batch.list_id.in_(list_ids)]
    found: list[Copy] = []
    keys: list[str] = []
    while len(found) < limit:
        # So many batches hold a page, unless the first one was shown in part.
        numbers = (
            await session.scalars(
                select(Batch.number)
                .where(Batch.campaign_id == campaign_id, Batch.number >= first, counted > 0, *on)
                .order_by(Batch.number)
                .limit(limit)
            )
        ).all()
        if not numbers:
            break
        behind = (
            [
                or_(
                    Delivery.batch > begins,
                    and_(Delivery.batch == begins, Delivery.id > after.copy),
                )
            ]
            if after and first == begins
            else []
        )
        rows = await session.execute(
            copies.selected()
            .add_columns(Delivery.batch)
            .where(
                Delivery.campaign_id == campaign_id,
                Delivery.batch.in_(numbers),
                Delivery.status == status,
                *behind,
            )
            .order_by(Delivery.batch, Delivery.id)
            .limit(limit - len(found))
        )
        for *values, batch in rows:
            found.append(Copy(*values))
            keys.append(str(batch))
        first = numbers[-1] + 1
    return found, keys
