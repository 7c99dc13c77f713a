"""Asking for an approval, approving, sending back: what is frozen, as the approver sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import addressees, approvals, freezing, lifecycle
from mailer.campaign.remarks import blocks, excerpt
from mailer.letter import snapshot
from mailer.letter.snapshot import Frozen
from mailer.models import ApprovalKind
from mailer.notices import asking, writing
from pli import actor
from pli.errors import PliError
from pli.language import N_
from subscribers.address import Address
from web.office import draft_page
from web.office.checking import ABOUT, Checker
from web.office.differing import Difference, difference
from web.office.draft_page import OpenSending, lists_of_sending, mail_room, sending_options
from web.office.office_routes import OfficeRoute
from web.office.visit import Visit

EVERYBODY = "all"
MOST_BLOCKS = 300
"""Blocks with a field of their own: a form has a thousand fields at most."""
KINDS = {
    ApprovalKind.WROTE: N_("wrote it"),
    ApprovalKind.ASKED: N_("asked for the approval"),
    ApprovalKind.APPROVED: N_("approved it"),
    ApprovalKind.SENT_BACK: N_("sent it back"),
    ApprovalKind.REMINDED: N_("asked once more: a reminder was sent after a day"),
    ApprovalKind.CHANGED: N_("changed it"),
}


class Approving:
    """The pages under /office/sendings/ID/approve."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Who sees the draft may ask; who may approve decides."""
        at = "/sendings/{id:number}"
        sees, approves = Ability.SEE_DRAFTS, Ability.APPROVE
        post = ("POST",)
        return [
            OfficeRoute(f"{at}/approve", self.show, sees, lists_of_sending),
            OfficeRoute(f"{at}/ask", self.ask, sees, lists_of_sending, methods=post),
            OfficeRoute(f"{at}/test", self.test_copy, sees, lists_of_sending, methods=post),
            OfficeRoute(f"{at}/approved", self.approve, approves, lists_of_sending, methods=post),
            OfficeRoute(f"{at}/back", self.send_back, approves, lists_of_sending, methods=post),
        ]

    async def show(self, visit: Visit) -> Response:
        """What is frozen, and who can do what about it."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        return await self._page(visit, draft)

    async def ask(self, visit: Visit) -> Response:
        """Ask one person, or all who may; each gets a mail with a link."""
        draft = await self._loaded(visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        of = str(visit.form.get("of", EVERYBODY))
        try:
            async with visit.context.database.begin() as session:
                await asking.ask(
                    session,
                    campaign_id=draft.campaign.id,
                    account_id=int(of) if of.isdecimal() and len(of) < 10 else None,
                    note=str(visit.form.get("note", "")),
                    second_person=sending_options(visit).policy.second_person,
                    room=mail_room(visit),
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return await self._page(visit, draft, error=error, asks=True)
        return visit.go(f"{draft.path}/approve", done="asked")

    async def approve(self, visit: Visit) -> Response:
        """Approve exactly what was seen: the hash stands in the form."""
        draft = await self._loaded(visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        try:
            async with visit.context.database.begin() as session:
                await lifecycle.approve(
                    session,
                    campaign_id=draft.campaign.id,
                    by=visit.who.actor,
                    second_person=sending_options(visit).policy.second_person,
                    seen_hash=str(visit.form.get("seen", "")) or "-",
                    now=visit.now,
                )
                await asking.tell_makers(
                    session,
                    campaign_id=draft.campaign.id,
                    approved=True,
                    room=mail_room(visit),
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return await self._page(visit, await self._loaded(visit), error=error)
        return visit.go(draft.path, done="approved")

    async def send_back(self, visit: Visit) -> Response:
        """Send it back with a remark, which its makers get by mail."""
        draft = await self._loaded(visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        try:
            async with visit.context.database.begin() as session:
                await lifecycle.send_back(
                    session,
                    campaign_id=draft.campaign.id,
                    note=str(visit.form.get("note", "")),
                    remarks=_remarks(visit),
                    by=visit.who.actor,
                    now=visit.now,
                )
                await asking.tell_makers(
                    session,
                    campaign_id=draft.campaign.id,
                    approved=False,
                    room=mail_room(visit),
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return await self._page(visit, draft, error=error)
        return visit.go(draft.path, done="sent_back")

    async def test_copy(self, visit: Visit) -> Response:
        """A test copy of what is frozen, to one's own address."""
        draft = await self._loaded(visit)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        async with visit.context.database.begin() as session:
            text = await freezing.frozen_text(session, draft.campaign.id)
            await writing.order_test(
                session,
                frozen=Frozen.of_text(text),
                list_id=draft.lists[0],
                address=Address.parse(visit.who.address),
                keys=visit.context.keys,
                now=visit.now,
            )
        return visit.go(f"{draft.path}/approve", done="test_copy")

    async def _loaded(self, visit: Visit) -> OpenSending:
        async with visit.context.database.reading() as session:
            return await draft_page.load(session, visit)

    async def _page(
        self,
        visit: Visit,
        draft: OpenSending,
        *,
        error: PliError | None = None,
        asks: bool = False,
    ) -> Response:
        """The page; what was typed stands in it again. `asks`: the form that asks was sent."""
        campaign = draft.campaign
        typed = str(visit.form.get("note", ""))
        two = sending_options(visit).policy.second_person
        async with visit.context.database.reading() as session:
            text = await freezing.frozen_text(session, campaign.id)
            able = await asking.who_may_approve(session, campaign, second_person=two)
            told_for = await addressees.told(
                session, await addressees.addressees_of(session, campaign)
            )
            steps = await approvals.steps(session, campaign.id)
            differs = await _differs(session, campaign.id, text)
            is_maker = two and any(
                actor.is_same(visit.who.actor.text, it)
                for it in await approvals.makers(session, campaign)
            )
        found = await self._checker.findings(visit, draft, at=visit.now)
        return draft_page.page(
            visit,
            draft,
            "approve",
            "approve",
            error=error,
            told_for=told_for,
            found=found,
            about=ABOUT,
            able=able,
            asked=[it for it in able if it.id != visit.who.account_id],
            everybody=EVERYBODY,
            approvals=steps,
            kinds=KINDS,
            differs=differs,
            two=two,
            may_approve=visit.who.granted.may(Ability.APPROVE, draft.lists) and not is_maker,
            is_maker=is_maker,
            word=typed if asks else "",
            note="" if asks else typed,
            remarks=_remarks(visit),
            blocks=[(it.line, excerpt(it.source)) for it in blocks(_body(text))][:MOST_BLOCKS],
        )


def _remarks(visit: Visit) -> dict[int, str]:
    """What is said of blocks, by the line on which each begins."""
    found = {}
    for name, value in visit.form.multi_items():
        of, _, line = name.partition("-")
        if of == "remark" and line.isascii() and line.isdecimal() and len(line) < 7:
            found[int(line)] = str(value)
    return found


def _body(frozen: str) -> str:
    body: str = json.loads(snapshot.as_seen(frozen))["body"]
    return body


async def _differs(session: AsyncSession, campaign_id: int, text: str) -> Difference | None:
    """The difference to what was approved last; None if nothing was approved yet."""
    before = await approvals.last_approved(session, campaign_id)
    return difference(before, json.loads(snapshot.as_seen(text))) if before else None
