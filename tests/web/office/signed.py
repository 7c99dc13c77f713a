"""A session of somebody who signed in by a passkey, without the way to it."""

from __future__ import annotations

from accounts import sessions
from accounts.factors import Factor
from accounts.models import Account, Stage
from tests.web.office.person import Person, Town
from web.office import tokens


async def signed_in(town: Town, person: Person, account: Account) -> str:
    """Give a browser the cookie of a new session; the token for its forms."""
    async with town.database.begin() as session:
        opened = await sessions.open_(
            session,
            account_id=account.id,
            stage=Stage.WHOLE,
            proved={Factor.PASSKEY},
            browser="Firefox, Linux",
            now=town.clock.at,
        )
        here = await sessions.resume(session, cookie=opened.secret, now=town.clock.at)
    assert here is not None
    person.forget_all()
    person.client.cookies.set("pli_office", opened.secret, domain="localhost.local", path="/office")
    return tokens.of_session(town.keys, here)
