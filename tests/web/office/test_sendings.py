"""The sendings in the office: what one sees of them, and what is noted of a look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.models import CampaignState, Status
from mailer.pacing.limits import Limits, Plan
from mailer.report import html_page, summary, viewing
from mailer.smtp import troubles
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from tests import factories as make
from tests.factories import ONE_OF_EACH
from tests.web.office.person import Town, a_town
from web.office.options import OfficeOptions


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(
        database,
        keys,
        now,
        OfficeOptions(plans={"main": Plan("slow.example.org", Limits(per_second=2))}),
    ) as town:
        yield town


async def test_the_office_shows_sendings_and_a_report_that_moves(town: Town) -> None:
    async with town.database.begin() as session:
        running = await make.a_campaign_with(session, now=town.clock.at)
        finished = await make.a_campaign_with(
            session,
            tuple(it for it in ONE_OF_EACH if it.status.value not in ("pending", "sending")),
            now=town.clock.at,
            list_name="autres",
            state=CampaignState.FINISHED,
        )
    await town.hire("anne", Right.WHO)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        listed = await anne.go("/office/sendings")
        assert f'href="/office/sendings/{running.id}"' in listed.text
        moving = await anne.go(f"/office/sendings/{running.id}")
        assert 'data-again="3"' in moving.text
        for path in (f"/office/sendings/{running.id}?still", f"/office/sendings/{finished.id}"):
            page = await anne.go(path)
            assert page.status_code == 200
            assert "data-again" not in page.text
        for unknown in (10**30, "9" * 5_000, 2**31, 999):
            page = await anne.go(f"/office/sendings/{unknown}")
            assert page.status_code == 404


async def test_only_who_may_see_copies_sees_addresses_and_that_is_noted(town: Town) -> None:
    async with town.database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=town.clock.at)
    await town.hire("anne", Right.READER)
    who = await town.hire("bruno", Right.WHO)
    seen = {}
    for name in ("anne", "bruno"):
        async with town.somebody() as somebody:
            await somebody.sign_in(name)
            for _ in range(2):
                seen[name] = await somebody.go(f"/office/sendings/{campaign.id}")
    assert "@example.org" not in seen["anne"].text
    assert "@example.org" in seen["bruno"].text
    async with town.database.reading() as session:
        page = await audit.events(session, action=AuditAction.PEOPLE_VIEWED)
        listed = html_page.listed(await summary.report(session, campaign.id))
    found = [(it.account_id, it.object_id, it.count) for it in page.events]
    assert found == [(who.id, campaign.id, listed)]


async def test_a_report_that_shows_more_people_than_before_is_another_look(town: Town) -> None:
    who = await town.hire("bruno", Right.WHO)
    async with town.database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=town.clock.at)
        sent = [it for it in ONE_OF_EACH if it.status is Status.SENT]
        nobody = await make.a_campaign_with(
            session, sent, now=town.clock.at, list_name="autres", names="autre{n}"
        )
        viewing.note_people(
            session,
            count=1,
            how="",
            campaign_id=campaign.id,
            by=Actor.account(who.id, who.name),
            now=town.clock.at,
        )
    async with town.somebody() as bruno:
        await bruno.sign_in("bruno")
        await bruno.go(f"/office/sendings/{campaign.id}")
        await bruno.go(f"/office/sendings/{nobody.id}")
    async with town.database.reading() as session:
        page = await audit.events(session, action=AuditAction.PEOPLE_VIEWED)
        listed = html_page.listed(await summary.report(session, campaign.id))
    assert [it.count for it in page.events] == [listed, 1], "and nobody is no look"


async def test_the_office_sees_since_when_a_relay_does_not_answer(town: Town) -> None:
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=town.clock.at)
        await make.members(session, town.keys, members, 2, now=town.clock.at)
        campaign = await make.a_campaign(session, town.keys, [members], now=town.clock.at)
        await troubles.note(
            session, name="main", relay="r:25", reason=Sentence("no"), refused=False, rest=240
        )
    await town.hire("anne", Right.SENDER, lists=[members.id])
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        # A sender needs a second factor, and has none yet.
        assert "/office/enrol" in anne.text
    await town.hire("bruno", Right.READER, lists=[members.id])
    async with town.somebody() as bruno:
        await bruno.sign_in("bruno")
        for path in ("/office/sendings", f"/office/sendings/{campaign.id}"):
            await bruno.go(path)
            assert "the relay does not answer since" in bruno.text


async def test_a_sending_to_another_list_is_not_there(town: Town) -> None:
    now = town.clock.at
    async with town.database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        await make.a_person(session, town.keys, "jeanne", own, other, now=now)
        mine, theirs, both = [
            await make.a_campaign(
                session, town.keys, lists, of=replace(make.letter(), number=number), now=now
            )
            for number, lists in enumerate(([own], [other], [own, other]), 300)
        ]
    await town.hire("anne", Right.READER, lists=[own.id])
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        listed = await anne.go("/office/sendings")
        shown = [it for it in (mine, theirs, both) if f"/office/sendings/{it.id}" in listed.text]
        assert shown == [mine]
        for campaign, code in ((mine, 200), (theirs, 404), (both, 404)):
            assert (await anne.go(f"/office/sendings/{campaign.id}")).status_code == code


async def test_why_a_campaign_is_paused_stands_in_the_list_and_in_its_report(town: Town) -> None:
    async with town.database.begin() as session:
        stopped = await make.a_campaign_with(session, ONE_OF_EACH, now=town.clock.at)
        reason = Sentence("refused: {text}", {"text": "5.7.1 <b>we do not like you</b>"})
        await lifecycle.pause(session, campaign_id=stopped.id, reason=reason)
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        for path in ("/office/sendings", f"/office/sendings/{stopped.id}"):
            page = await anne.go(path)
            assert "5.7.1 <b>we do not like you</b>" in anne.text
            assert "<b>we" not in page.text
