"""Orders test copies, as an author does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from mailer.notices import writing
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from subscribers.models import List
from tests import factories as make


async def ordered(
    database: Database, keys: Keys, now: datetime, address: str = "autrice@example.org"
) -> int:
    """Order a test copy to this address, on the only list; the notice's id."""
    async with database.begin() as session:
        list_ = (await session.scalars(select(List))).first()
        if list_ is None:
            list_ = await make.a_list(session, "membres", now=now)
        return await writing.order_test(
            session,
            frozen=make.frozen(),
            list_id=list_.id,
            address=Address.parse(address),
            keys=keys,
            now=now,
        )
