"""What became of a notice, on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import update

from mailer.models import Notice, Status
from mailer.notices import writing
from mailer.notices.queue import NO_RELAY
from mailer.report import notice
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from tests import factories as make


@pytest.mark.parametrize(
    ("status", "attempts", "reason", "tried"),
    [
        (Status.PENDING, 0, None, False),
        (Status.SENDING, 1, None, False),
        (Status.PENDING, 1, None, True),
        (Status.PENDING, 0, NO_RELAY, True),
        (Status.SENT, 1, None, True),
        (Status.SKIPPED, 0, "suppressed", True),
    ],
)
async def test_a_notice_counts_as_tried_once_its_outcome_is_known(
    database: Database,
    keys: Keys,
    now: datetime,
    status: Status,
    attempts: int,
    reason: str | None,
    tried: bool,
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        notice_id = await writing.order_test(
            session,
            frozen=make.frozen(),
            list_id=members.id,
            address=Address.parse("relectrice@example.org"),
            keys=keys,
            now=now,
        )
        await session.execute(
            update(Notice).values(status=status, attempts=attempts, reason=reason)
        )
    async with database.reading() as session:
        found = await notice.report(session, notice_id=notice_id)
    assert (found.address, found.status) == ("relectrice@example.org", status)
    assert found.tried == tried
