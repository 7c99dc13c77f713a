"""The life of a sending, in the order in which it is lived; the only writer of Campaign.state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import balance, candidates, freezing, reasons, replies
from mailer.delivery import outbox
from mailer.identity import Identity
from mailer.letters import Letter
from mailer.models import (
    Audience,
    Batch,
    Campaign,
    CampaignList,
    CampaignState,
    is_open,
)
from mailer.providers import KNOWN, Providers
from mailer.sending_hours import ALWAYS, SendingHours
from mailer.theming import Theme
from pli.database import clock
from pli.errors import PliError
from pli.hours import zone_of
from pli.language import N_, Sentence, say
from subscribers.models import List

UNFINISHED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.PREPARED,
    CampaignState.RUNNING,
    CampaignState.PAUSED,
)


class CampaignError(PliError):
    """The campaign is not in a state for that, or there is none."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A letter as it will be sent: the letter, all that is frozen with it, and both hashes."""

    letter: Letter
    text: str
    letter_hash: str
    frozen_hash: str

    @classmethod
    def of(cls, letter: Letter, theme: Theme, identity: Identity) -> Frozen:
        """Freeze a letter with what dresses it and who signs it."""
        text = freezing.freeze(letter, theme, identity)
        return cls(letter, text, freezing.digest(letter), freezing.digest_frozen(text))


async def find(session: AsyncSession, campaign_id: int) -> Campaign:
    """One campaign, or an error that says there is none."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise CampaignError(
            N_('there is no campaign {id}: "pli campaign list" shows them'), id=campaign_id
        )
    return campaign


async def precedents(
    session: AsyncSession, *, number: int, list_ids: Sequence[int]
) -> Sequence[Campaign]:
    """Earlier campaigns of the letter with this number to any of these lists, oldest first.

    One that was cancelled before anything left, or could have, is no precedent.
    """
    to_lists = exists().where(
        CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
    )
    something_left = exists().where(
        Batch.campaign_id == Campaign.id,
        Batch.sending + Batch.sent + Batch.failed + Batch.uncertain > 0,
    )
    found = await session.execute(
        select(Campaign)
        .where(
            Campaign.number == number,
            to_lists,
            (Campaign.state != CampaignState.CANCELLED) | something_left,
        )
        .order_by(Campaign.id)
    )
    return found.scalars().all()


async def lock_lists(session: AsyncSession, list_ids: Sequence[int], *, waits: bool = True) -> bool:
    """From here to the end of the transaction nobody else prepares a sending to these lists.

    Two that ask at one moment whether a letter was sent already would both hear no. Before the
    campaign's row, always. False: somebody else has one of them, and `waits` was not allowed.
    """
    held = await session.scalars(
        select(List.id)
        .where(List.id.in_(list_ids))
        .order_by(List.id)
        # Not as strong as a deletion: people come and go meanwhile.
        .with_for_update(key_share=True, skip_locked=not waits)
    )
    return set(held) >= set(list_ids)


async def lists_of(session: AsyncSession, *, campaign_id: int) -> Sequence[int]:
    """The ids of a campaign's lists, in its order."""
    found = await session.execute(
        select(CampaignList.list_id)
        .where(CampaignList.campaign_id == campaign_id)
        .order_by(CampaignList.position)
    )
    return found.scalars().all()


async def create(
    session: AsyncSession,
    *,
    frozen: Frozen,
    list_ids: Sequence[int],
    segment: str = "",
    rule: str = "",
    audience: Audience = Audience.FIRST,
    token_key: str,
    retry_delays: Sequence[float],
    resend_uncertain: bool = False,
    hours: SendingHours = ALWAYS,
    created_by: str | None = None,
    now: datetime,
) -> Campaign:
    """Freeze a letter, its lists and the segment's rule into a draft."""
    campaign = Campaign(
        number=frozen.letter.number,
        title=frozen.letter.title,
        subject=frozen.letter.subject,
        language=frozen.letter.language,
        state=CampaignState.DRAFT,
        audience=audience,
        segment=segment,
        rule=rule,
        frozen=frozen.text,
        letter_hash=frozen.letter_hash,
        frozen_hash=frozen.frozen_hash,
        token_key=token_key,
        retry_delays=list(retry_delays),
        resend_uncertain=resend_uncertain,
        created_by=created_by,
        excluded={},
        created_at=now,
        **hours.columns(),
    )
    session.add(campaign)
    await session.flush()
    session.add_all(
        CampaignList(campaign_id=campaign.id, list_id=list_id, position=position)
        for position, list_id in enumerate(list_ids)
    )
    await session.flush()
    return campaign


