"""Saving: only onto what one saw, each save once, and nothing that anybody wrote is lost."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailer.draft_models import DraftState
from mailer.letter import drafts
from mailer.letter.drafts import presence, rows, saving, states, versions
from mailer.letter.drafts.rows import DraftError, DraftGone, DraftLocked
from mailer.letter.drafts.saving import Conflict, Saved
from pli import audit
from pli.audit import AuditAction, AuditObject
from pli.database import Database
from tests.mailer.letter.drafts.written import ANNE, BODY, BRUNO, a_written


async def save(database: Database, draft_id: int, base: int, body: str, **given: Any) -> Any:
    given = {"by": ANNE, "key": "", **given}
    async with database.begin() as session:
        return await saving.save(session, draft_id=draft_id, base=base, body=body, **given)


async def texts(database: Database, draft_id: int) -> tuple[int, str]:
    async with database.reading() as session:
        found = await rows.get(session, draft_id)
    return found.line.version, found.body


async def test_a_save_is_taken_once_and_only_onto_what_its_author_saw(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)
    first = await save(database, draft_id, 1, "un", key="a", now=now)
    assert isinstance(first, Saved)
    assert (first.version, first.changed) == (2, True)
    again = await save(database, draft_id, 1, "un", key="a", now=now)
    assert (again.version, again.changed) == (2, False), "it arrived twice"
    second = await save(database, draft_id, 2, "deux", key="b", now=now)
    assert second.version == 3
    late = await save(database, draft_id, 1, "un", key="a", now=now)
    assert late.version == 2, "it arrived again, behind the next one"
    assert await texts(database, draft_id) == (3, "deux")
    stale = await save(database, draft_id, 2, "autre", key="c", by=BRUNO, now=now)
    assert isinstance(stale, Conflict)
    assert stale.latest.body == "deux"
    assert await texts(database, draft_id) == (3, "deux"), "nothing is written over in silence"
    same_text = await save(database, draft_id, 1, "deux", key="s", by=BRUNO, now=now)
    assert (same_text.version, same_text.changed) == (3, False), "both wrote the same"


async def test_a_text_that_a_conflict_showed_stays_in_the_history_though_both_are_of_one_person(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)
    await save(database, draft_id, 1, "d'une fenêtre", now=now)
    other = await save(database, draft_id, 1, "de l'autre", now=now)
    assert isinstance(other, Conflict)
    # She chooses the text of the other window: the first one was kept nowhere else.
    await save(database, draft_id, other.latest.line.version, "de l'autre", asked=True, now=now)
    async with database.reading() as session:
        kept = await versions.versions(session, draft_id)
        texts_ = [(await versions.version(session, draft_id, it.version)).body for it in kept]
    assert texts_ == ["de l'autre", "d'une fenêtre", BODY]


async def test_of_two_saves_at_once_one_is_taken(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)
    found = await asyncio.gather(
        *(save(database, draft_id, 1, f"texte {n}", key=f"{n}", now=now) for n in range(4))
    )
    taken = [it for it in found if isinstance(it, Saved)]
    assert len(taken) == 1
    assert len([it for it in found if isinstance(it, Conflict)]) == 3
    same = await asyncio.gather(
        *(save(database, draft_id, 2, "le même", key="same", now=now) for _ in range(3))
    )
    assert {it.version for it in same} == {3}, "one save that came three times"


async def test_a_version_is_kept_when_asked_or_after_five_minutes_or_for_another_person(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)
    minute = timedelta(minutes=1)
    await save(database, draft_id, 1, "un", now=now + minute)
    await save(database, draft_id, 2, "deux", asked=True, now=now + 2 * minute)
    await save(database, draft_id, 3, "trois", now=now + 3 * minute)
    await save(database, draft_id, 4, "quatre", now=now + 8 * minute)
    await save(database, draft_id, 5, "cinq", now=now + 9 * minute)
    await save(database, draft_id, 6, "six", by=BRUNO, now=now + 10 * minute)
    await save(database, draft_id, 7, "sept", now=now - 600 * minute)  # a clock set back
    await save(database, draft_id, 8, "huit", asked=True, now=now)
    await save(database, draft_id, 9, "huit", asked=True, now=now)
    async with database.reading() as session:
        kept = await versions.versions(session, draft_id)
        told = {it.version: await versions.version(session, draft_id, it.version) for it in kept}
        makers = await drafts.makers(session, draft_id)
    assert {it: told[it].body for it in told} == {
        1: BODY,
        3: "deux",
        5: "quatre",
        6: "cinq",  # before somebody else wrote over it
        7: "six",
        8: "sept",
        9: "huit",
    }
    assert [it.version for it in kept if it.asked] == [9, 3, 1]
    assert list(makers) == [ANNE.text, BRUNO.text]
    async with database.begin() as session:
        restored = await versions.restore(session, draft_id=draft_id, number=3, by=BRUNO, now=now)
    assert isinstance(restored, Saved)
    assert await texts(database, draft_id) == (10, "deux")
    async with database.reading() as session:
        assert (await versions.version(session, draft_id, 9)).body == "huit", "and it stays"
        with pytest.raises(DraftError, match="no version 2"):
            await versions.version(session, draft_id, 2)


async def test_states_lock_a_manuscript_and_a_deleted_one_is_gone_for_its_page(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, list_id = await a_written(session, now)

    async def become(state: DraftState) -> bool:
        async with database.begin() as session:
            return await drafts.set_state(session, draft_id=draft_id, state=state, by=ANNE, now=now)

    assert await become(DraftState.IN_REVIEW)
    assert not await become(DraftState.IN_REVIEW)
    assert (await save(database, draft_id, 1, "un", now=now)).version == 2
    assert await become(DraftState.RELEASED)
    with pytest.raises(DraftLocked, match="was released"):
        await save(database, draft_id, 2, "deux", now=now)
    assert await become(DraftState.PUT_AWAY)
    with pytest.raises(DraftError, match="another state"):
        await become(DraftState.RELEASED)
    with pytest.raises(DraftLocked, match="put away"):
        await save(database, draft_id, 2, "deux", now=now)
    async with database.begin() as session:
        await states.delete_draft(session, draft_id=draft_id, by=ANNE, now=now)
    with pytest.raises(DraftGone):
        await save(database, draft_id, 2, "deux", now=now)
    async with database.reading() as session:
        assert await rows.lists_of(session, draft_id) == (list_id,), (
            "its page hears that it is gone"
        )
        assert await rows.lists_of(session, 999) is None
        assert await rows.listed(session, list_ids=None) == []
        assert await versions.versions(session, draft_id) == []
        page = await audit.events(session, kind=AuditObject.DRAFT, object_id=draft_id)
    assert [it.action for it in page.events] == [
        AuditAction.DRAFT_DELETED,
        AuditAction.DRAFT_STATE,
        AuditAction.DRAFT_STATE,
        AuditAction.DRAFT_STATE,
        AuditAction.DRAFT_MADE,
    ]


async def test_what_databases_do_not_keep_is_replaced_and_too_much_is_refused(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)
    family = "👨‍👩‍👧"
    await save(database, draft_id, 1, f"a\0b {family} \ud83d e\u0301 \u202eabc", now=now)
    assert await texts(database, draft_id) == (2, f"a\ufffdb {family} \ufffd e\u0301 \u202eabc")
    with pytest.raises(DraftError, match="more than 2000000 signs"):
        await save(database, draft_id, 2, "x" * 2_000_001, now=now)
    await save(database, draft_id, 2, "long " * 399_999, now=now)
    assert (await texts(database, draft_id))[0] == 3


async def test_line_ends_stay_as_they_were_though_a_browser_sends_others(
    database: Database, now: datetime
) -> None:
    body = "\r\n# Titre\r\n\r\nTexte\r\n"
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now, body=body)
    same = await save(database, draft_id, 1, body.replace("\r\n", "\n"), now=now)
    assert not same.changed
    await save(database, draft_id, 1, "\n# Titre\n\nAutre\n", now=now)
    assert await texts(database, draft_id) == (2, "\r\n# Titre\r\n\r\nAutre\r\n")


async def test_who_has_a_manuscript_open_is_told_with_since_when(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)

    async def look_in(account_id: int, seconds: int) -> None:
        async with database.begin() as session:
            await presence.look_in(
                session,
                draft_id=draft_id,
                account_id=account_id,
                name=f"personne {account_id}",
                now=now + timedelta(seconds=seconds),
            )

    async def there(seconds: int, but: int | None = None) -> list[tuple[int, int]]:
        async with database.reading() as session:
            found = await presence.present(
                session, draft_id, but=but, now=now + timedelta(seconds=seconds)
            )
        return [(it.account_id, int((it.since - now).total_seconds())) for it in found]

    for seconds in (0, 20, 40):
        await look_in(1, seconds)
    await look_in(2, 30)
    await look_in(2, 31)  # a second page of the same person
    assert await there(45) == [(1, 0), (2, 30)]
    assert await there(45, but=1) == [(2, 30)]
    assert await there(100) == [(1, 0)], "who said nothing for a minute has gone"
    await look_in(2, 200)
    assert await there(201) == [(2, 200)], "and comes back anew"
    async with database.begin() as session:
        await presence.leave(session, draft_id=draft_id, account_id=2)
    assert await there(201) == []
