"""Orders the mails about signing in: a link for somebody, or a warning."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import links, people
from accounts.entering import Entry, Refused
from accounts.links import Made
from accounts.models import Account, LinkKind
from mailer.notices import account_mail
from mailer.notices.account_mail import AccountMail, Reader
from subscribers.address import Address
from web.office.visit import Visit

_MAILS = {
    LinkKind.INVITE: AccountMail.INVITE,
    LinkKind.SIGN_IN: AccountMail.SIGN_IN,
    LinkKind.RESET: AccountMail.RESET,
}


async def order_link(
    session: AsyncSession, visit: Visit, account: Account, kind: LinkKind, made: Made
) -> None:
    """Order the mail with a link; it leads to the address of the settings, whoever asked where."""
    context = visit.context
    office = context.options.url or context.pages.identity.public_url
    await account_mail.order_link(
        session,
        mail=_MAILS[kind],
        reader=_reader(account),
        identity=context.pages.identity,
        url=links.url(office, made.token),
        code=made.code,
        until=made.until,
        keys=context.keys,
        now=visit.now,
    )


async def warn(session: AsyncSession, visit: Visit, found: Entry) -> None:
    """Tell a person by mail that somebody tries to come in as that person, if a refusal asks so."""
    if isinstance(found, Refused) and found.warn is not None:
        await account_mail.order_warning(
            session,
            reader=_reader(await people.by_id(session, found.warn)),
            identity=visit.context.pages.identity,
            keys=visit.context.keys,
            now=visit.now,
        )


def _reader(account: Account) -> Reader:
    return Reader(Address.parse(account.address), account.language, account.zone)
