"""Counts what became of a campaign's copies: SELECT only, into frozen values for every output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import reason_of
from mailer.ledger import balance, unknown_users
from mailer.models import (
    Batch,
    Campaign,
    CampaignList,
    CampaignState,
    Delivery,
    Evidence,
    Source,
    Status,
)
from mailer.reasons import FAILURES
from mailer.report import bounces
from pli import actor
from pli.actor import NOBODY, Actor
from pli.errors import PliError
from pli.hours import Hour
from pli.language import N_, Sentence, as_sentence, say
from subscribers.models import List

_OPEN = (Status.PENDING, Status.SENDING)
_LARGEST = 2**31 - 1


class ReportError(PliError):
    """There is no such campaign to report on."""


OF_CAMPAIGN = (
    Campaign.id,
    Campaign.number,
    Campaign.title,
    Campaign.state,
    Campaign.reason,
    Campaign.excluded,
    Campaign.scheduled_at,
    Campaign.scheduled_zone,
    Campaign.started_at,
    Campaign.finished_at,
)
"""What a look at a campaign takes of its own row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many copies of a campaign have each status; the excluded ones by reason."""

    excluded: Mapping[str, int]
    pending: int
    sending: int
    sent: int
    failed: int
    skipped: int
    uncertain: int

    @property
    def prepared(self) -> int:
        """The copies that were to be sent: all but the excluded."""
        return sum(self.of(status) for status in balance.COUNTED)

    @property
    def candidates(self) -> int:
        """The people whom the letter was for, the excluded among them."""
        return self.prepared + self.of(Status.EXCLUDED)

    @property
    def settled(self) -> int:
        """The copies that are neither pending nor in work."""
        return self.prepared - sum(self.of(status) for status in _OPEN)

    def of(self, status: Status) -> int:
        """The number of one status."""
        if status is Status.EXCLUDED:
            return sum(self.excluded.values())
        count: int = getattr(self, status.value)
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Counts):
    """Where a campaign stands, from the batches' counts.

    `starts` is the hour of a scheduled campaign. `next_try_at` is when the next batch is due.
    `reason` says why the campaign is paused, or why it does not start by itself.
    """

    campaign: int
    letter: int
    title: str
    state: CampaignState
    reason: Sentence | None
    starts: Hour | None
    next_try_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Counts):
    """Everything that is counted of a campaign.

    The counts are of the rows; `faults` says where the counts kept in batches and campaign differ.
    `failures` and `skipped_for` are numbers by reason. `settled_by` is how many copies in doubt
    each source of evidence settled.
    """

    campaign: int
    letter: int
    title: str
    subject: str
    language: str
    lists: tuple[str, ...]
    segment: str
    state: CampaignState
    paused_for: Sentence | None
    failures: Mapping[str, int]
    skipped_for: Mapping[str, int]
    settled_by: Mapping[Source, int]
    next_try_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    faults: tuple[Sentence, ...]
    bounces: Mapping[str, int] = field(default_factory=dict)
    """How many copies came back after a relay had taken them, by reason."""
    barred: int = 0
    """So many addresses are barred because this campaign's relay called them unknown."""
    further_lists: int = 0
    """The campaign goes to so many lists more, which are not counted here."""
    made_by: Actor = NOBODY
    approved_by: Actor = NOBODY

    @property
    def balanced(self) -> bool:
        """Whether every copy is accounted for."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """The document for JSON; scripts rely on its keys."""
        return {
            "campaign": self.campaign,
            "letter": self.letter,
            "lists": list(self.lists),
            "segment": self.segment or None,
            "state": self.state.value,
            "candidates": self.candidates,
            "excluded": dict(self.excluded),
            "prepared": self.prepared,
            **{status.value: self.of(status) for status in balance.COUNTED},
            "balanced": self.balanced,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
            "failures": dict(self.failures),
            "bounces": dict(self.bounces),
        }


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


async def find(session: AsyncSession, name: str) -> int:
    """The id of the campaign that `12` or `letter:294` names: of a letter, the latest campaign."""
    by_letter = name.startswith("letter:")
    digits = name.removeprefix("letter:")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
    if not is_number or (number := int(digits)) > _LARGEST:
        raise ReportError(
            N_('"{name}" is no campaign: write its id, such as 12, or letter:294'), name=name
        )
    which = Campaign.number == number if by_letter else Campaign.id == number
    found = await session.scalar(select(func.max(Campaign.id)).where(which))
    if found is not None:
        return found
    raise ReportError(
        N_('no campaign of letter {number}: "pli campaign list" shows them')
        if by_letter
        else N_('there is no campaign {number}: "pli campaign list" shows them'),
        number=number,
    )


async def progress(session: AsyncSession, campaign_id: int) -> Progress:
    """Where a campaign stands; one query over its batches, cheap enough for every second."""
    (found,) = await _standing(session, Campaign.id == campaign_id) or (None,)
    if found is None:
        raise _none(campaign_id)
    return found


async def campaigns(
    session: AsyncSession, *, list_ids: Collection[int] | None, limit: int
) -> list[Progress]:
    """Where the latest campaigns stand, newest first.

    Only campaigns all of whose lists are among `list_ids`; None: all campaigns.
    """
    if list_ids is None:
        return await _standing(session, limit=limit)
    of = CampaignList.campaign_id == Campaign.id
    return await _standing(
        session,
        exists().where(of),
        ~exists().where(of, CampaignList.list_id.not_in(list_ids)),
        limit=limit,
    )


async def lists_of(session: AsyncSession, campaign_id: int) -> list[int] | None:
    """The ids of a campaign's lists; None if there is no such campaign."""
    rows = await session.execute(
        select(Campaign.id, CampaignList.list_id)
        .outerjoin(CampaignList, CampaignList.campaign_id == Campaign.id)
        .where(Campaign.id == campaign_id)
    )
    found = rows.all()
    return [it.list_id for it in found if it.list_id is not None] if found else None


