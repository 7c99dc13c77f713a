"""The steps of a campaign's life, in their order, from the approval to the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    Select,
    and_,
    case,
    exists,
    not_,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.bounces import burst as bursts
from mailer.bounces import deciding, pausing
from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign import approvals, candidates, freezing, jobs, list_lock
from mailer.campaign import remarks as remarks_on
from mailer.campaign.addressees import addressees_of
from mailer.campaign.chore_names import OF_CAMPAIGNS
from mailer.campaign.finding import (
    CHANGEABLE,
    UNFINISHED,
    CampaignError,
    changed_meanwhile,
    find_campaign,
    lists_of,
    wrong_state,
)
from mailer.campaign.following_drafts import follow
from mailer.campaign.nobody import nobody
from mailer.campaign.remarks import Remark
from mailer.campaign.trace import record
from mailer.campaign.transition import as_document, step, take_step, transition
from mailer.draft_models import DraftState
from mailer.ledger import answers, balance, retrying, unknown_users
from mailer.models import (
    ApprovalKind,
    Batch,
    Campaign,
    CampaignList,
    CampaignState,
    Delivery,
    is_open,
)
from mailer.providers import KNOWN, Providers
from mailer.scope import EVERYTHING, Scope
from mailer.smtp import troubles
from pli import actor, chore_rows
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction
from pli.columns import clock
from pli.language import N_, Sentence
from subscribers.models import List

NO_REMARKS: Mapping[int, str] = MappingProxyType({})


async def approve(
    session: AsyncSession,
    *,
    campaign_id: int,
    by: Actor,
    second_person: bool = False,
    seen_hash: str | None = None,
    now: datetime,
) -> None:
    """Approve a draft: keep the hash of what was frozen, so that `start` can refuse anything else.

    `second_person`: nobody who made or changed the campaign may approve it. `seen_hash`: what the
    approver saw; refused if it was changed meanwhile.
    """
    # Imported here, as in `start`.
    from mailer.letter import snapshot

    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    if second_person:
        await approvals.refuse_makers(session, campaign, by)
    done = await take_step(
        session,
        campaign_id,
        (CampaignState.DRAFT,),
        CampaignState.APPROVED,
        Campaign.frozen_hash == (seen_hash or Campaign.frozen_hash),
        approved_hash=Campaign.frozen_hash,
        approved_by=by.text,
        approved_at=now,
    )
    if not done:
        await session.refresh(campaign)
        raise (
            changed_meanwhile(campaign_id)
            if campaign.state is CampaignState.DRAFT
            else wrong_state(campaign)
        )
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    seen = snapshot.as_seen(frozen or "")
    approvals.add(session, ApprovalKind.APPROVED, campaign, by=by, now=now, seen=seen)
    record(session, AuditAction.APPROVED, campaign_id, by=by, now=now)


async def send_back(
    session: AsyncSession,
    *,
    campaign_id: int,
    note: str = "",
    remarks: Mapping[int, str] = NO_REMARKS,
    by: Actor,
    now: datetime,
) -> None:
    """Send a draft or an approved campaign back to who made it, with what is to be changed.

    `note` is about the whole; `remarks` are about blocks of the letter, by a line of each in its
    body, from 0. An approval is taken back.
    """
    said = {line: it for line, it in remarks.items() if it.strip()}
    if not note.strip() and not said:
        raise CampaignError(N_("say what is to be changed: a remark is needed"))
    campaign = await find_campaign(session, campaign_id)
    about = await _about(session, campaign_id, said) if said else []
    await step(
        session,
        campaign_id,
        CHANGEABLE,
        CampaignState.DRAFT,
        approved_hash=None,
        approved_by=None,
        approved_at=None,
    )
    approvals.add(
        session, ApprovalKind.SENT_BACK, campaign, by=by, now=now, note=note, remarks=about
    )
    record(session, AuditAction.SENT_BACK, campaign_id, by=by, now=now)
    await follow(session, campaign, DraftState.WRITING, by=by, now=now)


async def _about(session: AsyncSession, campaign_id: int, said: Mapping[int, str]) -> list[Remark]:
    # Imported here, as in `start`.
    from mailer.letter import snapshot

    body: str = json.loads(snapshot.as_seen(await freezing.frozen_text(session, campaign_id)))[
        "body"
    ]
    beyond = [it for it in said if not 0 <= it < len(body.splitlines())]
    if beyond:
        raise CampaignError(N_("there is no such line in the text of the letter"))
    return remarks_on.about(body, said)


async def prepare(
    session: AsyncSession,
    *,
    campaign_id: int,
    batch_size: int,
    providers: Providers = KNOWN,
    now: datetime,
) -> None:
    """Write a delivery for every candidate, pending or excluded with its reason, in batches.

    One INSERT … SELECT writes the rows, and the batches are counted from these rows. A second call
    adds nothing. A campaign that nobody may receive is refused: it would be finished at once, and
    its letter would count as sent.
    """
    campaign = await find_campaign(session, campaign_id)
    await list_lock.lock_lists(session, await lists_of(session, campaign_id=campaign_id))
    if not await take_step(
        session,
        campaign_id,
        (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED),
        CampaignState.PREPARED,
        prepared_at=now,
        reason=null(),
    ):
        return
    excluded = await candidates.write(
        session, campaign, batch_size=batch_size, providers=providers, now=now
    )
    waits = select(Batch.id).where(Batch.campaign_id == campaign_id).limit(1)
    if await session.scalar(waits) is None:
        names = await session.scalars(
            select(List.name)
            .join(CampaignList, CampaignList.list_id == List.id)
            .where(CampaignList.campaign_id == campaign_id)
            .order_by(CampaignList.position)
        )
        raise nobody(campaign, list_names=names.all(), excluded=excluded)
    await session.execute(
        update(Campaign).where(Campaign.id == campaign_id).values(excluded=excluded)
    )


async def start(
    session: AsyncSession,
    *,
    campaign_id: int,
    second_person: bool = False,
    by: Actor = NOBODY,
    why: str = "",
    now: datetime,
) -> None:
    """Let the engine send a prepared campaign; refused if it is not what was approved.

    `second_person`: another person than its maker must have approved the campaign.
    """
    # Imported here: it loads all that reads letters, and pausing or cancelling needs none of that.
    from mailer.letter import snapshot

    campaign = await find_campaign(session, campaign_id)
    refuse_unseen(campaign, second_person)
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    unlike = campaign.approved_hash not in (None, snapshot.digest_frozen(frozen or ""))
    if campaign.approved_hash is not None and not unlike:
        # Lists and rule stand in rows, too, by which copies are written: both must agree.
        to = snapshot.addressees_in(frozen or "{}")
        unlike = to is not None and to != (await addressees_of(session, campaign)).document()
    if unlike:
        raise CampaignError(
            N_("campaign {id} is not what was approved: make a new one"), id=campaign_id
        )
    await step(
        session, campaign_id, (CampaignState.PREPARED,), CampaignState.RUNNING, started_at=now
    )
    await session.run_sync(jobs.offer, campaign_id)
    record(session, AuditAction.STARTED, campaign_id, by=by, why=why, now=now)
    await troubles.ask_again(session)


async def pause(
    session: AsyncSession,
    *,
    campaign_id: int,
    reason: Sentence | None = None,
    by: Actor = NOBODY,
    why: str = "",
) -> bool:
    """Pause a running campaign; False if it was not running.

    Copies that are on the wire are still settled. `by` is nobody where the program pauses it, and
    `reason` then says why; `why` is what a person says, for the audit.
    """
    done = await take_step(
        session,
        campaign_id,
        (CampaignState.RUNNING,),
        CampaignState.PAUSED,
        reason=as_document(reason),
    )
    if done:
        await session.run_sync(jobs.withdraw, campaign_id)
        record(session, AuditAction.PAUSED, campaign_id, by=by, why=why)
    return done


async def resume(
    session: AsyncSession, *, campaign_id: int, by: Actor = NOBODY, why: str = ""
) -> None:
    """Go on with a paused campaign, without its end, if that has passed; one that runs goes on.

    If it was paused by a burst of answers that call people unknown, nobody is barred for them.
    """
    undecided = await session.run_sync(deciding.undecided, campaign_id)
    passed = Campaign.not_after <= clock()
    await step(
        session,
        campaign_id,
        (CampaignState.PAUSED, CampaignState.RUNNING),
        CampaignState.RUNNING,
        reason=null(),
        not_after=case((passed, null()), else_=Campaign.not_after),
        not_after_zone=case((passed, null()), else_=Campaign.not_after_zone),
    )
    await session.execute(update(Batch).where(Batch.campaign_id == campaign_id).values(takings=0))
    if undecided:
        await session.run_sync(deciding.let_go, campaign_id)
    await session.run_sync(pausing.go_on, campaign_id)
    await session.run_sync(jobs.offer, campaign_id)
    await troubles.ask_again(session)
    record(session, AuditAction.RESUMED, campaign_id, by=by, why=why)


async def go_on(session: AsyncSession, *, campaign_id: int) -> None:
    """Let a paused campaign run as it did before: with its end, and with its fruitless takings."""
    await take_step(
        session, campaign_id, (CampaignState.PAUSED,), CampaignState.RUNNING, reason=null()
    )
    await session.run_sync(jobs.offer, campaign_id)


async def cancel(
    session: AsyncSession, *, campaign_id: int, by: Actor = NOBODY, why: str = "", now: datetime
) -> None:
    """End a campaign for good: waiting copies are skipped, copies on the wire are still settled."""
    undecided = await session.run_sync(deciding.undecided, campaign_id)
    await step(
        session,
        campaign_id,
        UNFINISHED,
        CampaignState.CANCELLED,
        finished_at=now,
        # A reason that is there says why the campaign was paused, not why it was cancelled.
        reason=null(),
    )
    await session.run_sync(jobs.withdraw, campaign_id)
    await retrying.cancel(session, campaign_id=campaign_id)
    await session.run_sync(deciding.conclude, campaign_id, now, disbelieved=undecided)
    record(session, AuditAction.CANCELLED, campaign_id, by=by, why=why, now=now)
    campaign = await find_campaign(session, campaign_id)
    await follow(session, campaign, DraftState.WRITING, by=by, now=now)


async def finish(
    session: AsyncSession, *, campaign_id: int, now: datetime, rules: BounceRules = USUAL
) -> bool:
    """Finish a running campaign if no copy is pending or in work; whether this call did so.

    Then the addresses that its relay called unknown are suppressed. If those came in a burst, the
    campaign pauses instead.
    The sum must be right first: CampaignError lists every batch whose counts are not its rows.
    """
    # A statement of its own: an UPDATE that waits for the row would judge by older batches. A
    # locked row is skipped: its owner is still at work, and the next sweep asks again.
    held = await session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(skip_locked=True)
    )
    if held.one_or_none() is None:
        return False
    # Also where the worker that saw the burst had no time to pause it.
    if burst := await session.run_sync(bursts.burst, campaign_id):
        await pause(session, campaign_id=campaign_id, reason=burst.tell())
        return False
    open_batches = exists().where(Batch.campaign_id == campaign_id, is_open())
    if not await take_step(
        session,
        campaign_id,
        (CampaignState.RUNNING,),
        CampaignState.FINISHED,
        ~open_batches,
        finished_at=now,
    ):
        return False
    if faults := await balance.faults(session, campaign_id=campaign_id):
        raise CampaignError.listing(faults)
    await session.run_sync(deciding.conclude, campaign_id, now, rules=rules)
    return True


async def is_paused(session: AsyncSession, *, campaign_id: int) -> bool:
    """Whether a campaign is paused."""
    state = await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
    return state is CampaignState.PAUSED


def finishable(*, scope: Scope = EVERYTHING) -> Select[int]:
    """Selects the ids of running campaigns that have neither pending rows nor rows in work."""
    open_batches = exists().where(Batch.campaign_id == Campaign.id, is_open())
    return select(Campaign.id).where(
        Campaign.state == CampaignState.RUNNING, scope.campaigns(), ~open_batches
    )


def reopen(session: Session, *, campaign_id: int) -> bool:
    """Let a finished campaign run again, for it has rows to send; False if it was not finished.

    A plain function: when a finding that comes late reopens a campaign, the transaction that
    settles the copy calls this.
    """
    statement = transition(
        campaign_id, (CampaignState.FINISHED,), CampaignState.RUNNING, finished_at=None
    )
    reopened = session.execute(statement).scalar_one_or_none() is not None
    if reopened:
        chore_rows.begin_anew(session, OF_CAMPAIGNS, campaign_id)
        jobs.offer(session, campaign_id)
    return reopened


async def retry(
    session: AsyncSession,
    *,
    campaign_id: int,
    uncertain: bool,
    failed: bool,
    reply: str = "",
    reason: str = "",
    by: Actor = NOBODY,
    why: str = "",
) -> int:
    """Let the chosen copies be sent again, each under its old Message-ID; how many copies.

    `reply` narrows the failed copies to those whose last answer it matches (ledger/answers.py),
    `reason` to those that failed for it (mailer/reasons.py). Failed copies to addresses that an
    answer barred stay failed: they would only be skipped.
    """
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    if campaign.state not in (CampaignState.FINISHED, CampaignState.RUNNING, CampaignState.PAUSED):
        raise wrong_state(campaign)
    copies = 0
    if uncertain:
        copies += await retrying.retry_uncertain(session, campaign_id=campaign_id)
    if failed:
        only = not_(unknown_users.is_barred(Delivery.subscriber_id))
        if reply:
            only = and_(only, answers.matching(reply))
        if reason:
            only = and_(only, Delivery.reason == reason)
        copies += await retrying.retry_failed(session, campaign_id=campaign_id, only=only)
    if copies:
        if not await session.run_sync(reopen, campaign_id=campaign_id):
            await session.run_sync(chore_rows.begin_anew, OF_CAMPAIGNS, campaign_id)
            await session.run_sync(jobs.offer, campaign_id)
        await troubles.ask_again(session)
        record(session, AuditAction.RETRIED, campaign_id, by=by, count=copies, why=why)
    return copies


def refuse_unseen(campaign: Campaign, second_person: bool) -> None:
    """Refuse a campaign that a second person has yet to approve."""
    approved_by, created_by = campaign.approved_by, campaign.created_by
    if second_person and (
        approved_by is None or (created_by and actor.is_same(approved_by, created_by))
    ):
        raise CampaignError(
            N_('campaign {id} waits for a second person: "pli campaign approve {id}"'),
            id=campaign.id,
        )
