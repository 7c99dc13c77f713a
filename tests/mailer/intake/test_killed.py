"""kill -9 between fetching, committing and deleting: each mail is recorded once, none is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import func, select, update

from mailer.bounce_models import Bounce, BounceMail
from mailer.intake_models import IntakeDoor, IntakeMail, IntakeTally
from pli.database import Database
from tests.dovecot import Dovecot
from tests.mailer.bounces.coming_back import bounce_of, sent, suppressed
from tests.mailer.intake.killed_reader import POINTS
from tests.paths import ROOT

pytestmark = pytest.mark.proof
MAILS = 5


async def read(database: Database, dovecot: Dovecot, point: str) -> int:
    """Run the reader until it ends or dies; its exit code."""
    async with database.begin() as session:  # the lease of one that died is over
        await session.execute(update(IntakeDoor).values(holder=None, lease_until=None))
    words = [
        sys.executable, "-m", "tests.mailer.intake.killed_reader",
        database.url.render_as_string(hide_password=False), dovecot.url, point,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = await asyncio.to_thread(
        partial(subprocess.run, words, cwd=ROOT, env=environment, check=False, timeout=60)
    )
    return done.returncode


@pytest.mark.parametrize("point", POINTS)
async def test_each_mail_is_recorded_exactly_once_wherever_the_reader_dies(
    database: Database, now: datetime, point: str
) -> None:
    async with database.begin() as session:
        copies = (await sent(session, now, 60))[:MAILS]  # of so many, five are no burst
    with Dovecot.started() as dovecot:
        for number, email in copies:
            dovecot.deliver(bounce_of(number, email))
        assert await read(database, dovecot, point) == -signal.SIGKILL
        assert await read(database, dovecot, "never") == 0
        assert dovecot.mails() == {}
    async with database.reading() as session:
        for model, where in (
            (IntakeMail, IntakeMail.filed),
            (Bounce, Bounce.id > 0),
            (BounceMail, BounceMail.id > 0),
        ):
            found = await session.scalar(select(func.count()).select_from(model).where(where))
            assert found == MAILS, model
        assert await session.scalar(select(func.sum(IntakeTally.mails))) == MAILS
    assert sorted(await suppressed(database)) == sorted(email for _, email in copies)
