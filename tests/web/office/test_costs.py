"""What a page of the office costs: questions to the database, and time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import event

from accounts.rights import Right
from mailer.letter.drafts import pictures
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.factories.letters import PIXEL
from tests.web.client import LOCAL_IDENTITY
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.manuscripts import ROOT, a_manuscript
from tests.web.office.person import ORIGIN, Person, Town, a_town
from tests.web.office.signed import signed_in
from web.office.app import Office
from web.office.options import OfficeOptions
from web.pages import Pages

PAGE_SECONDS = 0.020
OF_A_DRAFT = (
    "stream", "who", "numbers", "complete", "check", "approve", "release", "mail", "text", "web",
)  # fmt: skip


@pytest.fixture
async def town(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    database = Database(sqlite_url)
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town
    await database.close()


@contextmanager
def asked(town: Town) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    said: list[str] = []

    def note(*statement: object) -> None:
        if not str(statement[2]).startswith("BEGIN"):
            said.append(str(statement[2]))

    engines = {town.database.reader.sync_engine, town.database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield said
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def furnished(town: Town, person: Person, people: int) -> list[str]:
    """Somebody with every right, a sending, and so many people of the office: all pages to look at.

    They are found in the office's own routes: a new page is looked at without being named here.
    """
    async with town.database.begin() as session:
        members = await make.a_list(session, f"l{people}", now=town.clock.at)
        await make.a_person(session, town.keys, f"jeanne{people}", members, now=town.clock.at)
        campaign = await make.a_campaign(session, town.keys, [members], now=town.clock.at)
    draft_id, _ = await a_manuscript(town, list_name=f"m{people}")
    async with town.database.begin() as session:
        now = town.clock.at
        await pictures.put(
            session, draft_id=draft_id, name="image.png", data=PIXEL, by=ROOT, now=now
        )
    for n in range(people):
        await town.hire(f"p{people}-{n}", Right.READER, password=None)
    olga = await town.hire(f"olga{people}", *Right, password=None)
    await signed_in(town, person, olga)
    pages = Pages(
        town.database, replace(LOCAL_IDENTITY, public_url=ORIGIN), "en", lambda: town.clock.at
    )
    office = Office(pages, town.keys, OfficeOptions(), inbox=False)

    def number(path: str) -> str:
        if path.startswith("/letters"):
            return str(draft_id)
        return str(olga.id if path.startswith("/accounts") else campaign.id)

    return [
        "/office"
        + it.path.replace("{id:number}", number(it.path))
        .replace("{version:number}", "1")
        .replace("{sending:number}", str(campaign.id))
        .replace("{name}", "image.png")
        for it in office.office_routes()
        # What a draft is decided on has tests of its own: a sending that runs leads on from there.
        # So has what belongs to a manuscript. A stream lasts as long as somebody watches.
        if "GET" in it.methods
        and "{token}" not in it.path
        and it.path.rpartition("/")[2] not in OF_A_DRAFT
        and not it.path.startswith("/letters/{id:number}/")
    ]


async def test_the_guard_asks_once_who_is_there_and_once_whose_lists_it_is(town: Town) -> None:
    async with town.somebody() as person:
        pages = await furnished(town, person, 1)
        await person.go(pages[0])
        for page in pages:
            with asked(town) as said:
                assert (await person.go(page, follow_redirects=False)).status_code < 400, page
            who = [it for it in said if "FROM session" in it and "account_right" in it]
            lists = [
                it for it in said if it.startswith("SELECT campaign.id, campaign_list.list_id")
            ]
            # The page of new factors asks who is on the way in.
            assert len(who) == (2 if page.endswith("/enrol") else 1), page
            # A sending's page judges by its lists and its state; so does what it shows of people.
            assert len(lists) <= (2 if "/sendings/" in page else 0), page
            assert not [it for it in said if it.startswith("UPDATE session")], page
        town.wait(seconds=61)
        with asked(town) as said:
            for _ in range(2):
                await person.go("/office/house")
        assert [it.split()[0] for it in said] == ["SELECT", "UPDATE", "SELECT"], "once a minute"


async def test_no_page_asks_more_the_more_people_there_are(town: Town) -> None:
    counts = []
    async with town.somebody() as person:
        for people in (1, 9):
            pages = await furnished(town, person, people)
            with asked(town) as said:
                for page in pages:
                    # These two foresee the end of five running ones.
                    if page not in ("/office/sendings", "/office/"):
                        await person.go(page, follow_redirects=False)
            counts.append(len(said))
    assert counts[0] == counts[1]


async def test_a_page_takes_less_than_twenty_milliseconds(town: Town) -> None:
    async with town.somebody() as person:
        pages = await furnished(town, person, 5)
        slow = {}
        for page in pages:
            took = []
            for _ in range(5):
                begun = time.process_time()
                await person.go(page)
                took.append(time.process_time() - begun)
            # The least of five: templates are read by the first, and others share the machine.
            if min(took) >= PAGE_SECONDS:
                slow[page] = min(took)
    assert slow == {}
