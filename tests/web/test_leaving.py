"""A person leaves a list by the link in a letter, on both databases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import delete, select

from mailer.ledger import balance
from mailer.links import Links
from mailer.models import CampaignList, Delivery, Evidence, Source, Status
from pli.database import Database
from pli.keys import Keys
from subscribers.models import (
    ConsentEvent,
    ConsentRecord,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from tests import factories as make
from tests.factories import Copy
from tests.web.client import LOCAL_IDENTITY, Clock, serving

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass
class Member:
    """A member of one list, with the link of a letter and a browser."""

    database: Database
    client: httpx.AsyncClient
    clock: Clock
    id: int
    list_id: int
    link: str
    links: Links
    key: str

    async def state(self) -> SubscriptionState | None:
        async with self.database.reading() as session:
            return await session.scalar(
                select(Subscription.state).where(Subscription.subscriber_id == self.id)
            )

    async def events(self) -> list[tuple[ConsentEvent, str]]:
        async with self.database.reading() as session:
            rows = await session.execute(
                select(ConsentRecord.event, ConsentRecord.source).order_by(ConsentRecord.id)
            )
            return [(row.event, row.source) for row in rows]

    async def press_undo(self, page: str) -> httpx.Response:
        token = re.search(r'name="undo" value="([^"]+)"', page)
        assert token
        return await self.client.post(f"{self.link}/undo", data={"undo": token[1]})


@pytest.fixture
async def member(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Member]:
    async with database.begin() as session:
        list_id = (await make.a_list(session, "membres", now=now)).id
        person = (await make.a_person(session, keys, "jeanne", now=now)).id
        await make.a_subscription(session, person, list_id, now=now)
    links = Links(keys, LOCAL_IDENTITY.public_url, LOCAL_IDENTITY.domain)
    link = links.unsubscribe(person, list_id, 7, keys.current)
    async with serving(database, keys, now) as web:
        yield Member(database, web.client, web.clock, person, list_id, link, links, keys.current)


async def test_looking_at_the_page_changes_nothing_however_often(member: Member) -> None:
    for method in ("GET", "GET", "HEAD", "OPTIONS"):
        answer = await member.client.request(method, member.link)
        assert answer.status_code in (200, 204)
    assert await member.state() is SubscriptionState.CONFIRMED
    assert await member.events() == []


async def test_an_options_request_gets_the_allowed_methods(member: Member) -> None:
    answer = await member.client.options(member.link)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_the_page_has_one_button_and_gives_nobody_away(member: Member) -> None:
    page = await member.client.get(member.link)
    assert page.text.count("<button") == 1
    assert page.text.count("<form") == 1
    assert "jeanne" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers


async def test_the_button_lets_go_at_once_and_says_so(member: Member) -> None:
    page = await member.client.post(member.link)
    assert page.status_code == 200
    assert "Désinscription effectuée" in page.text
    assert await member.state() is SubscriptionState.LEFT
    assert await member.events() == [(ConsentEvent.LEFT, "unsubscribe page")]


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
async def test_a_providers_one_click_needs_no_cookie_and_is_not_redirected(
    member: Member, form: str
) -> None:
    origin = {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"}
    if form == "urlencoded":
        answer = await member.client.post(member.link, data=ONE_CLICK, headers=origin)
    else:
        files = {"List-Unsubscribe": (None, "One-Click")}
        answer = await member.client.post(member.link, files=files, headers=origin)
    assert answer.status_code == 200
    assert await member.state() is SubscriptionState.LEFT
    assert await member.events() == [(ConsentEvent.LEFT, "one-click")]


async def test_a_second_press_is_answered_alike_and_offers_no_way_back(member: Member) -> None:
    await member.client.post(member.link)
    again = await member.client.post(member.link)
    assert again.status_code == 200
    assert "Désinscription effectuée" in again.text
    assert 'name="undo"' not in again.text
    assert len(await member.events()) == 1


async def test_for_an_hour_the_very_click_can_be_taken_back(member: Member) -> None:
    page = await member.client.post(member.link)
    member.clock.at += timedelta(minutes=59)
    back = await member.press_undo(page.text)
    assert back.status_code == 200
    assert "Votre inscription continue" in back.text
    assert await member.state() is SubscriptionState.CONFIRMED
    twice = await member.press_undo(page.text)
    assert "Votre inscription continue" in twice.text
    assert len(await member.events()) == 2


async def test_after_the_hour_it_cannot(member: Member) -> None:
    page = await member.client.post(member.link)
    member.clock.at += timedelta(minutes=61)
    answer = await member.press_undo(page.text)
    assert answer.status_code == 410
    assert await member.state() is SubscriptionState.LEFT


async def test_an_old_undo_does_not_bring_back_who_left_again(member: Member) -> None:
    first = await member.client.post(member.link)
    await member.press_undo(first.text)
    await member.client.post(member.link)
    answer = await member.press_undo(first.text)
    assert answer.status_code == 410
    assert await member.state() is SubscriptionState.LEFT


async def test_an_undo_for_another_person_does_nothing(
    member: Member, database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        other = (await make.a_person(session, keys, "paul", now=now)).id
        await make.a_subscription(session, other, member.list_id, now=now)
    link = member.links.unsubscribe(other, member.list_id, 8, keys.current)
    theirs = await member.client.post(link)
    await member.client.post(member.link)
    answer = await member.press_undo(theirs.text)
    assert answer.status_code == 410
    assert await member.state() is SubscriptionState.LEFT


@pytest.mark.parametrize("body", [b"", b"undo=", b"undo=%00", b"\xff" * 40_000])
async def test_an_undo_without_a_right_token_does_nothing(member: Member, body: bytes) -> None:
    await member.client.post(member.link)
    answer = await member.client.post(f"{member.link}/undo", content=body)
    assert answer.status_code == 410
    assert await member.state() is SubscriptionState.LEFT


async def test_a_body_of_any_size_is_not_kept(member: Member) -> None:
    answer = await member.client.post(member.link, content=b"x" * 5_000_000)
    assert answer.status_code == 200
    assert await member.state() is SubscriptionState.LEFT


async def test_an_erased_person_is_told_that_nothing_comes_any_more(
    member: Member, database: Database
) -> None:
    async with database.begin() as session:
        await session.execute(delete(Subscription))
        await session.execute(delete(Subscriber))
    for answer in (await member.client.get(member.link), await member.client.post(member.link)):
        assert answer.status_code == 200
        assert "Vous ne recevrez plus rien" in answer.text


async def test_a_link_outlives_its_list(keys: Keys, member: Member) -> None:
    link = member.links.unsubscribe(99, 99, 99, keys.current)
    for answer in (await member.client.get(link), await member.client.post(link)):
        assert answer.status_code == 200
        assert "Vous ne recevrez plus rien de cette liste" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["x", "AAAA" * 20, "%00", "é", "..%2f..", "A" * 5000])
async def test_a_wrong_token_gets_a_page_that_helps(
    member: Member, method: str, token: str
) -> None:
    answer = await member.client.request(method, f"/u/{token}")
    assert answer.status_code == 404
    assert "contact@example.org" in answer.text


async def test_a_token_changed_by_one_letter_is_not_ours(member: Member) -> None:
    changed = member.link[:-1] + ("A" if member.link[-1] != "A" else "B")
    assert (await member.client.post(changed)).status_code == 404
    assert await member.state() is SubscriptionState.CONFIRMED


async def test_the_page_speaks_the_lists_language_and_without_one_the_readers(
    member: Member,
) -> None:
    english = {"Accept-Language": "en-GB,en;q=0.9,fr;q=0.2"}
    assert '<html lang="fr"' in (await member.client.get(member.link, headers=english)).text
    assert '<html lang="en"' in (await member.client.get("/u/x", headers=english)).text
    assert '<html lang="fr"' in (await member.client.get("/u/x")).text


async def in_doubt(
    member: Member, now: datetime, status: Status = Status.UNCERTAIN
) -> tuple[int, str]:
    """Make a campaign with a copy in doubt to the member; its id, and the link in the copy."""
    async with member.database.begin() as session:
        campaign = await make.a_campaign_with(
            session, (Copy(status),), now=now, list_id=member.list_id
        )
        copy = (
            await session.scalars(select(Delivery).where(Delivery.campaign_id == campaign.id))
        ).one()
        copy.subscriber_id = member.id
        copy.doubted = status is not Status.UNCERTAIN
        link = member.links.unsubscribe(member.id, member.list_id, copy.id, member.key)
    return campaign.id, link


async def end_of(member: Member, campaign_id: int) -> tuple[Status, list[Source]]:
    async with member.database.reading() as session:
        assert await balance.faults(session, campaign_id=campaign_id) == []
        copy = (
            await session.scalars(select(Delivery).where(Delivery.campaign_id == campaign_id))
        ).one()
        sources = await session.scalars(
            select(Evidence.source).where(Evidence.delivery_id == copy.id)
        )
        return copy.status, list(sources)


@pytest.mark.parametrize("form", [None, ONE_CLICK])
async def test_a_link_that_is_used_proves_that_its_copy_arrived(
    member: Member, now: datetime, form: dict[str, str] | None
) -> None:
    campaign_id, link = await in_doubt(member, now)
    await member.client.get(link)
    assert await end_of(member, campaign_id) == (Status.UNCERTAIN, [])
    await member.client.post(link, data=form)
    assert await end_of(member, campaign_id) == (Status.SENT, [Source.OPT_OUT])
    await member.client.post(link, data=form)
    assert await end_of(member, campaign_id) == (Status.SENT, [Source.OPT_OUT])


async def test_a_link_that_is_used_proves_it_also_while_the_copy_waits_to_be_sent_again(
    member: Member, now: datetime
) -> None:
    campaign_id, link = await in_doubt(member, now, Status.PENDING)
    await member.client.post(link)
    assert await end_of(member, campaign_id) == (Status.SENT, [Source.OPT_OUT])


async def test_a_link_proves_arrival_after_leaving_too_but_only_of_its_own_copy(
    member: Member, now: datetime
) -> None:
    campaign_id, link = await in_doubt(member, now)
    await member.client.post(member.link)
    assert await member.state() is SubscriptionState.LEFT
    assert await end_of(member, campaign_id) == (Status.UNCERTAIN, [])
    await member.client.post(link)
    assert await end_of(member, campaign_id) == (Status.SENT, [Source.OPT_OUT])


async def test_a_link_whose_numbers_name_somebody_elses_copy_proves_nothing(
    member: Member, now: datetime
) -> None:
    """A new installation with old keys counts its copies from one again."""
    async with member.database.begin() as session:
        campaign = await make.a_campaign_with(
            session, (Copy(Status.UNCERTAIN),), now=now, list_name="autres"
        )
        copy_id = await session.scalar(select(Delivery.id))
        assert copy_id is not None
        link = member.links.unsubscribe(member.id, member.list_id, copy_id, member.key)
    await member.client.post(link)
    assert await end_of(member, campaign.id) == (Status.UNCERTAIN, [])


@dataclass
class OnThree:
    """A member of three lists; the letter of the link went to the first two of them."""

    member: Member
    link: str
    names: dict[int, str]

    async def on(self) -> set[str]:
        async with self.member.database.reading() as session:
            rows = await session.scalars(
                select(Subscription.list_id).where(
                    Subscription.subscriber_id == self.member.id,
                    Subscription.state == SubscriptionState.CONFIRMED,
                )
            )
            return {self.names[it] for it in rows}


@pytest.fixture
async def on_three(member: Member, now: datetime) -> OnThree:
    names = {member.list_id: "membres"}
    async with member.database.begin() as session:
        campaign = await make.a_campaign_with(
            session, (Copy(Status.SENT),), now=now, list_id=member.list_id
        )
        copy = (await session.scalars(select(Delivery))).one()
        copy.subscriber_id = member.id
        for name in ("conseil", "fetes"):
            further = await make.a_list(session, name, now=now)
            names[further.id] = name
            await make.a_subscription(session, member.id, further.id, now=now)
            if name == "conseil":
                session.add(CampaignList(campaign_id=campaign.id, list_id=further.id, position=1))
        link = member.links.unsubscribe(member.id, member.list_id, copy.id, member.key)
    return OnThree(member, link, names)


async def test_who_is_on_several_lists_is_asked_which_to_leave(on_three: OnThree) -> None:
    page = (await on_three.member.client.get(on_three.link)).text
    assert page.count("<button") == 1
    assert re.findall(r'name="from" value="(\w+)"( checked)?', page) == [
        ("list", " checked"), ("letter", ""), ("all", ""),
    ]  # fmt: skip
    assert "<fieldset" in page
    assert "<legend>Que souhaitez-vous quitter\u202f?</legend>" in page
    assert "Liste membres, Liste conseil" in page
    # Which other lists a person is on is nobody's business who was handed the letter.
    assert "fetes" not in page
    assert await on_three.on() == {"membres", "conseil", "fetes"}


@pytest.mark.parametrize(
    ("body", "stays"),
    [
        ("", {"conseil", "fetes"}),
        ("from=list", {"conseil", "fetes"}),
        ("from=anything", {"conseil", "fetes"}),
        ("from=letter", {"fetes"}),
        ("from=all", set()),
        ("List-Unsubscribe=One-Click", {"conseil", "fetes"}),
        ("List-Unsubscribe=One-Click&from=all", {"conseil", "fetes"}),
        ("&".join(["from=all"] * 200), {"conseil", "fetes"}),
    ],
)
async def test_the_button_leaves_what_was_chosen_and_one_click_the_letters_list_alone(
    on_three: OnThree, body: str, stays: set[str]
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    page = await on_three.member.client.post(on_three.link, content=body, headers=headers)
    assert page.status_code == 200
    assert await on_three.on() == stays
    assert page.text.count('name="undo"') == 3 - len(stays)
    form = {"undo": re.findall(r'name="undo" value="([^"]+)"', page.text)}
    back = await on_three.member.client.post(f"{on_three.link}/undo", data=form)
    assert back.status_code == 200
    assert back.text.count("Vous continuez à recevoir") == 3 - len(stays)
    assert await on_three.on() == {"membres", "conseil", "fetes"}


async def test_who_left_one_list_is_offered_the_others_of_the_letter_and_all(
    on_three: OnThree,
) -> None:
    page = (await on_three.member.client.post(on_three.link)).text
    assert "Cette lettre est aussi allée à Liste conseil" in page
    assert re.findall(r'name="from" value="(\w+)"', page) == ["letter", "all"]
    page = (await on_three.member.client.post(on_three.link, data={"from": "letter"})).text
    assert await on_three.on() == {"fetes"}
    assert (
        "plus rien de « Liste conseil »".replace("« ", "«\u202f").replace(" »", "\u202f»") in page
    )
    assert re.findall(r'name="from" value="(\w+)"', page) == ["all"]
    page = (await on_three.member.client.get(on_three.link)).text
    assert "une autre de nos listes" in page
    page = (await on_three.member.client.post(on_three.link, data={"from": "all"})).text
    assert await on_three.on() == set()
    assert 'name="from"' not in page


async def test_somebody_elses_way_back_is_not_taken(on_three: OnThree) -> None:
    member = on_three.member
    page = (await member.client.post(on_three.link)).text
    token = re.search(r'name="undo" value="([^"]+)"', page)
    assert token
    other = member.links.unsubscribe(member.id + 1, member.list_id, 1, member.key)
    answer = await member.client.post(f"{other}/undo", data={"undo": token[1]})
    assert answer.status_code == 410
    assert await on_three.on() == {"conseil", "fetes"}
