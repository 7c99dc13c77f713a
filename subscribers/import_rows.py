"""Decides what each row of a file changes, and writes that: people, subscriptions, and noes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import Actor
from pli.keys import Keys
from pli.language import N_, say
from subscribers import consent, optout, people
from subscribers.import_report import ImportReport, Rejected
from subscribers.models import (
    Basis,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.row_reading import PersonRow
from subscribers.status_words import Standing

_SUPPRESSING = {
    Standing.BOUNCED: SuppressionReason.HARD_BOUNCE,
    Standing.COMPLAINED: SuppressionReason.COMPLAINT,
    Standing.OBJECTED: SuppressionReason.OBJECTION,
}
"""What is said of a person that bars the address from every list."""


_BARRED = {
    SuppressionReason.HARD_BOUNCE: N_("never written to: the mailbox does not exist"),
    SuppressionReason.COMPLAINT: N_("never written to: complained"),
    SuppressionReason.OBJECTION: N_("never written to: objected"),
}


@dataclass(frozen=True, slots=True)
class Writes:
    """What to write for some rows: new people, changed columns, ids to subscribe.

    The file says no for `gone` people, who are new, for those of the ids `leaving`, and for the
    addresses `barred`.
    """

    fresh: list[PersonRow] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    joining: list[int] = field(default_factory=list)
    gone: list[PersonRow] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    barred: list[tuple[bytes, SuppressionReason]] = field(default_factory=list)


async def plan(
    session: AsyncSession,
    parsed: Sequence[PersonRow],
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> Writes:
    """What these rows change, and count them in `report`; `list_id` None: the list is to be made.

    Some hundreds of rows at most: SQLite limits the values that a statement may bind.
    """
    known = await _known(session, [it.address.folded for it in parsed], list_id)
    address_keys = {it.address.folded: keys.address_key(it.address.folded) for it in parsed}
    rows = await session.execute(
        select(Suppression.address_key, Suppression.reason).where(
            Suppression.address_key.in_(list(address_keys.values()))
        )
    )
    suppressed = {row.address_key: row.reason for row in rows}
    writes = Writes()
    for it in parsed:
        person, state, has_said_no = known.get(it.address.folded, (None, None, False))
        barred = suppressed.get(address_keys[it.address.folded])
        # Who had left may still be barred from every list; who is barred stays it.
        if barred or (has_said_no and it.standing not in _SUPPRESSING):
            report.objected += 1
            why = say(_BARRED[barred]) if barred else say(N_("left the list"))
            report.skipped.append(Rejected(it.line, it.address.email, why))
            continue
        if it.standing in _SUPPRESSING:
            writes.barred.append((address_keys[it.address.folded], _SUPPRESSING[it.standing]))
            report.suppressed += 1
            continue
        if it.standing is Standing.LEFT:
            if person is None:
                writes.gone.append(it)
            else:
                writes.leaving.append(person.id)
            report.left += 1
            continue
        if person is None:
            writes.fresh.append(it)
            report.added += 1
            continue
        changes = people.changes(
            person,
            first_name=it.first_name,
            last_name=it.last_name,
            language=it.language,
            attributes=it.attributes,
        )
        if changes:
            writes.changed.append({"id": person.id, **changes})
        if state is not SubscriptionState.CONFIRMED:
            writes.joining.append(person.id)
        if state is None:
            report.added += 1
        elif changes or state is SubscriptionState.UNCONFIRMED:
            report.updated += 1
        else:
            report.unchanged += 1
    return writes


async def write(
    session: AsyncSession,
    writes: Writes,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    by: Actor,
    keys: Keys,
    now: datetime,
) -> None:
    """Write what was planned."""
    if writes.changed:
        await session.execute(update(Subscriber), writes.changed)
    joining = list(writes.joining)
    if writes.fresh:
        rows = [_new(it, keys, now) for it in writes.fresh]
        joining += await session.scalars(insert(Subscriber).returning(Subscriber.id), rows)
    await consent.subscribe_many(
        session,
        subscriber_ids=joining,
        list_id=list_id,
        basis=basis,
        source=source,
        by=by,
        confirmed=True,
        now=now,
    )
    await _write_noes(
        session, writes, list_id=list_id, basis=basis, source=source, by=by, keys=keys, now=now
    )


async def _write_noes(
    session: AsyncSession,
    writes: Writes,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    by: Actor,
    keys: Keys,
    now: datetime,
) -> None:
    """Write down who left or is barred, as the file says: a later import brings nobody back."""
    leaving = list(writes.leaving)
    if writes.gone:
        rows = [_new(it, keys, now) for it in writes.gone]
        leaving += await session.scalars(insert(Subscriber).returning(Subscriber.id), rows)
    await optout.leave_many(
        session,
        subscriber_ids=leaving,
        list_id=list_id,
        basis=basis,
        source=source,
        by=by,
        now=now,
    )
    for address_key, reason in writes.barred:
        await session.run_sync(
            optout.suppress, address_key=address_key, reason=reason, source=source, by=by, now=now
        )


async def _known(
    session: AsyncSession, folded: Sequence[str], list_id: int | None
) -> dict[str, tuple[Subscriber, SubscriptionState | None, bool]]:
    rows = await session.execute(
        select(Subscriber, Subscription.state, consent.has_said_no())
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.list_id == list_id),
        )
        .where(Subscriber.email_folded.in_(folded))
    )
    return {person.email_folded: (person, state, bool(no)) for person, state, no in rows}


def _new(it: PersonRow, keys: Keys, now: datetime) -> dict[str, object]:
    return people.row(
        address=it.address,
        keys=keys,
        first_name=it.first_name or "",
        last_name=it.last_name or "",
        language=it.language or "fr",
        attributes=it.attributes,
        now=now,
    )
