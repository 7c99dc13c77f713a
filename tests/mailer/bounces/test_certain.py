"""Who is gone for certain, or complained, loses letters at once; nobody else does."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import Kind
from mailer.campaign import barring
from mailer.models import Delivery, Status
from mailer.report import bounces
from pli.actor import Actor
from pli.database import Database
from pli.tables import Audit
from subscribers.models import Subscriber, SuppressionReason
from tests.mailer.bounces.coming_back import (
    BLAMED,
    FULL,
    GONE,
    LIKELY,
    bounce_of,
    comes,
    complaint_of,
    one_copy,
    suppressed,
)

HARD = SuppressionReason.HARD_BOUNCE


async def test_who_is_certainly_gone_is_suppressed_once_and_the_copy_stays_sent(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    raw = bounce_of(number, email)
    came = await comes(database, raw, now)
    assert (came.new, came.kind, came.effect) == (True, Kind.FAILURE, Effect.SUPPRESSED)
    again = await comes(database, raw, now)
    assert (again.new, again.mail_id) == (False, came.mail_id)
    # The same bounce in another mail is kept, and told once.
    more = await comes(database, bounce_of(number, email, more="X-Try: 2\n"), now)
    assert (more.new, more.bounce_id) == (True, None)
    assert await suppressed(database) == {email: HARD}
    async with database.reading() as session:
        row = await session.get(Delivery, number)
        assert row is not None
        assert row.status is Status.SENT
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1
        listed = await bounces.latest(session, limit=9)
        told = str(listed[0].sentence)
    assert told.startswith("The mailbox does not exist (any more). The provider said: “550 5.1.1")
    assert "@" not in told


@pytest.mark.parametrize(
    ("said", "action"),
    [(FULL, "failed"), (BLAMED, "failed"), (LIKELY, "failed"), (GONE, "delayed"),
     (("2.0.0", "250 ok"), "delivered")],
)  # fmt: skip
async def test_whatever_is_not_certain_is_noted_and_suppresses_nobody(
    database: Database, now: datetime, said: tuple[str, str], action: str
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email, said, action=action), now)
    assert came.bounce_id is not None
    assert came.effect is Effect.NONE
    assert await suppressed(database) == {}


async def test_a_complaint_suppresses_and_only_the_person_can_come_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, complaint_of(number, email), now)
    assert came.effect is Effect.SUPPRESSED
    async with database.begin() as session:
        assert came.bounce_id is not None
        with pytest.raises(barring.ComplaintStands, match="is a complaint"):
            await barring.undo_one(session, bounce_id=came.bounce_id, now=now)
        key = (await session.scalars(select(Subscriber.address_key))).one()
        with pytest.raises(barring.ComplaintStands, match="--person-asked"):
            await barring.lift_address(session, address_key=key, now=now)
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}
    async with database.begin() as session:
        by = Actor.system("anne")
        assert await barring.lift_address(session, address_key=key, asked=True, by=by, now=now)
        assert (await session.scalars(select(Audit.why))).all() == ["asked by the person"]
    assert await suppressed(database) == {}


async def test_a_failure_and_a_complaint_are_heard_after_many_delays(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    for n in range(12):
        raw = bounce_of(number, email, ("4.4.1", "timed out"), action="delayed", more=f"X: {n}\n")
        await comes(database, raw, now)
    assert (await comes(database, bounce_of(number, email), now)).effect is Effect.SUPPRESSED
    assert (await comes(database, complaint_of(number, email), now)).kind is Kind.COMPLAINT
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}
