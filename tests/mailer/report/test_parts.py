"""Copies page by page, letters side by side, and the parts of a report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import Weight
from mailer.campaign import lifecycle
from mailer.models import CampaignState, Delivery, Status
from mailer.report import (
    breakdown,
    compare,
    copy_pages,
    decisions,
    live_details,
    server_words,
    standing,
    summary,
)
from mailer.report.copy_pages import After
from mailer.report.summary import ReportError
from mailer.report.timeline import Timeline, timeline
from pli.actor import Actor
from pli.database import Database
from subscribers.models import ConsentEvent, ConsentRecord
from tests import factories as make
from tests.factories import ONE_OF_EACH, QUEUED, Copy

ENDED = tuple(it for it in ONE_OF_EACH if it.status not in (Status.PENDING, Status.SENDING))


async def all_pages(
    session: AsyncSession,
    campaign_id: int,
    status: Status,
    reason: str | None = None,
    list_ids: Collection[int] | None = None,
) -> list[int]:
    """The ids on all pages of three copies, each behind the one before."""
    found: list[int] = []
    after: After | None = None
    while True:
        page = await copy_pages.page(
            session, campaign_id, status=status, reason=reason, list_ids=list_ids, after=after,
            limit=3,
        )  # fmt: skip
        found += [it.delivery_id for it in page.copies]
        assert len(page.copies) <= 3
        if page.after is None:
            return found
        after = After.read(str(page.after))
        assert after == page.after


async def test_pages_of_copies_hold_each_copy_once(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH * 4, now=now)
        other = await make.a_campaign_with(session, ONE_OF_EACH, now=now, list_name="autres")
        for status in Status:
            expected = await session.scalars(
                select(Delivery.id).where(
                    Delivery.campaign_id == campaign.id, Delivery.status == status
                )
            )
            found = await all_pages(session, campaign.id, status)
            assert sorted(found) == sorted(expected), status
            assert await all_pages(session, campaign.id, status, list_ids=[]) == []
        full = await all_pages(session, campaign.id, Status.FAILED, "mailbox_full")
        assert len(full) == 4
        assert await all_pages(session, other.id, Status.FAILED, "nothing") == []


@pytest.mark.parametrize("text", ["", "x", "1.x", ".", "1." + "9" * 30, "\u0663.\u0663"])
def test_what_is_no_place_in_a_list_is_its_beginning(text: str) -> None:
    assert After.read(text) is None


async def test_a_place_that_nobody_gave_out_shows_copies_and_no_fault(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=now)
        for text in ("left.0", "-1.5", "99999999999.3", "é.1"):
            page = await copy_pages.page(
                session, campaign.id, status=Status.SENT, after=After.read(text)
            )
            assert len(page.copies) <= 2


async def test_letters_are_compared_by_what_became_of_their_copies(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        first, second = [
            await make.a_campaign_with(
                session,
                ENDED * times,
                now=now,
                of=replace(make.letter(), number=number),
                list_name=f"l{number}",
                state=CampaignState.FINISHED,
            )
            for number, times in ((1, 1), (2, 2))
        ]
        first.finished_at = now + timedelta(minutes=3)
        copy = await session.scalar(select(func.min(Delivery.id)).where(Delivery.status == "sent"))
        session.add_all(
            ConsentRecord(event=ConsentEvent.LEFT, source="link", delivery_id=copy, at=now)
            for _ in range(2)
        )
        await session.flush()
        found = await compare.compare(session, [second.id, first.id, first.id])
        assert [(it.letter, it.prepared, it.sent, it.failed, it.left) for it in found] == [
            (1, 6, 2, 2, 1),
            (2, 12, 4, 4, 0),
        ]
        assert found[0].seconds == 180
        assert found[1].failures == {"mailbox_full": 2, "unknown_user": 2}
        assert found[0].as_json()["failures"] == {"mailbox_full": 1, "unknown_user": 1}
        assert await compare.compare(session, []) == []
        for wrong in ([first.id, 999], range(1, 20)):
            with pytest.raises(ReportError):
                await compare.compare(session, wrong)
        with pytest.raises(ReportError, match="there is no campaign"):
            await compare.compare(session, [first.id], list_ids=[999])


async def test_a_report_of_nobody_has_no_parts_and_no_fault(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, (), now=now)
        parts = await breakdown.breakdown(session, campaign.id, None)
        assert parts == breakdown.Breakdown([], [], (), {}, {})
        assert (await summary.report(session, campaign.id)).candidates == 0
        assert (await live_details.details(session, campaign.id)).failures == {}
        assert (await compare.compare(session, [campaign.id]))[0].share(0) == 0.0


async def test_copies_are_counted_by_provider_and_by_tries(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=now)
        over_time = await timeline(session, campaign.id)
        parts = await breakdown.breakdown(session, campaign.id, over_time)
    assert [(it.provider, it.total) for it in parts.by_provider] == [("other", 8)]
    assert {n: sum(copies.values()) for n, copies in parts.by_attempt} == {0: 2, 1: 4, 2: 2}
    assert sum(sum(tried.values()) for _, tried in parts.by_hour) == 8


def test_hours_begin_on_the_hour_and_empty_ones_are_left_out() -> None:
    first = datetime(2026, 11, 24, 8, 59, 30, tzinfo=UTC)
    stretches = ({"sent": 2}, {}, {"sent": 3, "failed": 1}, *({} for _ in range(200)), {"sent": 1})
    hours = breakdown.by_hour(Timeline(first, first, 60, stretches))
    assert [(at.hour, at.minute, dict(tried)) for at, tried in hours] == [
        (8, 0, {"sent": 2}),
        (9, 0, {"sent": 3, "failed": 1}),
        (12, 0, {"sent": 1}),
    ]


async def test_who_left_is_counted_once_on_the_day_of_ones_own_clocks(
    database: Database, now: datetime
) -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, [Copy(Status.SENT, None, (QUEUED,))] * 2, now=now
        )
        ids = (await session.scalars(select(Delivery.id).order_by(Delivery.id))).all()
        session.add_all(
            ConsentRecord(event=ConsentEvent.LEFT, source="link", delivery_id=it, at=at)
            for it, at in ((ids[0], late), (ids[0], late + timedelta(days=3)), (ids[1], late))
        )
        await session.flush()
        for hours, day in ((0, 24), (1, 25)):
            found = await breakdown.left_by_day(
                session, campaign.id, zone=timezone(timedelta(hours=hours))
            )
            assert {it.day: n for it, n in found.items()} == {day: 2}
        assert await live_details.left_by_its_link(session, campaign.id) == 2


async def test_a_sending_that_is_not_there_stands_nowhere(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=now)
        found = await standing.of_campaigns(session, [campaign.id, 999])
        assert list(found) == [campaign.id]
        assert found[campaign.id].seen() == await summary.progress(session, campaign.id)
        assert found[campaign.id].seen([999], {}).candidates == 0


async def test_refusals_are_shown_without_addresses_and_on_one_line(
    database: Database, now: datetime
) -> None:
    said = "5.7.1 <jeanne@example.org>: \x1b[31mno\r\nmore " + "x" * 5_000
    async with database.begin() as session:
        copies = [Copy(Status.FAILED, "policy", ((550, "5.7.1", said),))]
        campaign = await make.a_campaign_with(session, copies, now=now)
        found = await live_details.details(session, campaign.id)
    assert found.failures == {"policy": 1}
    (refusal,) = found.refusals
    assert refusal.text.startswith("550 5.7.1 … [31mno more x")
    assert len(refusal.text) <= live_details.LONGEST_REPLY + 1


async def test_the_report_says_who_decided_what_and_why(database: Database, now: datetime) -> None:
    anne = Actor.account(7, "Anne")
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ONE_OF_EACH, now=now)
        await lifecycle.pause(session, campaign_id=campaign.id, by=anne, why="A wrong date.")
        await lifecycle.resume(session, campaign_id=campaign.id, by=anne)
        await lifecycle.cancel(session, campaign_id=campaign.id, by=anne, why="Too late.", now=now)
        found = await decisions.of_campaign(session, campaign.id)
    told = {(str(it.who), str(it.what), it.why) for it in found.decisions}
    assert told == {
        ("Anne", "paused a campaign", "A wrong date."),
        ("Anne", "resumed a campaign", ""),
        ("Anne", "cancelled a campaign", "Too late."),
    }


async def test_copies_of_two_campaigns_that_lie_between_each_other_are_told_apart(
    database: Database, now: datetime
) -> None:
    tried = (Copy(Status.SENT, None, (QUEUED,)),) * 4
    async with database.begin() as session:
        first = await make.a_campaign_with(session, tried, now=now)
        second = await make.a_campaign_with(session, tried, now=now, list_name="autres")
        # Two that are prepared at one time take the numbers of PostgreSQL by turns.
        copies = await session.scalars(select(Delivery).order_by(Delivery.id))
        for copy in list(copies)[2:6]:
            copy.campaign_id = second.id if copy.campaign_id == first.id else first.id
        lists = {it.list_id for it in await session.scalars(select(Delivery))}
    async with database.reading() as session:
        for campaign in (first, second):
            over_time = await timeline(session, campaign.id)
            assert over_time is not None
            assert sum(sum(it.values()) for it in over_time.stretches) == 4
            parts = await breakdown.breakdown(session, campaign.id, over_time)
            assert parts.by_attempt == [(1, {Status.SENT: 4})]
            for list_id in lists:
                of_one = await timeline(session, campaign.id, list_ids=[list_id])
                assert of_one is not None
                assert sum(sum(it.values()) for it in of_one.stretches) == 2


async def test_a_report_tells_what_servers_said_for_each_reason_without_addresses(
    database: Database, now: datetime
) -> None:
    replies = ["5.2.2 full", "5.2.2 full", "5.2.2 <membre@example.org> is full\n\x1b[31mred", "x"]
    copies = [
        Copy(Status.FAILED, reason, ((552, "5.2.2", text),))
        for reason, text in (*(("mailbox_full", it) for it in replies), ("policy", "no"))
    ]
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, copies, now=now)
        said = await server_words.by_reason(
            session, campaign.id, ["mailbox_full", "policy", "unknown_user"]
        )
        assert said.keys() == {"mailbox_full", "policy"}
        assert said["mailbox_full"][0] == "552 5.2.2 full", "the most frequent first"
        assert "552 5.2.2 … is full [31mred" in said["mailbox_full"]
        assert said["policy"] == ["552 no"]
        assert await server_words.by_reason(session, campaign.id, ["policy"], list_ids=[999]) == {}


async def test_who_complained_is_counted_once_on_the_day_of_ones_own_clocks(
    database: Database, now: datetime
) -> None:
    at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, ENDED, now=now)
        copies = list(await session.scalars(select(Delivery).where(Delivery.status == Status.SENT)))
        for copy, moment, weight in (
            (copies[0], at, Weight.COMPLAINT),
            (copies[0], at + timedelta(days=3), Weight.COMPLAINT),
            (copies[0], at, Weight.CERTAIN),
        ):
            session.add(
                Bounce(
                    delivery_id=copy.id, campaign_id=campaign.id, at=moment, weight=weight.value,
                    action="complaint", reason="complaint", status=str(moment.day) + weight.value,
                    diagnostic="", remote="", how="arf", effect=Effect.NONE,
                )
            )  # fmt: skip
        await session.flush()
        paris = timezone(timedelta(hours=1))
        parts = await breakdown.breakdown(session, campaign.id, None, zone=paris)
        assert parts.complained_by_day == {date(2026, 11, 25): 1}
        assert parts.days == [date(2026, 11, 25)]
