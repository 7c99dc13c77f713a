"""Signing in by a link of a mail: invited, or without passkey or password at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import entering, limits, links, people
from accounts.entering import Entry, Policy, Visitor
from accounts.factors import Factor
from accounts.limits import Wait
from accounts.links import LinkRefusal, Made, Used
from accounts.models import LinkKind
from accounts.people import ParsedAddress
from accounts.rights import granted
from pli.actor import Actor
from pli.keys import Keys


@dataclass(frozen=True, slots=True)
class AskedLink:
    """A link that somebody asked for, and to whom the mail with it goes."""

    account_id: int
    kind: LinkKind
    made: Made = field(repr=False)


async def ask_link(
    session: AsyncSession,
    *,
    address: ParsedAddress | None,
    binding: str,
    carried: str = "",
    visitor: Visitor,
    policy: Policy,
    keys: Keys,
    now: datetime,
) -> AskedLink | Wait | None:
    """Make the link that somebody asks for; None if there is nobody to send it to.

    What the asking person reads must be the same then. Five an hour are made for an account, and
    who asks for more from one network has to wait. A link as a way in is for readers, where the
    policy allows it; everybody else gets one for a lost passkey or password.
    """
    wait = await limits.count_asking(session, network=visitor.network, keys=keys, now=now)
    if wait is not None:
        return wait
    account = None if address is None else await people.find(session, address)
    if account is None:
        return None
    given = await granted(session, account_id=account.id)
    is_way_in = policy.sign_in_links and not (policy.two_for_all or given.needs_two_factors)
    kind = LinkKind.SIGN_IN if is_way_in else LinkKind.RESET
    made = await links.make(
        session,
        account_id=account.id,
        kind=kind,
        binding=binding,
        carried=carried,
        by=Actor.nobody(),
        now=now,
    )
    return None if made is None else AskedLink(account.id, kind, made)


async def by_link(
    session: AsyncSession,
    *,
    token: str,
    binding: str | None,
    code: str | None = None,
    visitor: Visitor,
    policy: Policy,
    now: datetime,
) -> Entry | LinkRefusal:
    """Come in by a link of a mail, which is one factor; an invitation activates its account.

    One for a lost passkey or password lets nobody in before there is a new one.
    """
    used = await links.use(session, token=token, binding=binding, code=code, now=now)
    if not isinstance(used, Used):
        if used is LinkRefusal.WRONG_CODE:
            entering.refuse(session, account_id=None, why=Factor.LINK, now=now)
        return used
    if used.kind is LinkKind.INVITE:
        await people.activate(session, account_id=used.account_id)
    return await entering.enter(
        session,
        account_id=used.account_id,
        name=used.name,
        proved={Factor.RESET if used.kind is LinkKind.RESET else Factor.LINK},
        browser=visitor.browser,
        policy=policy,
        now=now,
    )
