"""Evidence settles copies in doubt, on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign
from mailer.ledger import answers, balance, evidence, leasing, rows, settling
from mailer.ledger.evidence import Proof
from mailer.models import (
    Attempt,
    Batch,
    Campaign,
    CampaignState,
    Delivery,
    Evidence,
    Source,
    Stage,
    Status,
)
from mailer.outcomes import Outcome, Result, judge, lost
from pli.database import Database
from tests import factories as make
from tests.factories import QUEUED, UNKNOWN_USER, Copy

DOUBTS = (
    Copy(Status.UNCERTAIN),
    Copy(Status.SENT, None, (QUEUED,)),
    Copy(Status.UNCERTAIN),
    Copy(Status.UNCERTAIN),
    Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),
    Copy(Status.UNCERTAIN),
)


async def in_doubt(database: Database, now: datetime) -> tuple[int, list[int]]:
    """Make a finished campaign with four copies in doubt in two batches; the ids of all copies."""
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, DOUBTS, now=now, state=CampaignState.FINISHED
        )
        ids = await session.scalars(
            select(Delivery.id).where(Delivery.campaign_id == campaign.id).order_by(Delivery.id)
        )
        return campaign.id, list(ids)


async def settle(
    database: Database, campaign_id: int, now: datetime, *proofs: Proof, by: Source = Source.LOG
) -> int:
    async with database.begin() as session:
        settled = await evidence.settle_by(
            session, campaign_id=campaign_id, proofs=proofs, source=by, now=now
        )
        assert await balance.faults(session, campaign_id=campaign_id) == []
    return settled


async def copies_of(database: Database, campaign_id: int) -> list[tuple[str, str | None, int]]:
    async with database.reading() as session:
        rows = await session.execute(
            select(Delivery.status, Delivery.reason, Delivery.attempts)
            .where(Delivery.campaign_id == campaign_id)
            .order_by(Delivery.id)
        )
        return [(status.value, reason, attempts) for status, reason, attempts in rows]


async def test_a_proved_copy_is_settled_and_keeps_its_evidence(
    database: Database, now: datetime
) -> None:
    campaign_id, ids = await in_doubt(database, now)
    proofs = (
        Proof(ids[0], Status.SENT, detail="mail.log:7"),
        Proof(ids[3], Status.FAILED, "policy", "journal"),
    )
    assert await settle(database, campaign_id, now, *proofs) == 2
    assert await copies_of(database, campaign_id) == [
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
        campaign = await find_campaign(session, campaign_id)
        assert campaign.state is CampaignState.FINISHED


async def test_a_proof_given_twice_or_for_a_copy_not_in_doubt_does_nothing(
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
    assert (await copies_of(database, campaign_id))[0] == ("sent", None, 0)
    assert (await copies_of(database, campaign_id))[4] == ("failed", "unknown_user", 1)
    assert (await copies_of(database, other))[0] == ("uncertain", None, 0)
    async with database.reading() as session:
        assert len((await session.scalars(select(Evidence.id))).all()) == 1


async def in_doubt_elsewhere(database: Database, now: datetime) -> tuple[int, list[int]]:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, DOUBTS, now=now, list_name="autres", state=CampaignState.FINISHED
        )
        ids = await session.scalars(
            select(Delivery.id).where(Delivery.campaign_id == campaign.id).order_by(Delivery.id)
        )
        return campaign.id, list(ids)


async def test_thousands_of_copies_are_settled_in_pieces(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        copies = (Copy(Status.UNCERTAIN),) * 1_100
        campaign = await make.a_campaign_with(session, copies, now=now, batch_size=400)
        ids = list(await session.scalars(select(Delivery.id)))
    assert await settle(database, campaign.id, now, *(Proof(it, Status.SENT) for it in ids)) == 1100
    assert {it[0] for it in await copies_of(database, campaign.id)} == {"sent"}


REFUSALS = (
    Copy(Status.FAILED, "mailbox_full", ((552, "5.2.2", "5.2.2 Mailbox FULL, 100% used"),)),
    Copy(Status.FAILED, "mailbox_full", ((452, "4.2.2", "4.2.2 over_quota"),) * 2),
    Copy(Status.FAILED, "policy", ((554, "5.7.1", "5.7.1 overXquota"),)),
    Copy(Status.FAILED, "other"),
    Copy(Status.UNCERTAIN),
)


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("", [0, 1, 2, 3]),
        ("*", [0, 1, 2]),
        ("mailbox full", [0]),
        ("552 5.2.2", [0]),
        ("552*used", [0]),
        ("100%", [0]),
        ("0%u", []),
        ("over_quota", [1]),
        ("over*quota", [1, 2]),
        ("nothing like it", []),
        ("'; --\\", []),
    ],
)
async def test_a_person_chooses_failed_copies_by_their_last_reply(
    database: Database, now: datetime, pattern: str, chosen: list[int]
) -> None:
    async with database.begin() as session:
        campaign_id = (
            await make.a_campaign_with(session, REFUSALS, now=now, state=CampaignState.FINISHED)
        ).id
    async with database.reading() as session:
        answered = await answers.of_failed(session, campaign_id, pattern=pattern, limit=1)
    assert (answered.copies, answered.kinds) == (len(chosen), len(chosen))
    async with database.begin() as session:
        again = await lifecycle.retry(
            session, campaign_id=campaign_id, uncertain=False, failed=True, reply=pattern
        )
        assert await balance.faults(session, campaign_id=campaign_id) == []
        state = (await find_campaign(session, campaign_id)).state
    assert again == len(chosen)
    assert state is (CampaignState.RUNNING if chosen else CampaignState.FINISHED)
    after = await copies_of(database, campaign_id)
    assert [n for n, it in enumerate(after) if it[0] == "pending"] == chosen
    assert [it[2] for it in after] == [1, 2, 1, 0, 0]


async def taken(
    database: Database, now: datetime, *, resend: bool, attempts: int = 0
) -> tuple[int, int, rows.LeasedBatch]:
    """A copy in work, of a campaign with two tries; the campaign, the copy and the leased batch."""
    earlier = ((0, "", "connection lost"),) * attempts
    async with database.begin() as session:
        campaign_id = (
            await make.a_campaign_with(session, (Copy(Status.SENDING, None, earlier),), now=now)
        ).id
        await session.execute(update(Campaign).values(resend_uncertain=resend))
        await session.execute(update(Delivery).values(lease=5, doubted=attempts > 0))
        await session.execute(update(Attempt).values(outcome="uncertain"))
        batch = await session.scalar(select(Batch.id))
        copy = await session.scalar(select(Delivery.id))
        assert batch is not None
        assert copy is not None
        held = await session.run_sync(leasing.take, batch_id=batch, lease=5)
    assert held is not None
    return campaign_id, copy, held


LOST = lost(Stage.BODY, "connection lost")
LATER = judge(Stage.RCPT, 451, "4.7.1 later")


@pytest.mark.parametrize(
    ("resend", "attempts", "outcome", "end"),
    [
        (False, 0, LOST, "uncertain"),
        (True, 0, LOST, "pending"),
        # The campaign has one retry delay, so the second try is the last.
        (True, 1, LOST, "uncertain"),
        (True, 1, LATER, "uncertain"),
        (False, 0, LATER, "pending"),
    ],
)
async def test_a_copy_in_doubt_is_sent_again_if_so_set_and_is_never_called_failed(
    database: Database, now: datetime, resend: bool, attempts: int, outcome: Outcome, end: str
) -> None:
    campaign_id, copy, held = await taken(database, now, resend=resend, attempts=attempts)
    async with database.begin() as session:
        result = Result(copy, attempts + 1, now.timestamp(), outcome)
        await session.run_sync(
            settling.settle, held, [result], relay="relay.example.org", delays=[300], now=now
        )
        assert await balance.faults(session, campaign_id=campaign_id) == []
        due = await session.scalar(select(Delivery.next_attempt_at))
    assert await copies_of(database, campaign_id) == [(end, None, attempts + 1)]
    if end == "pending":
        assert due is not None
        assert 270 <= (due - now).total_seconds() <= 330


async def test_in_a_cancelled_campaign_nothing_in_doubt_is_sent_again(
    database: Database, now: datetime
) -> None:
    campaign_id, copy, held = await taken(database, now, resend=True)
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
        result = Result(copy, 1, now.timestamp(), LOST)
        await session.run_sync(settling.settle, held, [result], relay="r", delays=[300], now=now)
    assert await copies_of(database, campaign_id) == [("uncertain", None, 1)]
