"""Who released a sending is told of its end, and when it pauses by itself."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from accounts import people
from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign
from mailer.models import Notice, NoticeKind
from mailer.notices import sending_mail
from mailer.notices.sending_mail import SendingMails
from mailer.notices.trouble_mail import Office
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from pli.language import say
from tests import factories as make
from tests.factories import IDENTITY

URL = "https://bureau.example.org"
OFFICE = Office((), IDENTITY, "fr", "Europe/Paris", URL)


async def composed(
    session: AsyncSession, notice_id: int, keys: Keys, now: datetime
) -> EmailMessage:
    """The mail as it leaves."""
    row = (
        await session.scalars(
            select(Notice).where(Notice.id == notice_id).options(undefer(Notice.content))
        )
    ).one()
    assert row.kind is NoticeKind.SENDING
    mail = await sending_mail.compose(
        session, notice_id=row.id, address=row.address, content=row.content, keys=keys, now=now
    )
    message = message_from_bytes(b"".join(mail.pieces), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_the_mail_says_how_it_stands_when_it_leaves_and_names_no_member(
    database: Database, keys: Keys, now: datetime
) -> None:
    mails = SendingMails(OFFICE, keys)
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, now=now)
        anne.language = "en"
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 3, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now, started=False)
        by = Actor.account(anne.id, anne.name)
        await lifecycle.start(session, campaign_id=campaign.id, by=by, now=now)
        await lifecycle.pause(
            session, campaign_id=campaign.id, reason=say("refused: {text}", text="550 <b>no</b>")
        )
        paused = await mails.order(session, campaign_id=campaign.id, now=now)
        assert paused is not None
        mail = await composed(session, paused, keys, now)
        assert mail["To"] == "anne@example.org"
        assert mail["Subject"] == "Pli: letter 294 is paused, and waits for you"
        text = mail.get_content()
        for said in (
            "has paused by itself",
            "refused: 550 <b>no</b>",
            "3 candidates = 3 waiting",
            f"{URL}/office/sendings/{campaign.id}",
        ):
            assert said in text, said
        assert "p000" not in text
        await lifecycle.resume(session, campaign_id=campaign.id, by=by)
        later = (await composed(session, paused, keys, now)).get_content()
        assert "Meanwhile it is running." in later
        assert "550" not in later
        anne.language = "fr"
        await lifecycle.cancel(session, campaign_id=campaign.id, now=now)
        ended = await mails.order(session, campaign_id=campaign.id, now=now)
        assert ended is not None
        french = await composed(session, ended, keys, now)
        assert french["Subject"] == "Pli\u202f: la lettre 294 est envoyée"
        assert "3 candidats = 3 retirés" in french.get_content()


async def test_nobody_is_told_who_did_not_release_it_or_is_not_there_any_more(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, now=now)
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 1, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now)
        of_anne = Actor.account(anne.id, anne.name)
        mails = SendingMails(OFFICE, keys)
        assert await mails.order(session, campaign_id=campaign.id, now=now) is None
        await lifecycle.resume(session, campaign_id=campaign.id, by=of_anne)
        assert await mails.order(session, campaign_id=campaign.id, now=now) is None
        found = await find_campaign(session, campaign.id)
        found.state = type(found.state).PREPARED
        await session.flush()
        await lifecycle.start(session, campaign_id=campaign.id, by=of_anne, now=now)
        nobody = SendingMails(None, keys)
        assert await nobody.order(session, campaign_id=campaign.id, now=now) is None
        root = Actor.system("root")
        await people.close(session, account_id=anne.id, by=root, now=now)
        assert await mails.order(session, campaign_id=campaign.id, now=now) is None