async def approve(
    session: AsyncSession,
    *,
    campaign_id: int,
    by: str,
    second_person: bool = False,
    now: datetime,
) -> None:
    """Stamp the hash of what was frozen: what was approved is what is sent.

    `second_person`: who made it may not approve it.
    """
    campaign = await find(session, campaign_id)
    if second_person and by == campaign.created_by:
        raise CampaignError(
            N_("campaign {id} was made by {name}: somebody else must approve it (--by)"),
            id=campaign_id,
            name=by,
        )
    await _step(
        session,
        campaign_id,
        (CampaignState.DRAFT,),
        CampaignState.APPROVED,
        approved_hash=Campaign.frozen_hash,
        approved_by=by,
        approved_at=now,
    )


async def prepare(
    session: AsyncSession,
    *,
    campaign_id: int,
    batch_size: int,
    providers: Providers = KNOWN,
    now: datetime,
) -> None:
    """Write a delivery for every candidate, pending or excluded with its reason, in batches.

    One INSERT … SELECT, so that counts and rows come from one snapshot. Run twice, it adds none.
    """
    campaign = await find(session, campaign_id)
    await lock_lists(session, await lists_of(session, campaign_id=campaign_id))
    if not await _take_step(
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
    await session.execute(
        update(Campaign).where(Campaign.id == campaign_id).values(excluded=excluded)
    )


async def schedule(
    session: AsyncSession,
    *,
    campaign_id: int,
    at: datetime,
    zone: str,
    second_person: bool = False,
) -> None:
    """Let a draft or an approved campaign start by itself at an hour; `zone` is how it was named.

    Its copies are prepared at that hour, for whoever is on the lists then.
    """
    campaign = await find(session, campaign_id)
    _refuse_unseen(campaign, second_person)
    await _step(
        session,
        campaign_id,
        (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED),
        CampaignState.SCHEDULED,
        scheduled_at=at,
        scheduled_zone=zone,
        reason=null(),
    )


async def launchable(session: AsyncSession) -> Sequence[int]:
    """Scheduled campaigns whose hour has come, by the database's clock."""
    found = await session.execute(
        select(Campaign.id)
        .where(
            Campaign.state == CampaignState.SCHEDULED,
            Campaign.scheduled_at <= clock(),
            Campaign.reason.is_(None),
        )
        .order_by(Campaign.scheduled_at)
    )
    return found.scalars().all()


async def launch(
    session: AsyncSession,
    *,
    campaign_id: int,
    batch_size: int,
    latest: timedelta,
    second_person: bool = False,
    providers: Providers = KNOWN,
    now: datetime,
) -> bool:
    """Prepare and start a campaign whose hour has come; False if somebody else has, or may not.

    Later than `latest` after its hour, by the database's clock, a person is asked: it stays
    scheduled, with the reason.
    """
    # As `prepare` does: in another order this and a person's "start" could wait for each other.
    if not await lock_lists(session, await lists_of(session, campaign_id=campaign_id), waits=False):
        return False
    campaign = (
        await session.execute(
            select(Campaign)
            .where(Campaign.id == campaign_id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if campaign is None or campaign.state is not CampaignState.SCHEDULED:
        return False
    hour = campaign.scheduled_at
    if hour is None or (await session.execute(select(clock()))).scalar_one() > hour + latest:
        await hold(
            session,
            campaign_id=campaign_id,
            reason=say(
                N_('nothing ran at its hour to send it: "pli campaign start {id}" does so now'),
                id=campaign_id,
            ),
        )
        return False
    await prepare(
        session, campaign_id=campaign_id, batch_size=batch_size, providers=providers, now=now
    )
    await start(session, campaign_id=campaign_id, second_person=second_person, now=now)
    return True


async def hold(session: AsyncSession, *, campaign_id: int, reason: Sentence) -> None:
    """A scheduled campaign does not start by itself: a person must look."""
    await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.SCHEDULED)
        .values(reason=_as_document(reason))
    )


async def start(
    session: AsyncSession, *, campaign_id: int, second_person: bool = False, now: datetime
) -> None:
    """Let the engine have a prepared campaign; refused if it is not what was approved.

    `second_person`: somebody else than its maker must have approved it.
    """
    campaign = await find(session, campaign_id)
    _refuse_unseen(campaign, second_person)
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    if campaign.approved_hash not in (None, freezing.digest_frozen(frozen or "")):
        raise CampaignError(
            N_("campaign {id} is not what was approved: make a new one"), id=campaign_id
        )
    await _step(
        session, campaign_id, (CampaignState.PREPARED,), CampaignState.RUNNING, started_at=now
    )


async def pause(session: AsyncSession, *, campaign_id: int, reason: Sentence | None = None) -> bool:
    """Hold a running campaign; what is on the wire is told. False: it was not running."""
    return await _take_step(
        session,
        campaign_id,
        (CampaignState.RUNNING,),
        CampaignState.PAUSED,
        reason=_as_document(reason),
    )


async def ended(session: AsyncSession) -> Sequence[int]:
    """Running campaigns whose end has passed, by the database's clock, while copies wait."""
    found = await session.execute(
        select(Campaign.id).where(Campaign.state == CampaignState.RUNNING, _waits_after_its_end())
    )
    return found.scalars().all()


async def end(session: AsyncSession, *, campaign_id: int) -> bool:
    """Pause a campaign whose end has passed, with what can be done; whether it was this call."""
    campaign = await find(session, campaign_id)
    if campaign.not_after is None:
        return False
    local = campaign.not_after.astimezone(zone_of(campaign.not_after_zone or "UTC"))
    return await _take_step(
        session,
        campaign_id,
        (CampaignState.RUNNING,),
        CampaignState.PAUSED,
        _waits_after_its_end(),
        reason=_as_document(
            say(
                N_(
                    "its end, {hour} ({zone}), has passed: go on without it, or "
                    '"pli campaign cancel {id}" gives up what waits'
                ),
                hour=f"{local:%Y-%m-%d %H:%M}",
                zone=campaign.not_after_zone,
                id=campaign_id,
            )
        ),
    )


async def set_hours(session: AsyncSession, *, campaign_id: int, hours: SendingHours) -> None:
    """Change when an unfinished campaign may send; whoever sends it knows within two seconds."""
    changed = await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(UNFINISHED))
        .values(hours.columns())
        .returning(Campaign.id)
    )
    if changed.scalar_one_or_none() is None:
        raise _wrong_state(await find(session, campaign_id))


