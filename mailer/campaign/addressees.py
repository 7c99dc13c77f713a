"""For whom a campaign is: lists in order, a rule, and who is set aside; frozen with its letter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import lists_of
from mailer.models import Audience, Campaign
from pli.language import N_, Sentence, say, say_n
from subscribers import lists, segments
from subscribers.models import List
from subscribers.selection import on_any_list


@dataclass(frozen=True, slots=True)
class Aside:
    """Who gets nothing although the lists and the rule mean them.

    `list_ids`: who is on one of these lists. `segments`: pairs of a saved name ("" for a rule
    alone) and the rule's canonical text.
    """

    list_ids: tuple[int, ...] = ()
    segments: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.list_ids or self.segments)

    def document(self) -> dict[str, Any]:
        """As a campaign's column keeps it; empty if nobody is set aside."""
        if not self:
            return {}
        return {"lists": list(self.list_ids), "segments": [list(it) for it in self.segments]}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """What `document` wrote."""
        return cls(
            tuple(kept.get("lists", ())),
            tuple((name, rule) for name, rule in kept.get("segments", ())),
        )


NOBODY_ASIDE = Aside()


@dataclass(frozen=True, slots=True)
class Addressees:
    """For whom a letter is: `rule` is canonical text, "" for everybody on the lists."""

    list_ids: tuple[int, ...]
    segment: str = ""
    rule: str = ""
    audience: Audience = Audience.FIRST
    aside: Aside = NOBODY_ASIDE

    def document(self) -> dict[str, Any]:
        """As it stands in the frozen text, and so in the hash that somebody approves."""
        return {
            "lists": list(self.list_ids),
            "segment": self.segment,
            "rule": self.rule,
            "audience": self.audience.value,
            "aside": self.aside.document(),
        }


async def chosen(
    session: AsyncSession,
    *,
    list_names: Sequence[str],
    segment: str = "",
    rule: str = "",
    without_lists: Sequence[str] = (),
    without_segments: Sequence[str] = (),
    audience: Audience = Audience.FIRST,
) -> Addressees:
    """What a person asks for, by names; `segment` and each of `without_segments` may be a rule.

    `rule` is a rule alone, in place of `segment`.

    Raises the error of an unknown list or segment, RuleError for a rule that does not parse.
    """
    ids = tuple([(await lists.get(session, it)).id for it in dict.fromkeys(list_names)])
    name, read = "", ""
    if rule.strip():
        read = str(await segments.read(session, rule.strip()))
    elif segment.strip():
        name, found_rule = await segments.resolve(session, segment)
        read = str(found_rule)
    aside_ids = tuple([(await lists.get(session, it)).id for it in dict.fromkeys(without_lists)])
    found = []
    for text in dict.fromkeys(without_segments):
        its_name, its_rule = await segments.resolve(session, text)
        found.append((its_name, str(its_rule)))
    return Addressees(ids, name, read, audience, Aside(aside_ids, tuple(found)))


async def addressees_of(session: AsyncSession, campaign: Campaign) -> Addressees:
    """For whom a campaign is, by its rows."""
    return Addressees(
        tuple(await lists_of(session, campaign_id=campaign.id)),
        campaign.segment,
        campaign.rule,
        campaign.audience,
        Aside.of(campaign.aside),
    )


async def set_aside(session: AsyncSession, aside: Aside) -> ColumnElement[bool] | None:
    """The clause over Subscriber for those who are set aside; None: nobody is.

    A rule that is NULL for a person (a value is missing) does not set the person aside. Raises
    RuleError for a rule that names what is not there any more.
    """
    clauses: list[ColumnElement[bool]] = []
    if aside.list_ids:
        clauses.append(on_any_list(aside.list_ids))
    for _, rule in aside.segments:
        clauses.append(func.coalesce(await segments.selecting(session, rule), False))
    return or_(*clauses) if clauses else None


async def told(
    session: AsyncSession, of: Addressees, *, seen: Collection[int] | None = None
) -> list[Sentence]:
    """For whom it is, in words: one sentence each for the lists, the rule, and who is set aside.

    `seen`: whoever is told sees these lists only. A rule may name others, so its text is left out.
    """
    if seen is not None:
        return await _partly_told(session, of, seen)
    wanted = [*of.list_ids, *of.aside.list_ids]
    rows = await session.execute(select(List.id, List.title).where(List.id.in_(wanted)))
    titles = {row.id: row.title for row in rows}
    named = ", ".join(titles.get(it, str(it)) for it in of.list_ids)
    found = [say(N_("Lists: {names}."), names=named)]
    if of.rule:
        found.append(
            say(N_("Of these, who is in the segment {name}: {rule}"), name=of.segment, rule=of.rule)
            if of.segment
            else say(N_("Of these, those for whom this holds: {rule}"), rule=of.rule)
        )
    if of.audience is Audience.NEW:
        found.append(say(N_("Only those who had no copy of this letter yet.")))
    elif of.audience is Audience.ALL:
        found.append(say(N_("Also those who had a copy of this letter already.")))
    if of.aside.list_ids:
        names = ", ".join(titles.get(it, str(it)) for it in of.aside.list_ids)
        found.append(say(N_("Set aside: who is on {names}."), names=names))
    for name, rule in of.aside.segments:
        found.append(say(N_("Set aside: {rule}"), rule=f"{name}: {rule}" if name else rule))
    return found


async def _partly_told(
    session: AsyncSession, of: Addressees, seen: Collection[int]
) -> list[Sentence]:
    rows = await session.execute(select(List.id, List.title).where(List.id.in_(seen)))
    titles = {row.id: row.title for row in rows}
    own = [titles[it] for it in of.list_ids if it in titles]
    found = [say(N_("Lists: {names}."), names=", ".join(own))]
    if further := len(of.list_ids) - len(own):
        found.append(
            say_n(
                "It goes to {n} list more, which you do not see.",
                "It goes to {n} lists more, which you do not see.",
                further,
            )
        )
    if of.rule or of.aside or of.audience is not Audience.FIRST:
        found.append(say(N_("Not everybody on them gets it.")))
    return found
