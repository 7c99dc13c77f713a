"""Mails to people of the office: links that let them in, and warnings.

The content of such a notice holds the link itself. It is emptied when the mail was sent, or cannot
be.
"""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import NoticeKind
from mailer.notices import writing
from mailer.notices.text_mail import text_mail
from mailer.notices.writing import Mail
from mailer.sender import Identity
from pli.hours import Hour
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers.address import Address


class AccountMail(enum.Enum):
    """What such a mail is about."""

    INVITE = "invite"
    SIGN_IN = "sign_in"
    RESET = "reset"
    WARNING = "warning"


class LinkIsOver(Exception):
    """The link of a mail is worth nothing any more: the mail need not leave."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets the mail, in which language, by whose clocks."""

    address: Address
    language: str
    zone: str


async def order_link(
    session: AsyncSession,
    *,
    mail: AccountMail,
    reader: Reader,
    identity: Identity,
    url: str,
    code: str | None,
    until: datetime,
    keys: Keys,
    now: datetime,
) -> int:
    """Order the mail with a link, which leads to `url`; the notice's id.

    `code`: the six digits beside a link that the reader asked for; None: somebody else made it.
    """
    content = {"url": url, "code": code, "until": until.isoformat()}
    return await _order(session, mail, reader, identity, content, keys, now)


async def order_warning(
    session: AsyncSession, *, reader: Reader, identity: Identity, keys: Keys, now: datetime
) -> int:
    """Order the mail that tells somebody of failed tries to come in; the notice's id."""
    content = {"at": now.isoformat()}
    return await _order(session, AccountMail.WARNING, reader, identity, content, keys, now)


def compose(*, notice_id: int, address: str, content: str, keys: Keys, now: datetime) -> Mail:
    """Compose the mail; raises LinkIsOver."""
    ordered: dict[str, Any] = json.loads(content)
    mail, zone = AccountMail(ordered["mail"]), ordered["zone"]
    identity = Identity(**ordered["identity"])
    if mail is AccountMail.WARNING:
        at = Hour(datetime.fromisoformat(ordered["at"]), zone)
        paragraphs = _warning(identity, at)
    else:
        until = datetime.fromisoformat(ordered["until"])
        if until <= now:
            raise LinkIsOver
        paragraphs = _link(mail, identity, ordered, Hour(until, zone))
    return text_mail(
        notice_id=notice_id,
        address=address,
        identity=identity,
        subject=say(_SUBJECTS[mail], committee=identity.committee),
        paragraphs=paragraphs,
        language=ordered["language"],
        keys=keys,
        now=now,
    )


_SUBJECTS = {
    AccountMail.INVITE: N_("{committee}: your way into the office"),
    AccountMail.SIGN_IN: N_("{committee}: your link into the office"),
    AccountMail.RESET: N_("{committee}: your link into the office"),
    AccountMail.WARNING: N_("{committee}: somebody tries to come in as you"),
}


def _link(
    mail: AccountMail, identity: Identity, ordered: dict[str, Any], until: Hour
) -> list[Sentence]:
    if mail is AccountMail.INVITE:
        begin = say(
            N_("You are invited to the office in which the letters of {committee} are made."),
            committee=identity.committee,
        )
    elif not ordered["code"]:
        begin = say(
            N_("An operator of the office of {committee} sends you a link to come in by."),
            committee=identity.committee,
        )
    else:
        begin = say(
            N_("Somebody, probably you, asked for a link into the office of {committee}."),
            committee=identity.committee,
        )
    told = [
        begin,
        say(N_("This link works once, until {until}:"), until=until),
        Sentence("{url}", {"url": ordered["url"]}),
    ]
    if ordered["code"]:
        told.append(
            say(
                N_("In another browser than the one that asked, type this code: {code}"),
                code=ordered["code"],
            )
        )
        told.append(say(N_("If it was not you, do nothing: without the link nobody comes in.")))
    return told


def _warning(identity: Identity, at: Hour) -> list[Sentence]:
    return [
        say(
            N_("Somebody tried to come into the office of {committee} as you, and failed: {at}."),
            committee=identity.committee,
            at=at,
        ),
        say(
            N_(
                "If it was you, there is nothing to do: wait, or get a link by mail from the "
                "sign-in page. If it was not, look at your sessions in the office, and change your "
                "password."
            )
        ),
    ]


async def _order(
    session: AsyncSession,
    mail: AccountMail,
    reader: Reader,
    identity: Identity,
    content: dict[str, Any],
    keys: Keys,
    now: datetime,
) -> int:
    return await writing.order(
        session,
        kind=NoticeKind.ACCOUNT,
        address=reader.address,
        content={
            "mail": mail.value,
            "identity": asdict(identity),
            "language": reader.language,
            "zone": reader.zone,
            **content,
        },
        keys=keys,
        now=now,
    )
