"""Which people may receive, and how a yes is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import CursorResult, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from subscribers import consent, optout
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    List,
    Segment,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests import factories as make

LEFT, UNCONFIRMED = SubscriptionState.LEFT, SubscriptionState.UNCONFIRMED


async def _everybody(session: AsyncSession, keys: Keys, now: datetime) -> tuple[int, int]:
    """Two lists; on the first a person in each state, named by the reason against receiving."""
    here = (await make.a_list(session, "here", now=now)).id
    there = (await make.a_list(session, "there", now=now)).id
    for name, state, paused in (
        ("nothing", SubscriptionState.CONFIRMED, False),
        ("left", LEFT, False),
        ("left+paused", LEFT, True),
        ("unconfirmed", UNCONFIRMED, False),
        ("unconfirmed+paused", UNCONFIRMED, True),
        ("paused", SubscriptionState.CONFIRMED, True),
        ("suppressed", SubscriptionState.CONFIRMED, False),
        ("suppressed+left", LEFT, False),
    ):
        person = await make.a_person(session, keys, name, now=now)
        await make.a_subscription(session, person.id, here, now=now, state=state, paused=paused)
        if "suppressed" in name:
            await session.run_sync(
                optout.suppress,
                address_key=person.address_key,
                reason=SuppressionReason.OBJECTION,
                source="letter",
                now=now,
            )
    elsewhere = await make.a_person(session, keys, "left+elsewhere", now=now)
    await make.a_subscription(session, elsewhere.id, there, now=now)
    return here, there


async def _one_on_a_list(
    session: AsyncSession,
    keys: Keys,
    now: datetime,
    state: SubscriptionState = SubscriptionState.CONFIRMED,
) -> tuple[int, int]:
    """A list, and a person who is on it."""
    list_id = (await make.a_list(session, "l", now=now)).id
    person = (await make.a_person(session, keys, "p", now=now)).id
    await make.a_subscription(session, person, list_id, now=now, state=state)
    return list_id, person


async def test_the_first_hindrance_is_told_and_without_one_a_person_may_receive(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        here, _ = await _everybody(session, keys, now)
        rows = await session.execute(
            select(Subscriber.email, consent.hindrance(here), consent.may_receive(here))
        )
        for email, reason, may in rows:
            name = email.split("@")[0]
            first = name.split("+")[0]
            assert reason == (None if first == "nothing" else first), name
            assert bool(may) is (reason is None), name


async def test_the_clause_takes_a_column_for_the_list_and_works_in_an_insert_from_select(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        here, there = await _everybody(session, keys, now)
        # The statement reads Subscription itself, as preparing does; the clause must stay apart.
        may = consent.may_receive(Subscription.list_id)
        joined = (
            select(Subscriber.email, Subscription.list_id)
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(may)
        )
        rows = {tuple(row) for row in await session.execute(joined)}
        assert rows == {("nothing@example.org", here), ("left+elsewhere@example.org", there)}

        await session.execute(
            insert(Segment).from_select(
                ["name", "rule", "created_at"],
                select(
                    Subscriber.email,
                    func.coalesce(consent.hindrance(List.id), ""),
                    literal(now, Segment.created_at.type),
                ).join(List, List.name == "here"),
            )
        )
        kept = dict(list(await session.execute(select(Segment.name, Segment.rule))))
        assert kept["nothing@example.org"] == ""
        assert kept["left+elsewhere@example.org"] == "left"


async def test_the_clause_stands_in_an_update_that_reads_subscriber_beside(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        here, _ = await _everybody(session, keys, now)
        may = consent.may_receive(Subscription.list_id)
        changed = await session.execute(
            update(Subscription)
            .where(
                Subscription.subscriber_id == Subscriber.id,
                Subscription.list_id == here,
                ~may,
            )
            .values(basis=Basis.CONTACT)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(changed, CursorResult)
        assert changed.rowcount == 7
        hindered = select(Subscriber.id).where(
            Subscriber.id == Subscription.subscriber_id,
            consent.hindrance(Subscription.list_id) == "left",
        )
        changed = await session.execute(
            update(Subscription)
            .where(hindered.exists())
            .values(basis=Basis.CONSENT)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(changed, CursorResult)
        assert changed.rowcount == 2


async def test_subscribing_is_recorded_with_its_basis_and_happens_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        list_id = (await make.a_list(session, "l", now=now)).id
        person = (await make.a_person(session, keys, "p", now=now)).id

        async def subscribe(confirmed: bool, again: bool = False) -> bool:
            return await consent.subscribe(
                session,
                subscriber_id=person,
                list_id=list_id,
                basis=Basis.CONSENT,
                source="form",
                wording="Yes, write to me",
                confirmed=confirmed,
                again=again,
                now=now,
            )

        async def may() -> bool:
            return bool(await session.scalar(select(consent.may_receive(list_id)).where(
                Subscriber.id == person
            )))  # fmt: skip

        assert await subscribe(confirmed=False)
        assert not await may()
        assert not await subscribe(confirmed=False)
        assert await consent.confirm(
            session, subscriber_id=person, list_id=list_id, source="link", now=now
        )
        assert await may()
        assert not await consent.confirm(
            session, subscriber_id=person, list_id=list_id, source="link", now=now
        )
        assert not await subscribe(confirmed=True)

        await optout.unsubscribe(
            session, subscriber_id=person, list_id=list_id, source="click", now=now
        )
        assert not await subscribe(confirmed=True)
        assert not await may()
        assert await subscribe(confirmed=True, again=True)
        assert await may()

        events = await session.scalars(select(ConsentRecord.event).order_by(ConsentRecord.id))
        assert list(events) == [
            ConsentEvent.SUBSCRIBED,
            ConsentEvent.CONFIRMED,
            ConsentEvent.LEFT,
            ConsentEvent.SUBSCRIBED,
        ]


async def test_a_pause_ends_when_it_is_resumed(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        list_id, person = await _one_on_a_list(session, keys, now)

        async def told(verb: Callable[..., Awaitable[bool]]) -> bool:
            return await verb(
                session, subscriber_id=person, list_id=list_id, source="telephone", now=now
            )

        why = select(consent.hindrance(list_id)).where(Subscriber.id == person)
        assert await told(consent.pause)
        assert not await told(consent.pause)
        assert await session.scalar(why) == "paused"
        assert await told(consent.resume)
        assert not await told(consent.resume)
        assert await session.scalar(why) is None


async def _click(session: AsyncSession, person: int, list_id: int, now: datetime) -> int | None:
    return await optout.unsubscribe(
        session,
        subscriber_id=person,
        list_id=list_id,
        source="click",
        delivery_id=77,
        now=now,
    )


async def test_leaving_twice_is_one_leaving(database: Database, keys: Keys, now: datetime) -> None:
    async with database.begin() as session:
        list_id, person = await _one_on_a_list(session, keys, now)
        record = await _click(session, person, list_id, now)
        assert record is not None
        assert await _click(session, person, list_id, now) is None
        kept = await session.get_one(ConsentRecord, record)
        assert (kept.event, kept.delivery_id, kept.at) == (ConsentEvent.LEFT, 77, now)
        stranger = await make.a_person(session, keys, "stranger", now=now)
        assert await _click(session, stranger.id, list_id, now) is None


async def test_two_clicks_at_the_same_moment_are_one_leaving(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        list_id, person = await _one_on_a_list(session, keys, now)

    async def click() -> int | None:
        async with database.begin() as session:
            return await _click(session, person, list_id, now)

    done = await asyncio.gather(*(click() for _ in range(6)))
    assert len([record for record in done if record is not None]) == 1


@pytest.mark.parametrize("state", [SubscriptionState.CONFIRMED, UNCONFIRMED])
async def test_an_undo_restores_what_that_click_took_and_only_once(
    database: Database, keys: Keys, now: datetime, state: SubscriptionState
) -> None:
    async with database.begin() as session:
        list_id, person = await _one_on_a_list(session, keys, now, state)
        record = await _click(session, person, list_id, now)
        assert record is not None
        assert await optout.undo(session, consent_record_id=record, now=now)
        assert await session.scalar(select(Subscription.state)) is state
        assert not await optout.undo(session, consent_record_id=record, now=now)

        later = await _click(session, person, list_id, now)
        assert later is not None
        assert not await optout.undo(session, consent_record_id=record, now=now)
        assert await session.scalar(select(Subscription.state)) is LEFT


async def test_an_undo_comes_too_late_or_against_an_objection(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        list_id, person = await _one_on_a_list(session, keys, now)
        record = await _click(session, person, list_id, now)
        assert record is not None
        late = now + timedelta(hours=1, seconds=1)
        assert not await optout.undo(session, consent_record_id=record, now=late)
        assert not await optout.undo(session, consent_record_id=record + 1, now=now)
        await session.run_sync(
            optout.suppress,
            address_key=keys.address_key("p@example.org"),
            reason=SuppressionReason.OBJECTION,
            source="letter",
            now=now,
        )
        assert not await optout.undo(session, consent_record_id=record, now=now)


async def test_a_stronger_no_replaces_a_weaker_one_and_never_the_other_way(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:

        async def suppress(reason: SuppressionReason) -> bool:
            return await session.run_sync(
                optout.suppress,
                address_key=keys.address_key("p@example.org"),
                reason=reason,
                source="s",
                now=now,
            )

        assert await suppress(SuppressionReason.HARD_BOUNCE)
        assert not await suppress(SuppressionReason.HARD_BOUNCE)
        assert await suppress(SuppressionReason.OBJECTION)
        assert not await suppress(SuppressionReason.COMPLAINT)
        assert await optout.lift(session, address_key=keys.address_key("p@example.org"), now=now)
        assert not await optout.lift(
            session, address_key=keys.address_key("p@example.org"), now=now
        )


async def test_what_the_office_enters_names_who_did_and_a_persons_own_click_nobody(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = Actor.account(3, "Anne", said_by="root")
    async with database.begin() as session:
        one, two = [await make.a_list(session, name, now=now) for name in ("un", "deux")]
        person = await make.a_person(session, keys, "p", one, two, now=now)
        for list_, by in ((one, anne), (two, Actor.nobody())):
            await optout.unsubscribe(
                session, subscriber_id=person.id, list_id=list_.id, source="s", by=by, now=now
            )
        for host in ("example.org", "example.com"):
            key = keys.address_key(f"p@{host}")
            for by in (anne, anne, Actor.nobody()):
                await session.run_sync(
                    optout.suppress,
                    address_key=key,
                    reason=SuppressionReason.OBJECTION,
                    source="s",
                    by=by,
                    now=now,
                )
            assert await optout.lift(session, address_key=key, by=anne, now=now)
    async with database.reading() as session:
        kept = await session.scalars(
            select(ConsentRecord.entered_by)
            .where(ConsentRecord.event == ConsentEvent.LEFT)
            .order_by(ConsentRecord.id)
        )
        assert list(kept) == ["Anne (#3, root)", ""]
        page = await audit.events(session)
    assert [(it.action, it.object_id, it.why) for it in reversed(page.events)] == [
        (AuditAction.BARRED, person.id, "objection"),
        (AuditAction.LIFTED, person.id, ""),
        (AuditAction.BARRED, None, "objection"),
        (AuditAction.LIFTED, None, ""),
    ]
    assert {it.actor for it in page.events} == {"Anne (#3, root)"}
