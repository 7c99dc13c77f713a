"""The mails that the office has ordered, composed as they would leave."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import undefer

from accounts import links
from accounts.models import LinkKind
from accounts.rights import Right
from mailer.models import Notice, NoticeKind
from mailer.notices import account_mail
from pli.actor import Actor
from tests.web.office.person import Town


async def mails(town: Town) -> list[EmailMessage]:
    """All of them, the oldest first."""
    async with town.database.reading() as session:
        rows = await session.scalars(
            select(Notice)
            .where(Notice.kind == NoticeKind.ACCOUNT)
            .order_by(Notice.id)
            .options(undefer(Notice.content))
        )
        found = []
        for it in rows:
            mail = account_mail.compose(
                notice_id=it.id,
                address=it.address,
                content=it.content,
                keys=town.keys,
                now=town.clock.at,
            )
            read = message_from_bytes(b"".join(mail.pieces), policy=default)
            assert isinstance(read, EmailMessage)
            found.append(read)
        return found


async def last_mail(town: Town) -> tuple[str, str]:
    """The path of the link in the latest mail, and the code beside it."""
    text = str((await mails(town))[-1].get_content())
    link = re.search(r"http\S+", text)
    code = re.search(r"\b\d{6}\b", text.replace(link[0] if link else "", ""))
    assert link is not None
    return urlsplit(link[0]).path, code[0] if code else ""


async def invited(town: Town, name: str, *granted: Right) -> str:
    """The path of an invitation."""
    account = await town.hire(name, *granted, password=None, active=False)
    async with town.database.begin() as session:
        made = await links.make(
            session,
            account_id=account.id,
            kind=LinkKind.INVITE,
            binding=None,
            by=Actor.system("root"),
            now=town.clock.at,
        )
    assert made is not None
    return links.url("", made.token)
