"""The door for those who have a link of a mail: invited, or without their passkey or password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import entering, links, people
from accounts.entering import Entry, Policy, Visitor
from accounts.factors import Factor
from accounts.links import LinkRefusal, Made, Used
from accounts.models import LinkKind
from accounts.people import ParsedAddress
from accounts.rights import granted
from pli.actor import Actor


@dataclass(frozen=True, slots=True)
class AskedLink:
    """A link that somebody asked for, and to whom the mail with it goes."""

    account_id: int
    address: str
    name: str
    language: str
    made: Made = field(repr=False)


async def ask_link(
    session: AsyncSession,
    *,
    address: ParsedAddress | None,
    kind: LinkKind,
    binding: str,
    policy: Policy,
    now: datetime,
) -> AskedLink | None:
    """Make the link that somebody asks for; None if there is nobody to send it to.

    What the asking person reads must be the same. A link as a way in is for readers only, where
    the policy allows it; five an hour are made for an account.
    """
    account = None if address is None else await people.find(session, address)
    if account is None or kind is LinkKind.INVITE:
        return None
    if kind is LinkKind.SIGN_IN:
        given = await granted(session, account_id=account.id)
        if not policy.sign_in_links or policy.two_for_all or given.needs_two_factors:
            return None
    made = await links.make(
        session,
        account_id=account.id,
        kind=kind,
        binding=binding,
        by=Actor.nobody(),
        now=now,
    )
    if made is None:
        return None
    return AskedLink(account.id, account.address, account.name, account.language, made)


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
    """Come in by a link of a mail, which is one factor; an invitation activates its account."""
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
        proved={Factor.LINK},
        browser=visitor.browser,
        policy=policy,
        now=now,
    )
