"""A letter's way through the office: for whom, checked, approved, released, stopped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from accounts.models import Account
from accounts.rights import Right
from mailer.models import Campaign, CampaignState, Notice, NoticeKind
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests.web.office.deciding import a_draft_of, an_office_that_sends
from tests.web.office.person import Person, Town, a_town
from tests.web.office.signed import signed_in


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town


def actor_of(account: Account) -> Actor:
    return Actor.account(account.id, account.name)


async def state_of(town: Town, campaign_id: int) -> Campaign:
    async with town.database.reading() as session:
        return await session.get_one(Campaign, campaign_id)


async def let_all_pass(person: Person, path: str) -> None:
    """Let every warning pass, one by one."""
    for _ in range(20):
        page = await person.go(f"{path}/check")
        keys = re.findall(r'name="key" value="([0-9a-f]{32})"', page.text)
        if not keys:
            return
        await person.send(f"{path}/tick", key=keys[0])
    raise AssertionError("there is no end of warnings")


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
        await author.send(f"{path}/ask", note="Avant jeudi, merci")
        assert "They are asked by mail." in author.text
        async with town.database.reading() as session:
            (mail,) = await session.scalars(select(Notice).where(Notice.kind == NoticeKind.OFFICE))
        assert mail.address == "bruno@example.org"

        await approver.go(f"{path}/approve")
        assert "Avant jeudi, merci" in approver.text
        old = approver.forms()[f"{path}/approved"]["seen"]
        await approver.send(f"{path}/back", note="Le 3, c'est quel jour ?", line="12")
        assert "It is sent back with your remark." in approver.text
        await author.go(path)
        assert "Bruno sent it back:" in author.text

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