async def resume(session: AsyncSession, *, campaign_id: int) -> None:
    """Go on with a paused campaign; without its end, if that has passed."""
    passed = Campaign.not_after <= clock()
    await _step(
        session,
        campaign_id,
        (CampaignState.PAUSED,),
        CampaignState.RUNNING,
        reason=null(),
        not_after=case((passed, null()), else_=Campaign.not_after),
        not_after_zone=case((passed, null()), else_=Campaign.not_after_zone),
    )
    await session.execute(update(Batch).where(Batch.campaign_id == campaign_id).values(takings=0))


async def cancel(session: AsyncSession, *, campaign_id: int, now: datetime) -> None:
    """End a campaign for good: what waits is skipped, what is on the wire is told."""
    await _step(
        session,
        campaign_id,
        UNFINISHED,
        CampaignState.CANCELLED,
        finished_at=now,
        # Why it was paused before is no reason for this.
        reason=null(),
    )
    await outbox.cancel(session, campaign_id=campaign_id)


async def finish(session: AsyncSession, *, campaign_id: int, now: datetime) -> bool:
    """Call a campaign finished if nothing of it is pending or in work; whether it was.

    The sum must be right first: CampaignError lists every batch whose counts are not its rows.
    """
    # A statement of its own: one that had to wait for the row would judge by older batches. And
    # none that waits: whoever has the row is not done with it, and the next sweep asks again.
    held = await session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(skip_locked=True)
    )
    if held.one_or_none() is None:
        return False
    open_batches = exists().where(Batch.campaign_id == campaign_id, is_open())
    if not await _take_step(
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
    return True


async def finishable(session: AsyncSession) -> Sequence[int]:
    """Running campaigns that have neither pending rows nor rows in work."""
    open_batches = exists().where(Batch.campaign_id == Campaign.id, is_open())
    found = await session.execute(
        select(Campaign.id).where(Campaign.state == CampaignState.RUNNING, ~open_batches)
    )
    return found.scalars().all()


async def reopen(session: AsyncSession, *, campaign_id: int) -> bool:
    """A finished campaign has rows to send again; False if it was not finished."""
    return await _take_step(
        session,
        campaign_id,
        (CampaignState.FINISHED,),
        CampaignState.RUNNING,
        finished_at=None,
    )


async def retry(
    session: AsyncSession,
    *,
    campaign_id: int,
    uncertain: bool,
    failed: bool,
    reply: str = "",
) -> int:
    """Send again what a person chose, under the same Message-ID; how many copies.

    `reply` narrows the failed ones to those whose last answer it matches (mailer/replies.py).
    """
    campaign = await find(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    if campaign.state not in (CampaignState.FINISHED, CampaignState.RUNNING, CampaignState.PAUSED):
        raise _wrong_state(campaign)
    copies = 0
    if uncertain:
        copies += await outbox.retry_uncertain(session, campaign_id=campaign_id)
    if failed:
        answered = replies.matching(reply) if reply else None
        copies += await outbox.retry_failed(session, campaign_id=campaign_id, only=answered)
    if copies:
        await reopen(session, campaign_id=campaign_id)
    return copies


def _refuse_unseen(campaign: Campaign, second_person: bool) -> None:
    if second_person and campaign.approved_by in (None, campaign.created_by):
        raise CampaignError(
            N_('campaign {id} waits for a second person: "pli campaign approve {id}"'),
            id=campaign.id,
        )


async def _step(
    session: AsyncSession,
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    **values: Any,
) -> None:
    """A step that must be possible: else it says in what state the campaign is."""
    if not await _take_step(session, campaign_id, before, after, **values):
        raise _wrong_state(await find(session, campaign_id))


async def _take_step(
    session: AsyncSession,
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    *where: ColumnElement[bool],
    **values: Any,
) -> bool:
    """From one state to the next, guarded in the WHERE; whether it was done by this call."""
    done = await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(before), *where)
        .values(state=after, **values)
        .returning(Campaign.id)
    )
    return done.scalar_one_or_none() is not None


def _wrong_state(campaign: Campaign) -> CampaignError:
    return CampaignError(
        N_('campaign {id} is {state}: see "pli campaign show {id}"'),
        id=campaign.id,
        state=reasons.state(campaign.state),
    )


def _waits_after_its_end() -> ColumnElement[bool]:
    waits = exists().where(Batch.campaign_id == Campaign.id, Batch.pending > 0)
    return and_(Campaign.not_after <= clock(), waits)


def _as_document(reason: Sentence | None) -> Mapping[str, Any] | Any:
    return _kept(reason) if reason else null()


def _kept(sentence: Sentence) -> dict[str, Any]:
    """A sentence as JSON, with those that stand in it: they are told in the reader's language."""
    values = {
        name: _kept(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    return {"text": sentence.text, "values": values}


def reason_of(campaign: Campaign) -> Sentence | None:
    """Why a campaign is paused, or does not start by itself."""
    return as_sentence(campaign.reason) if campaign.reason else None


def as_sentence(kept: Mapping[str, Any]) -> Sentence:
    """A reason as it is kept, to be told."""
    values = {
        name: as_sentence(value) if isinstance(value, dict) else value
        for name, value in kept["values"].items()
    }
    return Sentence(kept["text"], values)
