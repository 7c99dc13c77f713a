"""What waits for a person leaves the list by that person's decision, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from mailer.intake import deciding, taking
from mailer.intake.deciding import IntakeError
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from mailer.report import intake as came_in
from pli.actor import NOBODY
from pli.database import Database
from tests.mailer.intake.coming_in import kinds, taken, worked, written


async def test_a_mail_in_the_way_is_worked_again_or_dropped_with_all_that_it_said(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    for n in range(2):
        await taken(database, written("anne@example.org", f"Bonjour {n}"))
    async with database.begin() as session:
        await session.execute(update(IntakeMail).values(kind=Sort.FAULT.value, due_at=None))
        await taking.note(
            session, b"x", by="imap", kind=Sort.UNREADABLE, text="UID 4", now=datetime.now(UTC)
        )
    async with database.begin() as session:
        first, second, third = [it.mail for it in await came_in.stuck(session)]
        await deciding.work_again(session, mail_id=first, now=datetime.now(UTC))
        now = datetime.now(UTC)
        for mail_id in (second, third):
            await deciding.dismiss(session, mail_id=mail_id, by=NOBODY, now=now)
        for verb in (
            deciding.dismiss(session, mail_id=second, by=NOBODY, now=now),
            deciding.dismiss(session, mail_id=99, by=NOBODY, now=now),
            deciding.leave(session, mail_id=second, by=NOBODY, now=now),
        ):
            with pytest.raises(IntakeError, match="waits for no decision"):
                await verb
        with pytest.raises(IntakeError, match="is none that could not be worked"):
            await deciding.work_again(session, mail_id=third, now=datetime.now(UTC))
        due = select(IntakeMail.id).where(IntakeMail.due_at.is_not(None))
        assert (await session.scalars(due)).all() == [first]
    assert await worked(database) == 1
    assert await kinds(database) == ["reply", "other", "other"]
    async with database.reading() as session:
        assert await came_in.stuck(session) == []
        assert set(await session.scalars(select(IntakeMail.raw))) == {b""}
    await database.close()
