"""Who of the office may get a test copy of a manuscript."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import people, rights
from accounts.abilities import Ability
from accounts.models import Account, AccountState
from mailer.letter.drafts.rows import DraftLine
from web.office.visit import Visit


async def readers_of_tests(
    session: AsyncSession, visit: Visit, line: DraftLine
) -> tuple[Account, Sequence[Account]]:
    """The account of the visit, and the others that may see this manuscript."""
    granted = await rights.of_everybody(session)
    everybody = await people.everybody(session)
    mine = next(it for it in everybody if it.id == visit.who.account_id)
    others = [
        it
        for it in everybody
        if it.id != mine.id
        and it.state is AccountState.ACTIVE
        and it.id in granted
        and granted[it.id].may(Ability.SEE_DRAFTS, (line.list_id,))
    ]
    return mine, others
