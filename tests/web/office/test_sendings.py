"""The sendings in the office: what one sees of them, and what is noted of a look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.models import CampaignState
from mailer.pacing.limits import Limits, Plan
from mailer.smtp import troubles
from pli import audit
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from subscribers.models import SubscriptionState
from tests import factories as make
from tests.factories import ONE_OF_EACH
from tests.web.office.person import Town, a_town
from web.office.options import OfficeOptions

DONE = tuple(it for it in ONE_OF_EACH if it.status.value not in ("pending", "sending"))


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(
        database,
        keys,
        now,
        OfficeOptions(plans={"main": Plan("slow.example.org", Limits(per_second=2))}),
    ) as town:
        yield town


async def test_the_office_lists_sendings_and_each_has_a_page_that_moves_or_stands(
    town: Town,
) -> None:
    async with town.database.begin() as session:
        running = await make.a_campaign_with(session, now=town.clock.at)
        finished = await make.a_campaign_with(
            session, DONE, now=town.clock.at, list_name="autres", state=CampaignState.FINISHED
        )
        planned = await make.a_campaign_with(
            session, (), now=town.clock.at, list_name="fêtes", state=CampaignState.SCHEDULED
        )
        planned.scheduled_at, planned.scheduled_zone = town.clock.at + timedelta(hours=1), "UTC"
        draft = await make.a_campaign_with(
            session, (), now=town.clock.at, list_name="brouillons", state=CampaignState.DRAFT
        )
    await town.hire("anne", Right.WHO)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        listed = await anne.go("/office/sendings")
        assert f'href="/office/sendings/{running.id}"' in listed.text
        overview = await anne.go("/office/")
        for page in (listed, overview):
            assert f'href="/office/sendings/{planned.id}"' in page.text, "it is decided"
            assert f'href="/office/sendings/{draft.id}"' not in page.text, "it is not"
        assert (await anne.go(f"/office/sendings/{draft.id}")).status_code == 404
        moving = (await anne.go(f"/office/sendings/{running.id}")).text
        assert f'data-stream="/office/sendings/{running.id}/stream"' in moving
        assert '<noscript><meta http-equiv="refresh"' in moving
        assert "Mailbox full" in moving, "the last refusals are in the words of the relay"
        still = (await anne.go(f"/office/sendings/{running.id}?still")).text
        assert "data-stream" not in still
        assert "http-equiv" not in still
        report = (await anne.go(f"/office/sendings/{finished.id}")).text
        assert "Every copy is accounted for." in report
        assert "data-stream" not in report
        for unknown in (10**30, "9" * 5_000, 2**31, 999):
            page = await anne.go(f"/office/sendings/{unknown}")
            assert page.status_code == 404


async def test_a_report_is_in_numbers_and_each_page_of_copies_is_a_look_that_is_noted(
    town: Town,
) -> None:
    async with town.database.begin() as session:
        campaign = await make.a_campaign_with(
            session, DONE, now=town.clock.at, state=CampaignState.FINISHED
        )
    await town.hire("anne", Right.READER)
    who = await town.hire("bruno", Right.WHO)
    at = f"/office/sendings/{campaign.id}"
    for name, status in (("anne", 404), ("bruno", 200)):
        async with town.somebody() as somebody:
            await somebody.sign_in(name)
            for place in ("", "/paper", "/report.json"):
                shown = await somebody.go(at + place)
                assert shown.status_code == 200
                assert f"membre{campaign.id}." not in shown.text, "no address"
            shown = await somebody.go(f"{at}/copies?status=failed")
            assert shown.status_code == status
            assert ("Mailbox full" in shown.text) is (status == 200)
    async with town.database.reading() as session:
        page = await audit.events(session, action=AuditAction.PEOPLE_VIEWED)
    assert [(it.account_id, it.object_id, it.count, it.why) for it in page.events] == [
        (who.id, campaign.id, 2, "copies")
    ]


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
        assert shown == [mine, both]
        assert "to 1 list more" in listed.text
        for campaign, code in ((mine, 200), (theirs, 404), (both, 200)):
            for place in ("", "/stream", "/paper", "/report.json"):
                path = f"/office/sendings/{campaign.id}{place}"
                assert (await anne.client.head(path)).status_code == code, path


async def test_of_a_sending_to_two_lists_one_sees_the_numbers_of_the_own_one(town: Town) -> None:
    now = town.clock.at
    async with town.database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        await make.members(session, town.keys, own, 3, now=now)
        for n in range(5):
            await make.a_person(session, town.keys, f"other{n}", other, now=now)
        left = await make.a_person(session, town.keys, "gone", now=now)
        await make.a_subscription(session, left.id, other.id, now=now, state=SubscriptionState.LEFT)
        both = await make.a_campaign(session, town.keys, [own, other], now=now)
        await lifecycle.cancel(session, campaign_id=both.id, now=now)
    await town.hire("anne", Right.WHO, lists=[own.id])
    await town.hire("olga", Right.WHO)
    for name, candidates, copies in (("anne", 3, 3), ("olga", 9, 8)):
        async with town.somebody() as somebody:
            await somebody.sign_in(name)
            page = await somebody.go(f"/office/sendings/{both.id}")
            assert ("to 1 list more" in page.text) is (name == "anne")
            numbers = (await somebody.go(f"/office/sendings/{both.id}/report.json")).json()
            assert numbers["candidates"] == candidates
            assert numbers["balanced"]
            shown = await somebody.go(f"/office/sendings/{both.id}/copies?status=skipped")
            assert shown.text.count("@example.org") == copies
            compared = await somebody.go(f"/office/compare?with={both.id}")
            assert ("It goes to further lists" in compared.text) is (name == "anne")


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
