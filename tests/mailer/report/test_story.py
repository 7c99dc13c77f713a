"""Did she get it? One copy's story in sentences, and all letters of one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import Action, How, Reason, Weight
from mailer.models import CampaignState, Delivery, Source, Status
from mailer.models import Evidence as Proof
from mailer.report import story
from mailer.report.story import NoStory, Story
from pli.database import Database
from subscribers import optout
from subscribers.address import Address
from subscribers.models import Subscriber
from tests import factories as make
from tests.factories import GREYLISTED, MAILBOX_FULL, QUEUED, Copy

ZONE = "Europe/Paris"


async def address_of(session: AsyncSession, delivery: Delivery) -> Address:
    person = await session.get_one(Subscriber, delivery.subscriber_id)
    return Address.parse(person.email)


async def copies_of(session: AsyncSession, campaign_id: int) -> list[Delivery]:
    rows = await session.scalars(
        select(Delivery).where(Delivery.campaign_id == campaign_id).order_by(Delivery.id)
    )
    return list(rows)


def told(found: Story) -> list[str]:
    """Everything that the story tells, in English."""
    return [str(found.answer), *(str(it.sentence) for it in found.events)]


CASES: Sequence[tuple[Copy, str, list[str] | None]] = (
    (
        Copy(Status.SENT, None, (GREYLISTED, QUEUED)),
        "Yes, as far as one can know: relay.example.org took this copy on",
        [
            "Prepared under the list membres.",
            "Try 1: relay.example.org put the copy off.",
            "Try 2: relay.example.org took the copy.",
        ],
    ),
    (
        Copy(Status.FAILED, "mailbox_full", (MAILBOX_FULL,)),
        "No. The mailbox is full.",
        ["Prepared under the list membres.", "Try 1: relay.example.org refused the copy."],
    ),
    (
        Copy(Status.EXCLUDED, "left"),
        "No. Had left the list before this sending.",
        [
            "Set aside when the sending was prepared (list membres): "
            "Had left the list before this sending."
        ],
    ),
    (
        Copy(Status.PENDING, None, (GREYLISTED,)),
        "Not yet: it was put off, and is tried again from",
        ["Prepared under the list membres.", "Try 1: relay.example.org put the copy off."],
    ),
    (Copy(Status.PENDING), "Not yet: this copy waits for its turn.", None),
    (Copy(Status.SENDING), "Just now: this copy is in work.", None),
    (Copy(Status.UNCERTAIN), "Nobody can know. The connection broke", None),
    (Copy(Status.SKIPPED, "cancelled"), "No. The sending was cancelled", None),
    (Copy(Status.SENT), "Yes, as far as one can know: what was found out later", None),
)
"""Each copy, how its answer begins, and the events of its story; None: they are not compared."""


async def test_a_story_answers_first_and_then_tells_what_happened(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, [copy for copy, _, _ in CASES], now=now)
        copies = await copies_of(session, campaign.id)
        for delivery, (copy, answer, events) in zip(copies, CASES, strict=True):
            address = await address_of(session, delivery)
            found = await story.story(session, campaign.id, address=address, zone=ZONE)
            said = told(found)
            assert said[0].startswith(answer), copy
            assert events is None or said[1:] == events
            assert [it.at for it in found.events] == sorted(it.at for it in found.events)


async def test_a_story_goes_on_with_proofs_what_came_back_and_who_left(
    database: Database, now: datetime
) -> None:
    later = now + timedelta(days=1)
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, [Copy(Status.SENT, None, (QUEUED,))], now=now, state=CampaignState.FINISHED
        )
        (copy,) = await copies_of(session, campaign.id)
        session.add(
            Proof(
                delivery_id=copy.id,
                at=now + timedelta(hours=1),
                source=Source.LOG,
                status=Status.SENT,
                detail="mail.log:7: status=sent",
            )
        )
        session.add(
            Bounce(
                delivery_id=copy.id,
                campaign_id=campaign.id,
                at=now + timedelta(hours=2),
                action=Action.FAILED.value,
                reason=Reason.FULL.value,
                weight=Weight.TEMPORARY.value,
                status="5.2.2",
                diagnostic="552 <b>full</b>\x1b[31m",
                remote="mx.example.org",
                how=How.DSN.value,
                effect=Effect.NONE,
            )
        )
        assert copy.subscriber_id is not None
        await make.a_subscription(session, copy.subscriber_id, copy.list_id, now=now)
        await optout.unsubscribe(
            session,
            subscriber_id=copy.subscriber_id,
            list_id=copy.list_id,
            delivery_id=copy.id,
            source="link",
            now=later,
        )
        address = await address_of(session, copy)
        found = await story.story(session, campaign.id, address=address, zone=ZONE)
    said = told(found)
    assert said[0] == "It was sent, and came back afterwards: see below."
    assert said[-3:] == [
        "Was in doubt: the relay's log shows that it took the copy.",
        "The mailbox was full.",
        "Left the list membres, by the link in this copy.",
    ]
    assert [it.said for it in found.events][-2] == "552 <b>full</b> [31m"
    assert found.events[-1].at == later


HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[2J\x1b[31mred",
    "x" * 10_000,
    "\x83\x81\x81[\x83\x8b",  # Shift-JIS, read as if each octet were a sign
    "a\r\nb\u202egnp",
)


async def test_whatever_a_server_said_is_one_harmless_line(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        failed = [Copy(Status.FAILED, "other", ((550, "5.0.0", it),)) for it in HOSTILE]
        campaign = await make.a_campaign_with(session, failed, now=now)
        for copy in await copies_of(session, campaign.id):
            address = await address_of(session, copy)
            found = await story.story(session, campaign.id, address=address, zone=ZONE)
            said = found.events[-1].said
            assert said.startswith("550 ")
            assert said.isprintable()
            assert len(said) <= story.LONGEST_REPLY + 1


async def test_nobody_is_told_whether_somebody_is_on_a_list_that_one_does_not_see(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, [Copy(Status.SENT, None, (QUEUED,))], now=now
        )
        (copy,) = await copies_of(session, campaign.id)
        there = await address_of(session, copy)
        nobody = Address.parse("nobody@example.org")
        refusals = []
        for address in (there, nobody):
            with pytest.raises(NoStory) as refused:
                await story.story(
                    session, campaign.id, address=address, zone=ZONE, list_ids=[copy.list_id + 1]
                )
            refusals.append(str(refused.value).replace(address.email, "…"))
        assert refusals[0] == refusals[1]
