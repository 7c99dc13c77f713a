"""A further proof by somebody who is in, before what counts: a release, new factors.

`sessions.Here.is_confirmed` says whether one is needed. Each proof makes a new secret.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import entering, factors, passkeys, sessions, signing_in, trace
from accounts.entering import Policy, Refused, SignedIn, Visitor
from accounts.factors import Factor
from accounts.models import Stage
from accounts.passkeys import PasskeyRefusal, Proved, Site
from accounts.sessions import Here
from pli.audit import AuditAction
from pli.keys import Keys


async def by_code(
    session: AsyncSession,
    *,
    cookie: str,
    code: str,
    visitor: Visitor,
    keys: Keys,
    policy: Policy,
    now: datetime,
) -> SignedIn | Refused:
    """Confirm by a code of the app, or a recovery code."""
    here = await sessions.resume(session, cookie=cookie, two_for_all=policy.two_for_all, now=now)
    if here is None:
        return Refused()
    factor = await signing_in.prove_by_code(
        session, here=here, code=code, visitor=visitor, keys=keys, now=now
    )
    if isinstance(factor, Refused):
        return factor
    return await _confirmed(session, here, factor, cookie, now)


async def ask_passkey(
    session: AsyncSession, *, cookie: str, site: Site, policy: Policy, now: datetime
) -> str | None:
    """What the browser needs to ask a passkey of this account, as JSON; None if nobody is in."""
    here = await sessions.resume(session, cookie=cookie, two_for_all=policy.two_for_all, now=now)
    if here is None:
        return None
    return await passkeys.ask(
        session, site=site, binding=cookie, account_id=here.account_id, now=now
    )


async def by_passkey(
    session: AsyncSession, *, cookie: str, site: Site, answer: str, policy: Policy, now: datetime
) -> SignedIn | Refused:
    """Confirm by the answer to `ask_passkey`; another person's passkey is refused."""
    here = await sessions.resume(session, cookie=cookie, two_for_all=policy.two_for_all, now=now)
    if here is None:
        return Refused()
    proved = await passkeys.prove(
        session,
        site=site,
        answer=answer,
        binding=cookie,
        account_id=here.account_id,
        now=now,
    )
    if not isinstance(proved, Proved):
        return entering.refuse(
            session,
            account_id=here.account_id,
            why=Factor.PASSKEY,
            warn=proved.reason is PasskeyRefusal.CLONED,
            now=now,
        )
    return await _confirmed(session, here, Factor.PASSKEY, cookie, now)


async def _confirmed(
    session: AsyncSession, here: Here, factor: Factor, cookie: str, now: datetime
) -> SignedIn | Refused:
    proved = {*here.proved, factor}
    opened = await sessions.renew(session, cookie=cookie, stage=Stage.WHOLE, proved=proved, now=now)
    if opened is None:
        return Refused()
    trace.of_account(
        session,
        AuditAction.CONFIRMED,
        here.account_id,
        by=here.actor,
        why=factors.kept({factor}),
        now=now,
    )
    return SignedIn(here.account_id, opened.secret, opened.until)