async def _standing(session: AsyncSession, *where: Any, limit: int | None = None) -> list[Progress]:
    sums = (func.coalesce(func.sum(getattr(Batch, it.value)), 0) for it in balance.COUNTED)
    rows = await session.execute(
        select(
            *OF_CAMPAIGN,
            func.min(case((Batch.pending > 0, Batch.due_at))),
            *sums,
        )
        .outerjoin(Batch, Batch.campaign_id == Campaign.id)
        .where(*where)
        .group_by(Campaign.id)
        .order_by(Campaign.id.desc())
        .limit(limit)
    )
    return [
        Progress(
            campaign=id_,
            letter=number,
            title=title,
            state=state,
            reason=as_sentence(reason) if reason else None,
            excluded=excluded or {},
            **_counts(counted),
            starts=Hour(at, zone) if at and state is CampaignState.SCHEDULED else None,
            next_try_at=next_try_at,
            started_at=started_at,
            finished_at=finished_at,
        )
        for (
            id_,
            number,
            title,
            state,
            reason,
            excluded,
            at,
            zone,
            started_at,
            finished_at,
            next_try_at,
            *counted,
        ) in rows
    ]


async def report(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Report:
    """Count every row of a campaign, and compare the numbers with the counts of its batches.

    `list_ids` counts only copies that go out under one of these lists; None: all copies. What is
    barred is told of whole campaigns only.
    """
    campaign = await session.get(Campaign, campaign_id, populate_existing=True)
    if campaign is None:
        raise _none(campaign_id)
    rows = await session.execute(
        select(List.id, List.name)
        .join(CampaignList, CampaignList.list_id == List.id)
        .where(CampaignList.campaign_id == campaign_id)
        .order_by(CampaignList.position)
    )
    every = {row.id: row.name for row in rows}
    lists = [name for id_, name in every.items() if list_ids is None or id_ in list_ids]
    if len(lists) == len(every):
        list_ids = None
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    tally = await balance.tally(session, campaign_id=campaign_id, list_ids=list_ids)
    totals = sum(tally.values(), Counter[Status]())
    reasons: dict[Status, Counter[str | None]] = {status: Counter() for status in Status}
    by_reason = await session.execute(
        select(Delivery.status, Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign_id, Delivery.reason.is_not(None), *on)
        .group_by(Delivery.status, Delivery.reason)
    )
    for status, reason, n in by_reason:
        reasons[status][reason] = n
    for status, known in reasons.items():
        if without := totals[status] - known.total():
            known[None] = without
    counts = _counts(totals[status] for status in balance.COUNTED)
    settled = await session.execute(
        select(Evidence.source, func.count().label("n"))
        .join(Delivery, Delivery.id == Evidence.delivery_id)
        # + 0 hides the index of campaigns: so SQLite goes from the few proofs to their copies, and
        # does not walk the whole campaign.
        .where(Delivery.campaign_id + 0 == campaign_id, Delivery.status == Evidence.status, *on)
        .group_by(Evidence.source)
        .order_by(Evidence.source)
    )
    next_try_at = await session.scalar(
        select(func.min(Batch.due_at)).where(Batch.campaign_id == campaign_id, Batch.pending > 0)
    )
    return Report(
        campaign=campaign.id,
        letter=campaign.number,
        title=campaign.title,
        subject=campaign.subject,
        language=campaign.language,
        lists=tuple(lists),
        segment=campaign.segment or campaign.rule,
        state=campaign.state,
        paused_for=reason_of(campaign),
        excluded=_by_reason(reasons[Status.EXCLUDED]),
        **counts,
        failures=_failures(reasons[Status.FAILED]),
        skipped_for=_by_reason(reasons[Status.SKIPPED]),
        settled_by={row.source: row.n for row in settled},
        next_try_at=next_try_at,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        faults=(
            *await balance.faults(
                session, campaign_id=campaign_id, counted=tally, list_ids=list_ids
            ),
            *_unfinished(campaign, counts),
        ),
        bounces=await bounces.by_reason(session, campaign_id, list_ids=list_ids),
        barred=0 if on else await unknown_users.barred_by(session, campaign_id),
        further_lists=len(every) - len(lists),
        made_by=actor.kept(campaign.created_by or ""),
        approved_by=actor.kept(campaign.approved_by or ""),
    )


def _none(campaign_id: int) -> ReportError:
    return ReportError(
        N_('there is no campaign {number}: "pli campaign list" shows them'), number=campaign_id
    )


def _counts(counted: Iterable[int]) -> dict[str, int]:
    return {it.value: int(n) for it, n in zip(balance.COUNTED, counted, strict=True)}


def _by_reason(counted: Mapping[str | None, int]) -> dict[str, int]:
    return {reason or "": counted[reason] for reason in sorted(counted, key=str)}


def _failures(counted: Mapping[str | None, int]) -> dict[str, int]:
    """The failures by each known reason; a reason of another version of Pli counts as "other"."""
    failures = dict.fromkeys(FAILURES, 0)
    for reason, n in counted.items():
        failures[reason if reason in failures else "other"] += n
    return failures


def _unfinished(campaign: Campaign, counts: Mapping[str, int]) -> Iterable[Sentence]:
    """Yield a fault if a finished campaign still has copies that are pending or in work."""
    copies = sum(counts[status.value] for status in _OPEN)
    if campaign.state is CampaignState.FINISHED and copies:
        yield say(N_("the campaign is called finished, and {copies} copies are not"), copies=copies)
