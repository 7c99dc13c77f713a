"""A mail without a token of ours acts on nobody, until a person says whom it is about."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import select

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import handling
from mailer.links import FIRST_NUMBER
from mailer.models import Notice, NoticeKind, Status
from mailer.report import bounces
from pli.actor import Actor
from pli.database import Database
from subscribers.models import SuppressionReason
from tests.mailer.bounces.coming_back import (
    UNTOLD,
    bounce_of,
    comes,
    one_copy,
    return_path,
    suppressed,
)

HARD = SuppressionReason.HARD_BOUNCE


@pytest.mark.parametrize("which", ["forged", "no copy", "no notice", "empty", "no token"])
async def test_a_mail_that_names_no_copy_of_ours_acts_on_nobody(
    database: Database, now: datetime, which: str
) -> None:
    number, email = await one_copy(database, now)
    forged = bounce_of(number, email).replace(b"bounce+", b"bounce+00")
    raw = {
        "forged": forged.replace(b"Message-ID: <61", b"Message-ID: <62").replace(b"/u/", b"/u/A"),
        "no copy": bounce_of(10**9, email),
        "no notice": bounce_of(FIRST_NUMBER + 7, email),
        "empty": b"",
        "no token": UNTOLD.format(email).encode(),
    }[which]
    came = await comes(database, raw, now)
    assert came.bounce_id is None
    assert await suppressed(database) == {}


async def test_an_unclaimed_mail_is_shown_with_its_person_and_claimed_by_somebody_once(
    database: Database, now: datetime
) -> None:
    _, email = await one_copy(database, now)
    came = await comes(database, UNTOLD.format(email).encode(), now)
    async with database.begin() as session:
        (shown,) = await bounces.unclaimed(session, limit=9)
        assert (shown.mail, shown.address) == (came.mail_id, email)
        assert shown.subscriber is not None

        claim = partial(
            handling.claim,
            mail_id=shown.mail,
            subscriber_id=shown.subscriber,
            by=Actor.system("anne"),
            now=now,
        )
        assert (await session.run_sync(claim)).effect is Effect.SUPPRESSED
        assert await bounces.unclaimed(session, limit=9) == []
        with pytest.raises(handling.ClaimError, match="belongs to a copy already"):
            await session.run_sync(claim)
    assert await suppressed(database) == {email: HARD}


async def test_mails_without_a_token_are_kept_however_many_came_before(
    database: Database, now: datetime
) -> None:
    for n in range(15):
        came = await comes(database, UNTOLD.format(f"a{n}@example.net").encode(), now)
        assert came.mail_id is not None, n


async def test_a_mail_by_its_return_path_alone_is_known(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    raw = UNTOLD.format(email).encode()
    came = await comes(database, raw, now, came_to=return_path(number).upper())
    assert came.effect is Effect.SUPPRESSED


async def test_what_comes_back_of_a_notice_is_kept_with_it_and_bars_nobody(
    database: Database, now: datetime
) -> None:
    _, email = await one_copy(database, now)
    async with database.begin() as session:
        notice = Notice(
            kind=NoticeKind.TEST, address=email, address_key=b"k" * 16, content="{}",
            status=Status.SENT, created_at=now,
        )  # fmt: skip
        session.add(notice)
        await session.flush()
        notice_id = notice.id
    came = await comes(database, bounce_of(FIRST_NUMBER + notice_id, email), now)
    assert came.bounce_id is not None
    assert await suppressed(database) == {}
    async with database.reading() as session:
        assert (await session.scalars(select(Bounce.notice_id))).all() == [notice_id]
