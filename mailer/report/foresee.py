"""Foresees a sending: who would get the letter, who not and why, and what differs from the last.

SELECT only. The candidates are judged by the very statement that would write them, without its
INSERT.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    case,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.campaign import candidates
from mailer.campaign.addressees import Addressees
from mailer.campaign.scheduling import differs
from mailer.models import Batch, Campaign, CampaignList, CampaignState, Delivery, Status
from mailer.providers import KNOWN, Providers
from mailer.reasons import ALREADY, SET_ASIDE
from pli.language import N_, Sentence, say
from subscribers.consent import Hindrance
from subscribers.models import Subscriber

EXAMPLES = 20
REASONS = (*(it.value for it in Hindrance), ALREADY, SET_ASIDE)
"""The reasons to exclude somebody, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class LetterNumber:
    """Which letter it is for: by these, `already` finds who had it."""

    number: int = 0
    letter_hash: str = ""
    campaign_id: int = 0


NO_LETTER = LetterNumber()


@dataclass(frozen=True, slots=True)
class Person:
    """One example, as far as who has `who` may see it."""

    id: int
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Last:
    """The last letter to these lists, how many copies of it were prepared, and what differs.

    `new`: who would get this letter and had no copy of that one. `gone`: the reverse.
    """

    campaign: int
    letter: int
    at: datetime | None
    prepared: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many people would get a letter, and how many not, by reason in the order of REASONS."""

    receiving: int
    excluded: Mapping[str, int]
    last: Last | None = None
    examples: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    """By reason; those who would get it under ""."""
    spread: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """How many of those who would get it, by list and provider."""

    @property
    def candidates(self) -> int:
        """All who are meant, the excluded among them."""
        return self.receiving + sum(self.excluded.values())

    @property
    def alarm(self) -> Sentence | None:
        """What a person should know if the number differs by more than a fifth from the last."""
        if self.last is None or not differs(self.receiving, self.last.prepared):
            return None
        return say(
            N_("{now:n} this time, {then:n} the last (letter {letter}): is that meant?"),
            now=self.receiving,
            then=self.last.prepared,
            letter=self.last.letter,
        )


async def foresee(
    session: AsyncSession,
    addressees: Addressees,
    letter: LetterNumber = NO_LETTER,
    *,
    compared: bool = True,
    examples: bool = False,
    providers: Providers | None = None,
    list_ids: Collection[int] | None = None,
) -> Foreseen:
    """Count who would get the letter as things stand; raises RuleError for a rule that is broken.

    `list_ids`: only the copies that would go under these lists; nothing is compared then.

    `compared`: with the last letter to these lists. `examples`: 20 people for each reason.
    `providers`: count also by list and provider, as the limits of relays need it; without examples.
    """
    judged = (
        await candidates.judge(
            session,
            addressees,
            number=letter.number,
            letter_hash=letter.letter_hash,
            campaign_id=letter.campaign_id,
            providers=providers or KNOWN,
        )
    ).cte("judged")
    if list_ids is not None:
        compared = False
        judged = select(judged).where(judged.c.list_id.in_(list_ids)).cte("own")
    last = await _last(session, addressees.list_ids, letter.campaign_id) if compared else None
    if examples:
        # Each part below reads the candidates: they are judged once.
        judged = select(judged.c.id, judged.c.reason).cte("known").prefix_with("MATERIALIZED")
    is_new: ColumnElement[Any] = literal(0)
    if last is not None:
        is_new = func.sum(case((_had(last.id, judged.c.id), 0), else_=1))
    # The spread comes with the count: each pass over the candidates takes its time.
    by = [judged.c.list_id, judged.c.provider] if providers and not examples else []
    counted: Select[Any] = select(
        judged.c.reason.label("reason"),
        func.count().label("n"),
        sql_cast(is_new, Integer).label("new"),
        sql_cast(null(), Integer).label("id"),
        *by,
    ).group_by(judged.c.reason, *by)
    shown = [_shown(judged, it) for it in (None, *REASONS)] if examples else []
    rows = (await session.execute(union_all(counted, *shown) if shown else counted)).all()
    counts = [it for it in rows if it.n is not None]
    n, fresh = Counter[str | None](), Counter[str | None]()
    for it in counts:
        n[it.reason] += int(it.n)
        fresh[it.reason] += int(it.new or 0)
    receiving, new = n[None], fresh[None]
    excluded = {it: n[it] for it in REASONS if n[it]}
    before = None
    if last is not None:
        prepared = await _prepared(session, last.id)
        before = Last(
            last.id, last.number, last.started_at, prepared, new, prepared - (receiving - new)
        )
    spread = {(it.list_id, it.provider): int(it.n) for it in counts if by and it.reason is None}
    people = await _people(session, [(it.reason or "", it.id) for it in rows if it.n is None])
    return Foreseen(receiving, excluded, before, people, spread)


def _shown(judged: Any, reason: str | None) -> Select[Any]:
    """Some people of one reason, in the columns of the counted."""
    some = (
        select(judged.c.reason, judged.c.id)
        .where(judged.c.reason == reason if reason else judged.c.reason.is_(None))
        .limit(EXAMPLES)
        .subquery()
    )
    return select(some.c.reason, sql_cast(null(), Integer), sql_cast(null(), Integer), some.c.id)


async def _people(
    session: AsyncSession, shown: Sequence[tuple[str, int]]
) -> Mapping[str, Sequence[Person]]:
    if not shown:
        return {}
    rows = await session.execute(
        select(Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.last_name).where(
            Subscriber.id.in_([number for _, number in shown])
        )
    )
    known = {
        it.id: Person(it.id, it.email, f"{it.first_name} {it.last_name}".strip()) for it in rows
    }
    found: dict[str, list[Person]] = {}
    for reason, number in shown:
        found.setdefault(reason, []).append(known[number])
    return found


def _had(campaign_id: int, subscriber_id: ColumnElement[int]) -> ColumnElement[bool]:
    copy = aliased(Delivery)
    return exists().where(
        copy.campaign_id == campaign_id,
        copy.subscriber_id == subscriber_id,
        copy.status != Status.EXCLUDED,
    )


async def _last(session: AsyncSession, list_ids: Sequence[int], besides: int) -> Campaign | None:
    """The latest sending to just these lists, else to any of them; not what was never begun."""
    to_any = exists().where(
        CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
    )
    of_campaign = CampaignList.campaign_id == Campaign.id
    alike = (
        select(func.count())
        .where(of_campaign, CampaignList.list_id.in_(list_ids))
        .correlate(Campaign)
        .scalar_subquery()
    )
    all_its = select(func.count()).where(of_campaign).correlate(Campaign).scalar_subquery()
    same = (alike == len(list_ids)) & (all_its == len(list_ids))
    found: Campaign | None = await session.scalar(
        select(Campaign)
        .where(
            to_any,
            Campaign.id != besides,
            Campaign.started_at.is_not(None),
            Campaign.state != CampaignState.CANCELLED,
        )
        .order_by(case((same, 0), else_=1), Campaign.started_at.desc(), Campaign.id.desc())
        .limit(1)
    )
    return found


async def _prepared(session: AsyncSession, campaign_id: int) -> int:
    counted = Batch.pending + Batch.sending + Batch.sent + Batch.failed
    total = func.sum(counted + Batch.skipped + Batch.uncertain)
    return int(await session.scalar(select(total).where(Batch.campaign_id == campaign_id)) or 0)
