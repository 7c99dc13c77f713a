"""The mails that tell who released a sending that it is over, has paused by itself, or is held.

Each is ordered in the transaction that ends, pauses or holds the campaign. That of an end or a
pause is composed when it leaves: then it says how things stand. It holds numbers and a link, and
names no member.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.models import Account, AccountState
from mailer import reasons
from mailer.campaign.finding import find_campaign, reason_of
from mailer.ledger import balance
from mailer.models import Batch, Campaign, CampaignState, NoticeKind, Status
from mailer.notices import office_mail, writing
from mailer.notices.text_mail import text_mail
from mailer.notices.trouble_mail import Office
from mailer.notices.writing import Mail
from mailer.sender import Identity
from pli import audit
from pli.audit import AuditAction, AuditObject
from pli.hours import Hour
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers.address import Address

_RELEASES = frozenset({AuditAction.RELEASED, AuditAction.STARTED, AuditAction.SCHEDULED})


@dataclass(frozen=True, slots=True)
class SendingMails:
    """Orders these mails; `office` None: nobody is told."""

    office: Office | None
    keys: Keys

    async def order(self, session: AsyncSession, *, campaign_id: int, now: datetime) -> int | None:
        """Order the mail about a campaign that has ended or paused; the notice's id.

        None where nobody of the office released it, or the account is closed.
        """
        if self.office is None:
            return None
        account = await _who_released(session, campaign_id)
        if account is None:
            return None
        state = await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
        return await writing.order(
            session,
            kind=NoticeKind.SENDING,
            address=Address.parse(account.address),
            content={
                "campaign": campaign_id,
                "paused": state is CampaignState.PAUSED,
                "url": f"{self.office.url}/office/sendings/{campaign_id}",
                "identity": asdict(self.office.identity),
                "language": account.language,
                "zone": account.zone,
            },
            keys=self.keys,
            now=now,
        )

    async def order_held(
        self, session: AsyncSession, *, campaign_id: int, reason: Sentence, now: datetime
    ) -> list[int]:
        """Order the mails about a campaign that did not start at its hour; the notices' ids.

        Who released it is told, and the addresses of the office.
        """
        if self.office is None:
            return []
        campaign = await find_campaign(session, campaign_id)
        told = dict.fromkeys(self.office.addresses, self.office.language)
        account = await _who_released(session, campaign_id)
        if account is not None:
            told[account.address] = account.language
        page = Sentence("{url}", {"url": f"{self.office.url}/office/sendings/{campaign_id}"})
        return [
            await office_mail.order(
                session,
                address=Address.parse(address),
                language=language,
                identity=self.office.identity,
                subject=say(
                    N_("Pli: letter {number} did not start at its hour"), number=campaign.number
                ),
                paragraphs=[
                    say(
                        N_("Letter {number}, “{subject}”, waits for a person:"),
                        number=campaign.number,
                        subject=campaign.subject,
                    ),
                    reason,
                    say(N_("Nothing was sent, and nothing is lost.")),
                    *([page] if self.office.url else []),
                ],
                keys=self.keys,
                now=now,
            )
            for address, language in told.items()
        ]


async def _who_released(session: AsyncSession, campaign_id: int) -> Account | None:
    """The account that released a campaign, if it is still in use."""
    released = await audit.events(
        session,
        kind=AuditObject.CAMPAIGN,
        object_id=campaign_id,
        actions=_RELEASES,
        limit=1,
    )
    account_id = released.events[0].account_id if released.events else None
    account = await session.get(Account, account_id) if account_id else None
    return account if account is not None and account.state is AccountState.ACTIVE else None


async def compose(
    session: AsyncSession,
    *,
    notice_id: int,
    address: str,
    content: str,
    keys: Keys,
    now: datetime,
) -> Mail:
    """Compose the mail, of how the campaign stands now."""
    ordered: dict[str, Any] = json.loads(content)
    campaign = await session.get(Campaign, ordered["campaign"], populate_existing=True)
    assert campaign is not None
    counts = await _counts(session, campaign)
    heading = (
        N_("Pli: letter {number} is paused, and waits for you")
        if ordered["paused"]
        else N_("Pli: letter {number} is sent")
    )
    return text_mail(
        notice_id=notice_id,
        address=address,
        identity=Identity(**ordered["identity"]),
        subject=say(heading, number=campaign.number),
        paragraphs=[
            *(_paused(campaign) if ordered["paused"] else _over(campaign, ordered["zone"])),
            _sum(counts),
            say(N_("Everything about it: {url}"), url=ordered["url"]),
        ],
        language=ordered["language"],
        keys=keys,
        now=now,
    )


def _over(campaign: Campaign, zone: str) -> Sequence[Sentence]:
    told = say(
        N_("The sending of letter {number}, “{title}”, is over."),
        number=campaign.number,
        title=campaign.title,
    )
    if campaign.finished_at is None:
        return [told]
    return [
        told,
        say(N_("Its last copy was settled on {hour}."), hour=Hour(campaign.finished_at, zone)),
    ]


def _paused(campaign: Campaign) -> Sequence[Sentence]:
    found = [
        say(
            N_("The sending of letter {number}, “{title}”, has paused by itself."),
            number=campaign.number,
            title=campaign.title,
        )
    ]
    reason = reason_of(campaign)
    if campaign.state is not CampaignState.PAUSED:
        return [
            *found,
            say(N_("Meanwhile it is {state}."), state=reasons.state(campaign.state)),
        ]
    if reason is not None:
        found.append(say(N_("Why: {reason}"), reason=reason))
    return [
        *found,
        say(N_("Nothing is lost: the copies wait until somebody lets it go on, or cancels it.")),
    ]


async def _counts(session: AsyncSession, campaign: Campaign) -> dict[Status, int]:
    sums = (func.coalesce(func.sum(getattr(Batch, it.value)), 0) for it in balance.COUNTED)
    row = (await session.execute(select(*sums).where(Batch.campaign_id == campaign.id))).one()
    counts = {it: int(n) for it, n in zip(balance.COUNTED, row, strict=True)}
    return {**counts, Status.EXCLUDED: sum((campaign.excluded or {}).values())}


def _sum(counts: dict[Status, int]) -> Sentence:
    """The candidates as a sum of what became of them."""
    told: Sentence | None = None
    for it, n in counts.items():
        if n:
            one = reasons.counted(it, n)
            told = say(N_("{first} + {second}"), first=told, second=one) if told else one
    return say(
        N_("{candidates} candidates = {parts}"),
        candidates=sum(counts.values()),
        parts=told or "0",
    )
