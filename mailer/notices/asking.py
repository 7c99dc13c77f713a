"""Asks people of the office to approve a campaign, and tells its makers what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import rights
from accounts.abilities import Ability
from accounts.models import Account, AccountState
from mailer.campaign import approvals
from mailer.campaign.approvals import Step
from mailer.campaign.finding import CampaignError, find_campaign, lists_of
from mailer.models import ApprovalKind, Campaign
from mailer.notices import office_mail
from mailer.sender import Identity
from pli import actor
from pli.actor import Actor
from pli.chore_offers import offer
from pli.chores import Again, Kind
from pli.database import Database
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers.address import Address

REMINDER = "reminder"
"""The kind of the chore that reminds those who were asked."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MailRoom:
    """In whose name the office's mails leave, and the address of the office's pages."""

    identity: Identity
    office_url: str
    keys: Keys


async def who_may_approve(
    session: AsyncSession, campaign: Campaign, *, second_person: bool
) -> Sequence[Account]:
    """The accounts in use that may approve a campaign, by name; without its makers if need be."""
    lists = await lists_of(session, campaign_id=campaign.id)
    found = await rights.who_may(session, Ability.APPROVE, lists)
    if not second_person:
        return found
    makers = {actor.kept(it).account_id for it in await approvals.makers(session, campaign)}
    return [it for it in found if it.id not in makers]


def is_asked(step: Step, account_id: int) -> bool:
    """Whether an account that may approve is one of those who were asked in a step."""
    return step.asked_account in (None, account_id) and account_id != step.by.account_id


async def ask(
    session: AsyncSession,
    *,
    campaign_id: int,
    account_id: int | None,
    note: str,
    second_person: bool,
    room: MailRoom,
    by: Actor,
    now: datetime,
) -> Sequence[Account]:
    """Ask one account, or all who may (None), to approve a draft; who is asked.

    Each gets a mail with a link, not the letter. Refused if nobody may, or that account may not.
    """
    campaign = await find_campaign(session, campaign_id)
    able = await who_may_approve(session, campaign, second_person=second_person)
    asked = [it for it in able if account_id in (None, it.id) and it.id != by.account_id]
    if not asked:
        raise CampaignError(
            N_(
                "nobody who could approve campaign {id} is there to be asked: an operator gives "
                'the right "sender"'
            )
            if account_id is None
            else N_("that person may not approve campaign {id}"),
            id=campaign_id,
        )
    event_id = await approvals.ask(
        session, campaign_id=campaign_id, asked_account=account_id, note=note, by=by, now=now
    )
    await offer(session, REMINDER, event_id, at=now + A_DAY)
    for it in asked:
        await _mail(
            session,
            it,
            room,
            say(
                N_("{committee}: letter {number} waits for your approval"),
                committee=room.identity.committee,
                number=campaign.number,
            ),
            [
                say(
                    N_("{name} asks you to read letter {number}, “{subject}”, and to approve it."),
                    name=by.name,
                    number=campaign.number,
                    subject=campaign.subject,
                ),
                *([_said(note)] if note.strip() else []),
                _link(room, campaign_id, "/approve"),
            ],
            now,
        )
    return asked


async def remind(
    session: AsyncSession, *, campaign_id: int, second_person: bool, room: MailRoom, now: datetime
) -> int:
    """Remind those who were asked last, if the campaign still waits for them; how many mails.

    A campaign that was approved, sent back or changed since waits for nobody. They are reminded
    once: the reminder is a step, too.
    """
    steps = await approvals.steps(session, campaign_id)
    if not steps or steps[-1].kind is not ApprovalKind.ASKED:
        return 0
    campaign = await find_campaign(session, campaign_id)
    able = await who_may_approve(session, campaign, second_person=second_person)
    last = steps[-1]
    asked = [it for it in able if is_asked(last, it.id)]
    for it in asked:
        await _mail(
            session,
            it,
            room,
            say(
                N_("{committee}: letter {number} still waits for your approval"),
                committee=room.identity.committee,
                number=campaign.number,
            ),
            [
                say(
                    N_("{name} asked you to approve letter {number}, “{subject}”."),
                    name=last.by.name,
                    number=campaign.number,
                    subject=campaign.subject,
                ),
                _link(room, campaign_id, "/approve"),
            ],
            now,
        )
    approvals.add(session, ApprovalKind.REMINDED, campaign, by=last.by, now=now)
    await session.flush()
    return len(asked)


def kinds(database: Database, room: MailRoom, *, second_person: bool) -> list[Kind]:
    """The chore that reminds a day after somebody was asked; its row is the step of the asking."""

    async def handle(event_id: int) -> Again | None:
        async with database.begin() as session:
            campaign_id = await approvals.campaign_of(session, event_id)
            if campaign_id is not None:
                await remind(
                    session,
                    campaign_id=campaign_id,
                    second_person=second_person,
                    room=room,
                    now=datetime.now(UTC),
                )
        return None

    return [Kind(REMINDER, handle)]


async def tell_makers(
    session: AsyncSession,
    *,
    campaign_id: int,
    approved: bool,
    room: MailRoom,
    by: Actor,
    now: datetime,
) -> None:
    """Tell who made a campaign, and who asked, that it was approved or sent back.

    The mail says the remarks, and quotes nothing of the letter.
    """
    campaign = await find_campaign(session, campaign_id)
    steps = await approvals.steps(session, campaign_id)
    asking = [it.by for it in steps if it.kind is ApprovalKind.ASKED]
    made = [actor.kept(it) for it in await approvals.makers(session, campaign)]
    numbers = dict.fromkeys(it.account_id for it in (*asking, *made))
    subject = (
        N_("{committee}: letter {number} is approved")
        if approved
        else N_("{committee}: letter {number} was sent back")
    )
    told = (
        N_("{name} has approved letter {number}, “{subject}”.")
        if approved
        else N_("{name} has sent letter {number}, “{subject}”, back.")
    )
    for number in numbers:
        account = await session.get(Account, number) if number else None
        if account is None or number == by.account_id or account.state is not AccountState.ACTIVE:
            continue
        await _mail(
            session,
            account,
            room,
            say(subject, committee=room.identity.committee, number=campaign.number),
            [
                say(told, name=by.name, number=campaign.number, subject=campaign.subject),
                *([] if approved else [_said(it) for it in _words(steps)]),
                _link(room, campaign_id, ""),
            ],
            now,
        )


def _words(steps: Sequence[Step]) -> list[str]:
    """What was said in the last step, of the whole and of blocks."""
    last = steps[-1]
    return [it for it in (last.note, *(it.note for it in last.remarks)) if it]


def _said(note: str) -> Sentence:
    return say(N_("What was said: {note}"), note=note.strip())


def _link(room: MailRoom, campaign_id: int, page: str) -> Sentence:
    return Sentence("{url}", {"url": f"{room.office_url}/office/sendings/{campaign_id}{page}"})


async def _mail(
    session: AsyncSession,
    account: Account,
    room: MailRoom,
    subject: Sentence,
    paragraphs: Sequence[Sentence],
    now: datetime,
) -> None:
    await office_mail.order(
        session,
        address=Address.parse(account.address),
        language=account.language,
        identity=room.identity,
        subject=subject,
        paragraphs=paragraphs,
        keys=room.keys,
        now=now,
    )
