"""A letter that is ready to go, and somebody who decides alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from accounts.models import Account
from accounts.rights import Right
from mailer.models import Campaign
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests.web.office.deciding import a_draft_of, an_office_that_sends
from tests.web.office.person import Person, Town, a_town
from tests.web.office.signed import signed_in


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


async def a_ready_letter(
    town: Town, person: Person, *, size: int = 3, name: str = "anne"
) -> tuple[int, str]:
    """A draft of somebody who alone decides, all warnings let pass; its id and its address."""
    anne = await town.hire(name, Right.AUTHOR, Right.SENDER)
    campaign, _ = await a_draft_of(
        town.database, town.keys, actor_of(anne), size=size, now=town.clock.at
    )
    await signed_in(town, person, anne)
    path = f"/office/sendings/{campaign.id}"
    await let_all_pass(person, path)
    return campaign.id, path


@asynccontextmanager
async def an_office_of_one(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    """An office in which one person decides, and types the number above two."""
    database = Database(sqlite_url)
    rules = an_office_that_sends(keys=keys, two=False, above=2)
    async with a_town(database, keys, now, rules) as town:
        yield town
    await database.close()
