"""A person's card: all letters to one person, for who may see who got what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from accounts.rights import Right
from mailer.models import CampaignState, Delivery, Status
from mailer.report import persons_letters
from pli import audit
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from subscribers.models import Subscriber
from tests import factories as make
from tests.factories import Copy
from tests.web.office.person import Town, a_town

REPLY = "<script>alert(1)</script> \x1b[31mrouge\x1b[0m \x83\x81\x81[\x83\x8b " + "x" * 10_000
"""HTML, the colours of a terminal, Shift-JIS read as if each octet were a sign, and 10 kB."""


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def letters_to(town: Town, *list_names: str) -> tuple[int, list[Delivery]]:
    """Somebody with a refused copy under each of these lists: the person, and the copies."""
    async with town.database.begin() as session:
        for number, name in enumerate(list_names, 1):
            await make.a_campaign_with(
                session,
                [Copy(Status.FAILED, "other", ((550, "5.0.0", REPLY),))],
                now=town.clock.at,
                of=replace(make.letter(), number=number),
                list_name=name,
                state=CampaignState.FINISHED,
            )
        copies = list(await session.scalars(select(Delivery).order_by(Delivery.campaign_id)))
        person = copies[0].subscriber_id
        assert person is not None
        for it in copies:
            it.subscriber_id = person
    return person, copies


async def test_a_card_is_reached_from_story_and_copies_and_each_look_is_noted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persons_letters.letters, "__kwdefaults__", {
        **(persons_letters.letters.__kwdefaults__ or {}), "limit": 2
    })  # fmt: skip
    person_id, copies = await letters_to(town, "une", "deux", "trois")
    who = await town.hire("anne", Right.WHO)
    card = f"/office/people/{person_id}"
    async with town.database.reading() as session:
        address = (await session.get_one(Subscriber, person_id)).email
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        at = f"/office/sendings/{copies[2].campaign_id}"
        listed = await anne.go(f"{at}/copies?status=failed")
        assert f'<a href="{card}">{address}</a>' in listed.text
        await anne.go(f"{at}/story")
        told = await anne.send(f"{at}/story", address=address)
        assert f'href="{card}"' in told.text
        page = await anne.go(card)
        assert [f"Letter no. {n}" in page.text for n in (3, 2, 1)] == [True, True, False]
        assert "was refused" in page.text
        further = f"{card}?after={copies[1].campaign_id}"
        assert f'href="{further}"' in page.text
        page = await anne.go(further)
        assert [f"Letter no. {n}" in page.text for n in (3, 2, 1)] == [False, False, True]
        one = await anne.go(f"{card}/sendings/{copies[0].campaign_id}")
        assert "No. Not sent for another reason" in one.text
        for shown in (listed, told, one):
            assert "&lt;script&gt;" in shown.text
            assert "<script>alert" not in shown.text
            assert not {"\x1b", "\x83", "\x81"} & set(shown.text)
            assert len(shown.text) < 12_000, "what a server says without end is cut"
        for nobody in ("99999", f"{person_id}/sendings/9999", "9" * 400):
            assert (await anne.go(f"/office/people/{nobody}")).status_code == 404
        for odd in ("x", "-1", "9" * 400, "²"):
            assert (await anne.go(f"{card}?after={odd}")).status_code == 200
    async with town.database.reading() as session:
        looks = await audit.events(session, action=AuditAction.PERSON_VIEWED, object_id=person_id)
    assert {(it.account_id, it.why) for it in looks.events} == {(who.id, "card"), (who.id, "story")}


async def test_of_a_card_one_sees_the_own_lists_and_that_there_is_more(town: Town) -> None:
    person_id, copies = await letters_to(town, "own", "other")
    card = f"/office/people/{person_id}"
    await town.hire("anne", Right.WHO, lists=[copies[0].list_id])
    async with town.database.begin() as session:
        foreign = await make.a_list(session, "foreign", now=town.clock.at)
    await town.hire("bruno", Right.WHO, lists=[foreign.id])
    await town.hire("carla", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        page = await anne.go(card)
        assert [f"Letter no. {n}" in page.text for n in (1, 2)] == [True, False]
        assert "There is 1 list more, which you do not see" in anne.text
        assert (await anne.go(f"{card}/sendings/{copies[1].campaign_id}")).status_code == 404
    for name in ("bruno", "carla"):
        async with town.somebody() as other:
            await other.sign_in(name)
            for path in (card, f"{card}/sendings/{copies[0].campaign_id}"):
                assert (await other.go(path)).status_code == 404, name
