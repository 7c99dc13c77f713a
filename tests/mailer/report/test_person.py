"""What is held about one person, on both databases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle
from mailer.ledger import evidence
from mailer.ledger.evidence import Proof
from mailer.models import Campaign, Delivery, Source, Status
from mailer.report.person import access_answer
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.address import Address
from subscribers.models import (
    Basis,
    ConsentEvent,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from subscribers.people import PersonError
from tests import factories as make

ANNE = Address.parse("Anne@example.org")


@pytest.fixture(autouse=True)
async def anne(database: Database, keys: Keys, now: datetime) -> None:
    """Put Anne on two lists, Bernard on one."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        others = await make.a_list(session, "autres", now=now)
        await make.a_person(session, keys, "anne", members, others, now=now)
        await make.a_person(session, keys, "bernard", members, now=now)
        await make.a_campaign(session, keys, [members], now=now)


async def anne_id(database: Database) -> int:
    async with database.reading() as session:
        found = await session.execute(
            select(Subscriber.id).where(Subscriber.email_folded == ANNE.folded)
        )
        return found.scalar_one()


async def test_all_that_is_held_is_told_and_nothing_of_anybody_else(
    database: Database, now: datetime
) -> None:
    async with database.reading() as session:
        answer = await access_answer(session, address=ANNE)
        letter = (await session.execute(select(Campaign.number))).scalar_one()
    assert (answer.email, answer.first_name, answer.since) == ("anne@example.org", "Anne", now)
    assert answer.suppressed is None
    assert [(it.list, it.state, it.basis) for it in answer.subscriptions] == [
        ("autres", SubscriptionState.CONFIRMED, Basis.MEMBER),
        ("membres", SubscriptionState.CONFIRMED, Basis.MEMBER),
    ]
    assert [(it.event, it.list, it.source) for it in answer.consent] == [
        (ConsentEvent.SUBSCRIBED, "membres", "test"),
        (ConsentEvent.SUBSCRIBED, "autres", "test"),
    ]
    (copy,) = answer.copies
    assert (copy.letter, copy.status, copy.evidence) == (letter, Status.PENDING, ())


async def test_leaving_and_a_suppression_are_told(
    database: Database, keys: Keys, now: datetime
) -> None:
    person = await anne_id(database)
    async with database.begin() as session:
        list_id = (await session.execute(select(Delivery.list_id).limit(1))).scalar_one()
        await optout.unsubscribe(
            session, subscriber_id=person, list_id=list_id, source="téléphone", now=now
        )
        await session.run_sync(
            optout.suppress,
            address_key=keys.address_key(ANNE.folded),
            reason=SuppressionReason.OBJECTION,
            source="lettre",
            now=now,
        )
    async with database.reading() as session:
        answer = await access_answer(session, address=ANNE)
    assert answer.suppressed is SuppressionReason.OBJECTION
    assert [it.state for it in answer.subscriptions] == [
        SubscriptionState.CONFIRMED,
        SubscriptionState.LEFT,
    ]
    assert (answer.consent[-1].event, answer.consent[-1].source) == (
        ConsentEvent.LEFT,
        "téléphone",
    )


async def test_a_copy_has_what_settled_its_doubt(database: Database, now: datetime) -> None:
    person = await anne_id(database)
    async with database.begin() as session:
        campaign_id = (await session.execute(select(Campaign.id))).scalar_one()
        await lifecycle.pause(session, campaign_id=campaign_id)
        doubted = await session.execute(
            update(Delivery)
            .where(Delivery.subscriber_id == person)
            .values(status=Status.UNCERTAIN)
            .returning(Delivery.id)
        )
        proof = Proof(doubted.scalar_one(), Status.FAILED, "mailbox_full", "status=bounced")
        await evidence.settle_by(
            session, campaign_id=campaign_id, proofs=[proof], source=Source.LOG, now=now
        )
    async with database.reading() as session:
        (copy,) = (await access_answer(session, address=ANNE)).copies
    assert asdict(copy) == {
        "letter": copy.letter,
        "campaign": campaign_id,
        "status": Status.FAILED,
        "reason": "mailbox_full",
        "evidence": (
            {"at": now, "source": Source.LOG, "status": Status.FAILED, "detail": "status=bounced"},
        ),
        "bounces": (),
    }


async def test_a_person_who_is_not_there_has_no_answer(database: Database) -> None:
    async with database.reading() as session:
        with pytest.raises(PersonError, match="nobody here has that address"):
            await access_answer(session, address=Address.parse("chloe@example.org"))
