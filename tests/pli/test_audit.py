"""The audit: what is written stays, and is read page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pli import audit, audit_words
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject, Event
from pli.database import Database

ANNE, ROOT = Actor.account(3, "Anne"), Actor.system("root")


async def some_events(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        for n in range(5):
            audit.record(
                session,
                by=ANNE if n % 2 else ROOT,
                action=AuditAction.PERSON_VIEWED if n < 3 else AuditAction.RIGHT_GRANTED,
                kind=AuditObject.PERSON if n < 3 else AuditObject.ACCOUNT,
                object_id=n % 2,
                list_id=7,
                count=n,
                why=f"event {n}",
                now=now + timedelta(seconds=n),
            )


async def test_pages_tell_each_event_once_the_newest_first(
    database: Database, now: datetime
) -> None:
    await some_events(database, now)
    found: list[Event] = []
    before, pages = None, 0
    async with database.reading() as session:
        while pages == 0 or before is not None:
            page = await audit.events(session, before=before, limit=2)
            found += page.events
            before, pages = page.before, pages + 1
    assert [it.why for it in found] == [f"event {n}" for n in (4, 3, 2, 1, 0)]
    assert pages == 3
    last = found[-1]
    assert (last.actor, last.account_id, last.list_id, last.count) == ("root", None, 7, 0)
    assert last.at == now


async def test_events_are_found_by_who_by_what_and_by_the_object(
    database: Database, now: datetime
) -> None:
    await some_events(database, now)
    async with database.reading() as session:
        of_anne = await audit.events(session, account_id=3)
        views = await audit.events(session, action=AuditAction.PERSON_VIEWED)
        person = await audit.events(session, kind=AuditObject.PERSON, object_id=0)
    assert [it.count for it in of_anne.events] == [3, 1]
    assert [it.count for it in views.events] == [2, 1, 0]
    assert [it.count for it in person.events] == [2, 0]


async def test_an_event_goes_with_the_transaction_of_what_it_tells(
    database: Database, now: datetime
) -> None:
    async def fails() -> None:
        async with database.begin() as session:
            audit.record(
                session,
                by=ANNE,
                action=AuditAction.SIGNED_IN,
                kind=AuditObject.ACCOUNT,
                object_id=3,
                now=now,
            )
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with database.reading() as session:
        assert (await audit.events(session)).events == []


@pytest.mark.parametrize("why", ["a\0b", "\ud800", "\u202e<script>", "x" * 5000])
async def test_every_reason_can_be_kept(database: Database, now: datetime, why: str) -> None:
    async with database.begin() as session:
        audit.record(
            session,
            by=ANNE,
            action=AuditAction.PERSON_VIEWED,
            kind=AuditObject.PERSON,
            object_id=1,
            why=why,
            now=now,
        )
    async with database.reading() as session:
        (event,) = (await audit.events(session)).events
    assert 0 < len(event.why) <= audit.LONGEST_WHY


async def test_events_are_found_by_any_of_some_objects_and_from_an_hour_on(
    database: Database, now: datetime
) -> None:
    await some_events(database, now)
    async with database.reading() as session:
        some = await audit.events(
            session, objects={AuditObject.PERSON: [0], AuditObject.ACCOUNT: [1, 7]}
        )
        none = await audit.events(session, objects={})
        late = await audit.events(session, since=now + timedelta(seconds=3))
    assert [it.count for it in some.events] == [3, 2, 0]
    assert none.events == []
    assert [it.count for it in late.events] == [4, 3]


def test_each_action_and_each_object_has_its_words() -> None:
    assert set(audit_words.ACTIONS) == set(AuditAction)
    assert set(audit_words.OBJECTS) == set(AuditObject)
    assert all(len(it.value) <= 16 for it in (*AuditAction, *AuditObject))


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (Actor.account(3, "Anne"), "Anne"),
        (Actor.account(3, "Anne", said_by="root"), "Anne, as root said on the command line"),
        (ROOT, "root on the command line"),
        (Actor.nobody(), "somebody who had not signed in"),
    ],
)
def test_what_the_command_line_says_is_told_as_that(actor: Actor, told: str) -> None:
    assert str(audit_words.who(actor)) == told
