"""A letter's way through the office: for whom, checked, approved, released, stopped."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.rights import Right
from mailer.models import (
    ApprovalEvent,
    ApprovalKind,
    Campaign,
    CampaignState,
    Notice,
    NoticeKind,
)
from mailer.report.foresee import Foreseen
from pli.checks import Check, warn, wrong
from pli.database import Database
from pli.keys import Keys
from pli.language import say
from subscribers.models import List
from tests import factories as make
from tests.web.office.deciding import a_draft_of, an_office_that_sends
from tests.web.office.manuscripts import a_manuscript
from tests.web.office.person import FROM_HERE, Town, a_town
from tests.web.office.ready import (
    a_ready_letter,
    actor_of,
    an_office_of_one,
    let_all_pass,
    state_of,
)
from tests.web.office.signed import signed_in
from web.office.counting import Counting, Overtaken
from web.office.sending_options import MachineChecks

LONG = "Quel jour ? " * 167 + "Et par où ?"
"""A remark of more signs than one may have."""


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town


async def test_a_letter_goes_its_whole_way_between_two_people(town: Town) -> None:
    anne = await town.hire("anne", Right.AUTHOR, Right.SENDER)
    bruno = await town.hire("bruno", Right.SENDER)
    campaign, _ = await a_draft_of(town.database, town.keys, actor_of(anne), now=town.clock.at)
    path = f"/office/sendings/{campaign.id}"
    async with town.somebody() as author, town.somebody() as approver:
        await signed_in(town, author, anne)
        await signed_in(town, approver, bruno)
        page = await author.go(path)
        assert "Lists: Liste membres." in author.text
        await author.go(f"{path}/who")
        assert "3</strong> people get it as things stand" in author.text
        await author.go(f"{path}/approve")
        assert "You made or changed it" in author.text
        assert f"{path}/approved" not in author.forms()
        refused = await author.send(f"{path}/ask", note=LONG)
        assert (refused.status_code, "has 2,015 signs" in author.text) == (422, True)
        assert LONG in author.text, "nothing of it is cut off"
        await author.send(f"{path}/ask", note="Avant jeudi, merci")
        assert "They are asked by mail." in author.text
        async with town.database.reading() as session:
            (mail,) = await session.scalars(select(Notice).where(Notice.kind == NoticeKind.OFFICE))
        assert mail.address == "bruno@example.org"

        await approver.go(f"{path}/approve")
        assert "Avant jeudi, merci" in approver.text
        old = approver.forms()[f"{path}/approved"]["seen"]
        empty = await approver.send(f"{path}/back")
        assert (empty.status_code, "a remark is needed" in approver.text) == (422, True)
        for said in ({"note": LONG}, {"note": "Presque", "remark-4": LONG}):
            refused = await approver.send(f"{path}/back", None, **said)
            assert (refused.status_code, "has 2,015 signs" in approver.text) == (422, True)
            assert LONG in approver.text, "nothing of it is cut off"
        await approver.go(f"{path}/approve")
        await approver.send(f"{path}/back", None, note="Presque", **{"remark-4": "Quel jour ?"})
        assert "It is sent back with your remarks." in approver.text
        await author.go(path)
        assert "Bruno sent it back on" in author.text
        beside = author.text.partition("<blockquote")[2]
        assert beside.index("La réunion est le 3.") < beside.index("Quel jour ?")
        assert "Presque" in author.text

        # Anne sets nobody aside, but changes for whom it is: what Bruno saw is not there any more.
        await author.go(f"{path}/who")
        await author.send(f"{path}/who", list="membres", audience="all")
        await approver.go(f"{path}/approve")
        assert approver.forms()[f"{path}/approved"]["seen"] != old
        late = await approver.send(f"{path}/approved", seen=old)
        assert late.status_code == 422
        assert "was changed meanwhile" in approver.text
        await approver.go(f"{path}/approve")
        await approver.send(f"{path}/approved")
        assert "This is approved." in approver.text

        await let_all_pass(approver, path)
        await approver.go(f"{path}/release?when=now")
        assert "Send it to 3 people" in approver.text
        assert "relais.example.org" in approver.text
        await approver.send(f"{path}/release")
        assert "seconds until the first copy" in approver.text
        released = await state_of(town, campaign.id)
        assert released.state is CampaignState.SCHEDULED
        assert released.scheduled_at == town.clock.at + timedelta(seconds=60)
        assert (released.released_count, released.released_by) == (3, actor_of(bruno).text)
        await approver.send(f"{path}/stop")
        assert "It is stopped: nothing was sent." in approver.text
        stopped = await state_of(town, campaign.id)
        assert stopped.state is CampaignState.APPROVED
        assert stopped.released_by is None
        assert page.status_code == 200


async def test_the_overview_names_who_asks_and_an_author_finds_the_way_back(town: Town) -> None:
    anne = await town.hire("anne", Right.AUTHOR)
    bruno, carla = [await town.hire(it, Right.SENDER) for it in ("bruno", "carla")]
    draft_id, _ = await a_manuscript(town)
    async with town.somebody() as author, town.somebody() as one, town.somebody() as other:
        for person, account in ((author, anne), (one, bruno), (other, carla)):
            await signed_in(town, person, account)
        await author.go(f"/office/letters/{draft_id}")
        assert "To its sending" not in author.text
        await author.send(f"/office/letters/{draft_id}/send")
        await author.go(f"/office/letters/{draft_id}")
        path = re.findall(r'href="(/office/sendings/\d+)">To its sending', author.text)[0]
        await author.go(path)
        assert f'<a href="/office/letters/{draft_id}">To the manuscript</a>' in author.text
        assert 'href="/office/sendings"' not in author.text, "a page that an author may not see"
        await one.go("/office/")
        assert "waits to be approved" in one.text, "nobody is asked yet"
        await author.go("/office/")
        assert "has findings that nobody has let pass." in author.text
        assert f'href="{path}/check"' in author.text
        await let_all_pass(author, path)
        await author.go("/office/")
        assert "Nobody has been asked yet to approve your letter" in author.text

        await author.go(f"{path}/approve")
        await author.send(f"{path}/ask", of=str(bruno.id))
        await one.go("/office/")
        assert "Anne asks you to approve letter" in one.text
        assert f'href="{path}/approve"' in one.text
        await other.go("/office/")
        assert "Nothing waits for you." in other.text, "somebody else is asked by name"
        assert path in other.text, "but the letter is seen"

        await author.go(f"{path}/approve")
        await author.send(f"{path}/ask")
        for person in (one, other):
            await person.go("/office/")
            assert "Anne asks for an approval of letter" in person.text
        await author.go("/office/")
        assert "Nothing waits for you." in author.text
        assert path in author.text

        await one.go(f"{path}/approve")
        await one.send(f"{path}/back", note="La date")
        await author.go("/office/")
        assert "was sent back to you." in author.text
        async with town.database.begin() as session:
            # Who only pressed the button, as one who wrote nothing and asked nobody.
            await session.execute(
                delete(ApprovalEvent).where(ApprovalEvent.kind != ApprovalKind.SENT_BACK)
            )
        await author.go("/office/")
        assert "was sent back to you." in author.text
        await other.go("/office/")
        assert "Nothing waits for you." in other.text

        async with town.database.begin() as session:
            campaign = (await session.scalars(select(Campaign))).one()
            campaign.state = CampaignState.RUNNING
        for person, sees in ((author, False), (one, True)):
            await person.go(f"/office/letters/{draft_id}")
            assert '<span class="badge">running</span>' in person.text
            assert ("To its sending" in person.text) is sees, "its numbers are another right"
        back = f'<a href="/office/letters/{draft_id}">To the manuscript</a>'
        for state in (CampaignState.RUNNING, CampaignState.FINISHED):
            async with town.database.begin() as session:
                (await session.scalars(select(Campaign))).one().state = state
            for person in (author, one):
                await person.go(path)
                assert back in person.text, state


@pytest.fixture
async def alone(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with an_office_of_one(sqlite_url, keys, now) as town:
        yield town


async def test_an_hour_is_refused_in_words_when_it_is_none_of_one_time(alone: Town) -> None:
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)
        for hour, why in (
            ("2026-11-20 08:00", "that hour is over"),
            ("2027-03-28 02:30", "does not exist there: the clocks go forward"),
            ("2027-10-31 02:30", "comes twice there"),
            ("demain", "is no hour"),
            ("", "write the hour, or choose “Now”"),
        ):
            page = await anne.go(f"{path}/release?when=at&hour={hour}")
            assert page.status_code == 422, hour
            assert why in anne.text, hour
        page = await anne.go(f"{path}/release?when=now&hour=26/11/2026 8h")
        assert page.status_code == 422, "an hour that was written is not thrown away"
        assert "you wrote an hour and chose “Now”" in anne.text
        await anne.go(f"{path}/release?when=at&hour=26/11/2026 8h")
        assert "Thursday, November 26, 2026 at 08:00 (Paris time), in 1 day and 22 hours" in (
            anne.text
        )


async def test_the_number_is_typed_with_spaces_or_in_arabic_digits_and_looked_at_again(
    alone: Town,
) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        for typed in ("", "4", "trois"):
            await anne.go(f"{path}/release?when=now")
            refused = await anne.send(f"{path}/release", typed=typed)
            assert refused.status_code == 422
            assert "type the number of people" in anne.text
        await anne.go(f"{path}/release?when=now")
        async with alone.database.begin() as session:
            members = await session.get_one(List, 1)
            await make.a_person(session, alone.keys, "nouvelle", members, now=alone.clock.at)
        changed = await anne.send(f"{path}/release", typed="3")
        assert changed.status_code == 422
        assert "the number of people has changed meanwhile: it is 4 now" in anne.text
        assert "Send it to 4 people" in anne.text
        await anne.send(f"{path}/release", typed="\u202f٤ ")
        assert (await state_of(alone, campaign_id)).state is CampaignState.SCHEDULED
        # Pressed once more, in another tab that is old.
        again = await anne.client.post(
            f"{path}/release",
            data={"token": anne.forms()[f"{path}/stop"]["token"], "when": "now", "shown": "4"},
            headers=FROM_HERE,
        )
        assert again.status_code == 422
        assert "Anne has released campaign" in again.text


async def test_an_error_has_no_anyway_and_a_warning_is_asked_for(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    asked = 0

    async def look() -> list[Check]:
        nonlocal asked
        asked += 1
        return [wrong("relay", say("no relay answers")), warn("disk", say("the disk is full"))]

    database = Database(sqlite_url)
    rules = an_office_that_sends(keys=keys, two=False)
    assert rules.sending is not None
    sending = replace(rules.sending, machine=MachineChecks(look))
    async with (
        a_town(database, keys, now, replace(rules, sending=sending)) as town,
        town.somebody() as anne,
    ):
        campaign_id, path = await a_ready_letter(town, anne)
        page = await anne.go(f"{path}/check")
        assert page.text.index("no relay answers") < page.text.index("the disk is full")
        error = await anne.client.post(
            f"{path}/tick",
            data={"token": anne.forms()["/office/sign-out"]["token"], "key": "0" * 32},
            headers=FROM_HERE,
        )
        assert error.status_code == 422
        await anne.go(f"{path}/release?when=now")
        assert "This still stands in the way" in anne.text
        assert f"{path}/release" not in anne.forms()
        campaign = await state_of(town, campaign_id)
        pressed = await anne.client.post(
            f"{path}/release",
            data={
                "token": anne.forms()["/office/sign-out"]["token"],
                "when": "now",
                "shown": "3",
                "seen": campaign.frozen_hash,
            },
            headers=FROM_HERE,
        )
        assert pressed.status_code == 422
        assert "no relay answers" in pressed.text
        assert (await state_of(town, campaign_id)).state is CampaignState.DRAFT
    assert asked == 1, "the machine is asked once a minute"
    await database.close()


async def test_what_is_chosen_wrongly_is_told_and_stays_in_the_form(alone: Town) -> None:
    async with alone.database.begin() as session:
        await make.a_list(session, "etrangere", now=alone.clock.at)
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)
        for typed, why in (
            ({"list": []}, "choose a list"),
            ({"list": ["nulle"]}, "there is no list nulle"),
            ({"list": ["membres"], "without_list": ["membres"]}, "chosen and set aside at once"),
            ({"list": ["membres"], "segment": ":rule"}, "write the rule"),
            ({"list": ["membres"], "segment": ":rule", "rule": "departement = 44"}, "departement"),
            ({"list": ["membres"], "segment": "inconnu"}, "no segment called"),
            ({"list": ["membres"], "without_rule": "age >"}, "no attribute age"),
        ):
            await anne.go(f"{path}/who")
            page = await anne.send(f"{path}/who", **typed)
            assert page.status_code == 422, typed
            assert why in anne.text, typed
        # Out of date: somebody else has changed it since the form was shown.
        await anne.go(f"{path}/who")
        late = await anne.send(f"{path}/who", list="membres", audience="all", seen="0" * 64)
        assert (late.status_code, "changed meanwhile" in anne.text) == (422, True)
        part = await anne.go(f"{path}/numbers?list=membres&without_rule=language = fr")
        assert "0</strong> people get it as things stand" in part.text
        assert "Was set aside for this sending" in part.text
        proposed = await anne.go(f"{path}/complete?text=list = &at=7")
        assert proposed.json()["proposals"] == ["etrangere", "membres"]


async def test_of_one_persons_counts_the_older_one_is_ended(
    database: Database,
) -> None:
    counting = Counting()
    slow = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        if database.is_sqlite
        else "SELECT pg_sleep(60)"
    )

    async def endless(session: AsyncSession) -> Foreseen:
        await session.execute(text(slow))
        raise AssertionError("it came to its end")

    async def quick(session: AsyncSession) -> Foreseen:
        await session.execute(text("SELECT 1"))
        return Foreseen(1, {})

    begun = time.monotonic()
    older = asyncio.create_task(counting.count(database, 1, endless, within=60))
    await asyncio.sleep(0.2)
    newer = await counting.count(database, 1, quick, within=60)
    assert newer == Foreseen(1, {})
    with pytest.raises(Overtaken):
        await older
    # Two come while the older one is ending: of them, too, only the newer one goes on.
    asked = [asyncio.create_task(counting.count(database, 1, endless, within=60))]
    await asyncio.sleep(0.2)
    asked += [
        asyncio.create_task(counting.count(database, 1, it, within=60)) for it in (endless, quick)
    ]
    assert await asked.pop() == Foreseen(1, {})
    for it in asked:
        with pytest.raises(Overtaken):
            await asyncio.wait_for(it, 20)
    assert await counting.count(database, 1, endless, within=0.2) is None
    # Its connection is whole, and free for others.
    assert await counting.count(database, 2, quick, within=60) == Foreseen(1, {})
    assert time.monotonic() - begun < 30
