"""Who watches an installation from outside: a session in its database."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts import sessions
from accounts.factors import Factor
from accounts.models import Stage
from accounts.rights import Right
from pli.database import Database
from tests import factories as make
from tests.journeys.installation import Installation


async def a_cookie(installation: Installation, url: str = "") -> str:
    """The session of somebody who may see the numbers; `url` is another database than SQLite."""
    now = datetime.now(UTC)
    database = Database(url or f"sqlite+aiosqlite:///{installation.folder}/pli.db")
    try:
        async with database.begin() as session:
            anne = await make.an_account(session, "anne", Right.READER, now=now)
            anne.language = "en"
            opened = await sessions.open_(
                session, account_id=anne.id, stage=Stage.WHOLE, proved={Factor.PASSKEY},
                browser="", now=now,
            )  # fmt: skip
        return opened.secret
    finally:
        await database.close()
