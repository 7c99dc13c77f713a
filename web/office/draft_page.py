"""What the pages of a draft share: the campaign, its steps, and the letter's findings kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability, Granted
from mailer import reasons
from mailer.campaign import freezing
from mailer.campaign.finding import find_campaign
from mailer.letter.drafts import rows
from mailer.models import Campaign, CampaignState
from mailer.notices.asking import MailRoom
from mailer.report import readiness, summary
from mailer.report.readiness import Point
from mailer.report.summary import Progress
from pli.language import N_
from subscribers import attributes
from web.office import cookies
from web.office.sending_options import SendingOptions
from web.office.visit import Visit

OPEN = frozenset({CampaignState.DRAFT, CampaignState.APPROVED})
DECIDED = OPEN | {CampaignState.SCHEDULED}
"""The states whose page is about deciding; the others are watched or reported."""
_KEPT = 32

STEPS = (
    ("who", N_("For whom"), Ability.WRITE_DRAFTS),
    ("check", N_("Check"), Ability.SEE_DRAFTS),
    ("approve", N_("Approve"), Ability.SEE_DRAFTS),
    ("release", N_("Release"), Ability.RELEASE),
)


@dataclass(frozen=True, slots=True)
class OpenSending:
    """A campaign as its pages show it; `manuscript`: of which it was made, and who looks sees."""

    campaign: Campaign
    lists: Sequence[int]
    manuscript: int | None = None

    @property
    def path(self) -> str:
        """The one address of this sending."""
        return f"{cookies.PATH}/sendings/{self.campaign.id}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed, approved and released."""
        return self.campaign.state in OPEN


async def lists_of_sending(
    session: AsyncSession, values: Mapping[str, Any]
) -> Collection[int] | None:
    """The lists of the sending in the path."""
    return await summary.lists_of(session, values["id"])


async def load(session: AsyncSession, visit: Visit) -> OpenSending:
    """The sending in the path."""
    campaign_id = visit.number("id")
    lists = await summary.lists_of(session, campaign_id)
    if lists is None:
        raise HTTPException(404)
    campaign = await find_campaign(session, campaign_id)
    return OpenSending(campaign, list(lists), await manuscript_of(session, visit, campaign))


async def sees(session: AsyncSession, visit: Visit, campaign: Campaign) -> bool:
    """Whether the page of a sending, in the state that it is in, tells something to who looks."""
    lists = await summary.lists_of(session, campaign.id) or ()
    granted = visit.who.granted
    if campaign.state not in OPEN and granted.lists_for(Ability.SEE_NUMBERS).among(lists):
        return True
    return campaign.state in DECIDED and bool(granted.lists_for(Ability.SEE_DRAFTS).among(lists))


def closed(
    shown: Iterable[Progress], lists: Mapping[int, Sequence[int]], granted: Granted
) -> set[int]:
    """The campaigns that are not decided yet, for somebody who sees numbers, and no drafts."""
    return {
        it.campaign
        for it in shown
        if it.state in OPEN
        and not granted.lists_for(Ability.SEE_DRAFTS).among(lists.get(it.campaign, ()))
    }


async def manuscript_of(session: AsyncSession, visit: Visit, campaign: Campaign) -> int | None:
    """The number of the campaign's manuscript, if it is still there and may be seen."""
    if campaign.draft_id is None:
        return None
    of = await rows.lists_of(session, campaign.draft_id)
    is_seen = of is not None and visit.who.granted.may(Ability.SEE_DRAFTS, of)
    return campaign.draft_id if is_seen else None


def sending_options(visit: Visit) -> SendingOptions:
    """How this installation sends; 404 where it cannot."""
    if visit.context.options.sending is None:
        raise HTTPException(404)
    return visit.context.options.sending


def mail_room(visit: Visit) -> MailRoom:
    """In whose name mails to people of the office leave."""
    context = visit.context
    url = context.options.url or context.pages.identity.public_url
    return MailRoom(context.pages.identity, url, context.keys)


def page(visit: Visit, draft: OpenSending, name: str, step: str = "", **values: Any) -> Response:
    """A page of a draft, with its steps."""
    may = visit.who.granted.may
    error = values.pop("error", None)
    told = [it.tell(visit.language) for it in error.sentences] if error is not None else []
    return visit.page(
        name,
        **{"status_code": 200 if error is None else 422} | values,
        campaign=draft.campaign,
        path=draft.path,
        manuscript=draft.manuscript,
        may_list=visit.who.granted.may_somewhere(Ability.SEE_NUMBERS),
        step=step,
        steps=[(key, text) for key, text, needs in STEPS if may(needs, draft.lists)],
        state=reasons.state(draft.campaign.state),
        is_open=draft.is_open,
        told=told,
    )


def too_late(visit: Visit, draft: OpenSending) -> Response:
    """Lead whoever comes late to where the sending stands now, and say so if a form was sent."""
    return visit.go(draft.path, done="too_late" if visit.posted else "")


class LetterPoints:
    """The findings of frozen letters; those last asked for are kept, for pressing takes long."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, tuple[str, ...]], list[Point]] = OrderedDict()

    async def of(self, session: AsyncSession, visit: Visit, campaign: Campaign) -> list[Point]:
        """The findings of a campaign's letter, with today's attributes."""
        known = tuple(sorted(await attributes.declared(session)))
        key = (campaign.frozen_hash, known)
        if key not in self._kept:
            text = await freezing.frozen_text(session, campaign.id)
            sizes = visit.context.options.sizes
            # Not on the loop that also sends.
            self._kept[key] = await asyncio.to_thread(readiness.of_letter, text, known, sizes)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
