"""The page of a sending before its first copy: a draft, approved, or released for an hour."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import addressees, approvals
from mailer.campaign.addressees import Addressees, addressees_of
from mailer.models import ApprovalKind, CampaignState
from mailer.notices import asking
from mailer.report import foresee as foreseeing
from mailer.report import summary
from mailer.report.foresee import Foreseen, LetterNumber
from pli import actor
from pli.errors import PliError
from web.office import awaiting, draft_page
from web.office.approving import KINDS
from web.office.counting import PAGE_SECONDS, Counting, Overtaken
from web.office.draft_page import OpenSending, sending_options
from web.office.reporting import outlook_of
from web.office.visit import Visit


class BeforeRelease:
    """Shows for whom it is, what was decided, and what comes next."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    async def page(
        self,
        visit: Visit,
        *,
        own: Collection[int] | None = None,
        error: PliError | None = None,
    ) -> Response:
        """The page of a sending that is a draft, approved, or waits for its hour.

        `own`: of its lists, who looks sees only these; None: all of them.
        """
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
            to = await addressees_of(session, draft.campaign)
            told_for = await addressees.told(session, to, seen=own)
            steps = await approvals.steps(session, draft.campaign.id)
        values: dict[str, Any] = {"told_for": told_for, "approvals": steps, "kinds": KINDS}
        if draft.campaign.state is CampaignState.SCHEDULED:
            count = draft.campaign.released_count if own is None else None
            return await self._waiting(visit, draft, {**values, "released_count": count}, error)
        values["count"] = await self._count(visit, draft, to, own)
        return await self._undecided(visit, draft, values, error)

    async def _count(
        self, visit: Visit, draft: OpenSending, to: Addressees, own: Collection[int] | None
    ) -> Foreseen | None:
        """How many would get it now; None if that takes long, or cannot be foreseen."""
        campaign = draft.campaign
        letter = LetterNumber(campaign.number, campaign.letter_hash, campaign.id)

        async def count(session: AsyncSession) -> Foreseen:
            return await foreseeing.foresee(session, to, letter, compared=False, list_ids=own)

        try:
            return await self._counting.count(
                visit.context.database, visit.who.account_id, count, within=PAGE_SECONDS
            )
        except (PliError, Overtaken):
            # What is wrong with a rule is a finding, which the check tells.
            return None

    async def _undecided(
        self, visit: Visit, draft: OpenSending, values: dict[str, Any], error: PliError | None
    ) -> Response:
        """The page of a draft, or of what is approved: what was decided, and what comes next."""
        may, two = visit.who.granted.may, sending_options(visit).policy.second_person
        async with visit.context.database.reading() as session:
            sent_back = await approvals.sent_back(session, draft.campaign)
            asked = approvals.waiting(values["approvals"])
            able = await asking.who_may_approve(session, draft.campaign, second_person=two)
        asked_of = [it for it in able if asked and asking.is_asked(asked, it.id)]
        return draft_page.page(
            visit,
            draft,
            "decide",
            error=error,
            sent_back=sent_back,
            changed_since=any(
                it.kind is ApprovalKind.CHANGED for it in approvals.since(values["approvals"])
            ),
            asked=asked,
            asked_of=[it.name for it in asked_of],
            is_asked=visit.who.account_id in {it.id for it in asked_of},
            two=two,
            may_write=may(Ability.WRITE_DRAFTS, draft.lists),
            may_see=may(Ability.SEE_DRAFTS, draft.lists),
            can_release=may(Ability.RELEASE, draft.lists),
            **values,
        )

    async def _waiting(
        self, visit: Visit, draft: OpenSending, values: dict[str, Any], error: PliError | None
    ) -> Response:
        """The page of a letter that waits for its hour, or for a person if it is held."""
        async with visit.context.database.reading() as session:
            progress = await summary.progress(session, draft.campaign.id)
            held_by = (await outlook_of(session, visit, progress)).held_by
        live = awaiting.values(visit, progress, draft.lists, visit.now, held_by=held_by)
        still = "still" in visit.request.query_params
        return draft_page.page(
            visit,
            draft,
            "released",
            error=error,
            **values,
            live=live,
            refresh=None if still else awaiting.refresh_seconds(live),
            by=actor.kept(draft.campaign.released_by or ""),
            may_stop=live["may_stop"],
        )
