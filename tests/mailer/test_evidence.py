"""Copies in doubt, settled by what tells for certain, on both databases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from mailer import balance, campaigns
from mailer.delivery import outbox
from mailer.delivery.outbox import Proof
from mailer.models import Batch, CampaignState, Delivery, Evidence, Source, Status
from pli.database import Database
from tests.mailer.ledgers import FINE, UNKNOWN_USER, Copy, a_campaign

DOUBTS = (
    Copy(Status.UNCERTAIN),
    Copy(Status.SENT, None, (FINE,)),
    Copy(Status.UNCERTAIN),
    Copy(Status.UNCERTAIN),
    Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),
    Copy(Status.UNCERTAIN),
)


async def in_doubt(database: Database, now: datetime) -> tuple[int, list[int]]:
    """A finished campaign with four copies in doubt in two batches; the ids of all its copies."""
    async with database.begin() as session:
        campaign_id = await a_campaign(session, now, DOUBTS, state=CampaignState.FINISHED)
        ids = await session.scalars(
            select(Delivery.id).where(Delivery.campaign_id == campaign_id).order_by(Delivery.id)
        )
        return campaign_id, list(ids)


async def settle(
    database: Database, campaign_id: int, now: datetime, *proofs: Proof, by: Source = Source.LOG
) -> int:
    async with database.begin() as session:
        settled = await outbox.settle_by(
            session, campaign_id=campaign_id, proofs=proofs, source=by, now=now
        )
        assert await balance.faults(session, campaign_id=campaign_id) == []
    return settled


async def ends(database: Database, campaign_id: int) -> list[tuple[str, str | None, int]]:
    async with database.reading() as session:
        rows = await session.execute(
            select(Delivery.status, Delivery.reason, Delivery.attempts)
            .where(Delivery.campaign_id == campaign_id)
            .order_by(Delivery.id)
        )
        return [(status.value, reason, attempts) for status, reason, attempts in rows]


async def test_what_is_proved_is_settled_and_what_proved_it_stands_with_the_copy(
    database: Database, now: datetime
) -> None:
    campaign_id, ids = await in_doubt(database, now)
    proofs = (
        Proof(ids[0], Status.SENT, detail="mail.log:7"),
        Proof(ids[3], Status.FAILED, "policy", "journal"),
    )
    assert await settle(database, campaign_id, now, *proofs) == 2
    assert await ends(database, campaign_id) == [
        ("sent", None, 0),
        ("sent", None, 1),
        ("uncertain", None, 0),
        ("failed", "policy", 0),
        ("failed", "unknown_user", 1),
        ("uncertain", None, 0),
    ]
    async with database.reading() as session:
        kept = (await session.execute(select(Evidence).order_by(Evidence.delivery_id))).scalars()
        assert [(it.delivery_id, it.at, it.source, it.status, it.detail) for it in kept] == [
            (ids[0], now, Source.LOG, Status.SENT, "mail.log:7"),
            (ids[3], now, Source.LOG, Status.FAILED, "journal"),
        ]
        batches = await session.execute(
            select(Batch.sent, Batch.failed, Batch.uncertain).order_by(Batch.number)
        )
        assert [tuple(it) for it in batches] == [(2, 0, 1), (0, 2, 1)]
        campaign = await campaigns.find(session, campaign_id)
        assert campaign.state is CampaignState.FINISHED


async def test_a_proof_told_twice_or_of_a_copy_that_is_not_in_doubt_does_nothing(
    database: Database, now: datetime
) -> None:
    campaign_id, ids = await in_doubt(database, now)
    other, others = await in_doubt_elsewhere(database, now)
    twice = (Proof(ids[0], Status.SENT), Proof(ids[0], Status.FAILED, "other"))
    strangers = (
        Proof(ids[4], Status.SENT),
        Proof(others[0], Status.SENT),
        Proof(10**9, Status.SENT),
    )
    assert await settle(database, campaign_id, now, *twice, *strangers) == 1
    assert await settle(database, campaign_id, now, *twice) == 0
    assert (await ends(database, campaign_id))[0] == ("sent", None, 0)
    assert (await ends(database, campaign_id))[4] == ("failed", "unknown_user", 1)
    assert (await ends(database, other))[0] == ("uncertain", None, 0)
    async with database.reading() as session:
        assert len((await session.scalars(select(Evidence.id))).all()) == 1


async def in_doubt_elsewhere(database: Database, now: datetime) -> tuple[int, list[int]]:
    async with database.begin() as session:
        campaign_id = await a_campaign(
            session, now, DOUBTS, list_name="autres", state=CampaignState.FINISHED
        )
        ids = await session.scalars(
            select(Delivery.id).where(Delivery.campaign_id == campaign_id).order_by(Delivery.id)
        )
        return campaign_id, list(ids)


async def test_thousands_are_settled_in_pieces(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        copies = (Copy(Status.UNCERTAIN),) * 1_100
        campaign_id = await a_campaign(session, now, copies, batch_size=400)
        ids = list(await session.scalars(select(Delivery.id)))
    assert await settle(database, campaign_id, now, *(Proof(it, Status.SENT) for it in ids)) == 1100
    assert {it[0] for it in await ends(database, campaign_id)} == {"sent"}
