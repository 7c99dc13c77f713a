"""The next number of a list's letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mailer.campaign import numbering
from pli.database import Database
from pli.keys import Keys
from subscribers.lists import ListError
from tests import factories as make


async def test_a_list_goes_on_after_its_own_highest_number(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        office = await make.a_list(session, "bureau", now=now)
        await make.members(session, keys, members, 1, now=now)
        for number in (294, 12):
            letter = replace(make.letter(), number=number)
            await make.a_campaign(session, keys, [members], now=now, of=letter, started=False)
    async with database.reading() as session:
        assert await numbering.next_number(session, list_name=members.name) == 295
        assert await numbering.next_number(session, list_name=office.name) == 1
        with pytest.raises(ListError):
            await numbering.next_number(session, list_name="personne")
