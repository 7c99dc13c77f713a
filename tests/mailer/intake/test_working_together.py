"""What came back is recorded some hundreds at a time, and one bad mail harms itself alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, BounceMail
from mailer.bounces.arrivals import Arrival
from mailer.bounces.handling import Came
from mailer.campaign import coming_back, recording_pace
from mailer.intake import sorting, waiting, working
from mailer.intake_models import IntakeMail
from mailer.models import Campaign, CampaignState
from pli.chores import Again, carry_out
from pli.database import Database, DatabaseAway
from tests.mailer.bounces.coming_back import FULL, bounce_of, sent
from tests.mailer.intake.coming_in import kinds, means, taken, tally, worked, written
from tests.specimens.bounces.pieces import TOKENS, message_id


async def come(database: Database, now: datetime, count: int) -> list[bytes]:
    """Mails of so many copies come in by a door."""
    async with database.begin() as session:
        copies = await sent(session, now, count)
    mails = [bounce_of(number, email, FULL) for number, email in copies]
    for it in mails:
        await taken(database, it)
    return mails


async def bounces(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Bounce)) or 0


def transactions(monkeypatch: pytest.MonkeyPatch, fails_over: str = "") -> list[int]:
    """How many arrivals each transaction has; one whose diagnostic holds a word fails."""
    sizes: list[int] = []
    take_in_all = coming_back.take_in_all

    def counted(session: Session, arrivals: Sequence[Arrival], **options: Any) -> Sequence[Came]:
        sizes.append(len(arrivals))
        came = take_in_all(session, arrivals, **options)
        for it in arrivals:
            if fails_over and fails_over in it.report.recipients[0].recipient.address:
                raise ValueError(f"the words of {it.report}")
        return came

    monkeypatch.setattr(coming_back, "take_in_all", counted)
    return sizes


async def test_what_waits_is_recorded_in_few_transactions_and_what_people_wrote_by_itself(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_pace, "TOGETHER", 8)
    mails = await come(database, now, 10)
    await taken(database, written("anne@example.org", "Re: Congés", "Très sympa, votre lettre !\n"))
    marks = [message_id(n) for n in (1, 2)]
    events = [{"event": "hard_bounce", "email": "a@example.org", "X-Mailin-custom": marks[0]}]
    await taken(database, json.dumps(events[0]).encode(), by="hook main", form="brevo")
    sizes = transactions(monkeypatch)
    assert await worked(database) == 12
    assert sizes == [8, 3]
    assert await bounces(database) == 11
    assert await kinds(database) == ["failure"] * 10 + ["reply", "failure"]
    assert await tally(database) == {"failure": 11, "reply": 1}
    async with database.reading() as session:
        assert set(await session.scalars(select(IntakeMail.raw))) == {b""}
        assert await session.scalar(select(func.count()).where(IntakeMail.acted)) == 11
        kept = await session.scalar(select(func.count()).select_from(BounceMail))
    assert (kept, await worked(database)) == (len(mails) + 1, 0)


async def test_one_bad_mail_harms_itself_alone_and_says_nothing_of_its_words(
    database: Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "pli.intake")
    await come(database, now, 16)
    async with database.reading() as session:
        raw = await session.scalar(select(IntakeMail.raw).where(IntakeMail.id == 3))
        address = (raw or b"").partition(b"Final-Recipient: rfc822; ")[2].partition(b"\n")[0]
    sizes = transactions(monkeypatch, fails_over=address.decode())
    assert await worked(database) == 15
    assert sizes == [16, 8, 4, 2, 2, 1, 1, 4, 8], (
        "halves find the bad one, the others stay together"
    )
    assert await bounces(database) == 15
    async with database.reading() as session:
        waits = (await session.execute(select(IntakeMail.id, IntakeMail.tries).where(
            IntakeMail.due_at.is_not(None)
        ))).all()  # fmt: skip
    assert waits == [(3, 1)]
    told = [it.message for it in caplog.records]
    assert (told.count("intake.divided"), told.count("intake.not_worked")) == (4, 1)
    assert "the words of" not in caplog.text


async def test_bad_mails_as_many_as_are_looked_at_together_hold_up_none_behind_them(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_pace, "TOGETHER", 3)
    await come(database, now, 8)
    came_back = sorting.came_back

    def stumbles(row: waiting.Waiting, *rest: Any) -> Any:
        if row.id <= 3:
            raise KeyError("x")
        return came_back(row, *rest)

    monkeypatch.setattr(sorting, "came_back", stumbles)
    assert await worked(database) == 5
    assert await kinds(database) == [""] * 3 + ["failure"] * 5


async def test_a_mail_that_cannot_be_sorted_waits_and_the_others_are_recorded_together(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, now, 3)
    came_back = sorting.came_back

    def stumbles(row: waiting.Waiting, *rest: Any) -> Any:
        if row.id == 2:
            raise KeyError("x")
        return came_back(row, *rest)

    monkeypatch.setattr(sorting, "came_back", stumbles)
    sizes = transactions(monkeypatch)
    assert await worked(database) == 2
    assert sizes == [2]
    assert await kinds(database) == ["failure", "", "failure"]


async def test_so_many_octets_are_looked_at_together_and_one_mail_at_least(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = await come(database, now, 5)
    for octets, expected in ((1, 1), (3 * len(mails[0]) + 20, 3), (waiting.OCTETS, 4)):
        monkeypatch.setattr(waiting, "OCTETS", octets)
        async with database.reading() as session:
            assert len(await session.run_sync(waiting.first, 4)) == expected


async def test_one_chore_stands_for_all_that_waits_and_no_fault_of_ours_holds_it(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, now, 3)
    (kind,) = working.kinds(database, means())
    assert kind.source is not None
    async with database.reading() as session:
        (line,) = (await session.scalars(kind.source())).all()
    with monkeypatch.context() as broken:
        broken.setattr(waiting, "first", None)
        for _ in range(len(kind.delays) + 2):
            assert await carry_out(database, kind, line) == Again(working.AFTER_A_FAULT)
    with monkeypatch.context() as away:

        def gone(*_args: object) -> None:
            raise DatabaseAway("gone")

        away.setattr(waiting, "first", gone)
        assert isinstance(await carry_out(database, kind, line), Again)
    assert await carry_out(database, kind, line) is None
    assert await bounces(database) == 3
    async with database.reading() as session:
        assert (await session.scalars(kind.source())).all() == []


async def test_a_campaign_that_is_sent_goes_first_and_what_was_missed_is_made_up_for(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, now, 6)
    monkeypatch.setattr(recording_pace, "TOGETHER", 2)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=CampaignState.RUNNING))
    rests: list[float] = []

    async def noted(seconds: float) -> None:
        rests.append(seconds)

    with monkeypatch.context() as patched:
        patched.setattr("mailer.campaign.recording_pace.asyncio.sleep", noted)
        assert await worked(database) == 6
    assert len(rests) == 3
    each = recording_pace.EACH_SECONDS
    pace = recording_pace.RecordingPace(database)
    # Nobody waited here, so the third is due one pace after the second, whatever the first did.
    first, second, third, fourth = (pace.rest(0.0, share) for share in (1.0, 1.0, 1.0, 0.1))
    assert first <= 0.0 < third - second <= each
    assert 0.0 < fourth - third <= 0.1 * each
    assert pace.rest(1.0) >= (recording_pace.REST_OF_SQLITE if database.is_sqlite else 0.0)


async def test_what_another_process_works_on_is_left_to_it(
    database: Database, now: datetime
) -> None:
    await come(database, now, 2)
    async with database.reading() as session:
        rows = await session.run_sync(waiting.first, 9)
    assert await working.work(database, means(), rows[0].id)
    found = [it for it in (sorting.came_back(row, TOKENS) for row in rows) if it]
    together = await database.perform(working._record, found, means().rules, datetime.now(UTC))
    assert together[0] == 1
    assert await bounces(database) == 2
