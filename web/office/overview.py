"""The first page of the office: what waits for one, what runs, what comes, and the last letters."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, get_day_names
from starlette.responses import Response

from accounts.abilities import Ability, Granted
from mailer import reasons
from mailer.models import CampaignState
from mailer.report import html_page, standing
from mailer.report.standing import Seen
from mailer.report.summary import Progress
from pli.language import N_, Sentence, say, say_n
from web.office import cookies
from web.office.office_routes import OfficeRoute, Who
from web.office.reporting import outlook_of
from web.office.visit import Visit

LAST = 8
MOST = 50
"""So many of the latest sendings are looked at."""
LOOKED_AHEAD = 5
"""For so many running sendings the page says when they arrive."""
_DONE = (CampaignState.FINISHED, CampaignState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for the person who looks: what it is, and where it is done."""

    sentence: Sentence
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the month with the letters that left on it, or are to leave."""

    date: date
    within: bool
    today: bool
    letters: Sequence[tuple[Progress, datetime]]


class Overview:
    """The page /office/."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For everybody who is in; it shows what one has a right on."""
        return [OfficeRoute("/", self.home, Who.SIGNED_IN)]

    async def home(self, visit: Visit) -> Response:
        """The overview; who sees no sendings goes to the first page that is open, or the own."""
        granted = visit.who.granted
        on = granted.lists_for(Ability.SEE_NUMBERS)
        if not on:
            return visit.go(visit.navigation[0].path if visit.navigation else f"{cookies.PATH}/me")
        list_ids = None if on.every else on.ids
        async with visit.context.database.reading() as session:
            latest = await standing.latest(session, list_ids=list_ids, limit=MOST)
            planned = await standing.latest(
                session, list_ids=list_ids, limit=MOST, states=[CampaignState.SCHEDULED]
            )
            lists = await standing.lists_of(session, [it.progress.campaign for it in latest])
            running = [it for it in latest if it.progress.state is CampaignState.RUNNING]
            ahead = {
                it.progress.campaign: await outlook_of(session, visit, it.progress)
                for it in running[:LOOKED_AHEAD]
            }
        first = _month(
            visit.request.query_params.get("month", ""), visit.now.astimezone(visit.zone)
        )
        seen = {it.progress.campaign: it.progress for it in (*latest, *planned)}
        return visit.page(
            "overview",
            waits=_waits(latest, lists, granted),
            running=[(it, html_page.bar(it.progress)) for it in running],
            ahead=ahead,
            weeks=list(_weeks(visit, first, list(seen.values()))),
            month=format_date(first, "LLLL y", locale=visit.language),
            earlier=_shifted(first, -1),
            later=_shifted(first, 1),
            day_names=_day_names(visit.language),
            last=[(it, html_page.bar(it.progress)) for it in latest if it.progress.state in _DONE][
                :LAST
            ],
            order=html_page.ORDER,
            status=reasons.status,
            state=reasons.state,
        )


def _waits(
    latest: Sequence[Seen], lists: Mapping[int, Sequence[int]], granted: Granted
) -> list[Waiting]:
    """What waits for this person, the most urgent first."""
    found: list[Waiting] = []
    for asks in (_paused, _held, _approved, _drafts, _uncertain):
        for it in latest:
            needs, sentence = asks(it.progress)
            if sentence is not None and granted.may(needs, lists.get(it.progress.campaign, [])):
                path = f"{cookies.PATH}/sendings/{it.progress.campaign}"
                found.append(Waiting(sentence, it.progress.title, path))
    return found


_Asked = tuple[Ability, Sentence | None]


def _paused(it: Progress) -> _Asked:
    if it.state is not CampaignState.PAUSED:
        return Ability.RESUME, None
    text = (
        N_("Letter {number} has paused by itself, and waits for you.")
        if it.reason
        else N_("Letter {number} is paused.")
    )
    return Ability.RESUME, say(text, number=it.letter)


def _held(it: Progress) -> _Asked:
    if it.state is not CampaignState.SCHEDULED or not it.reason:
        return Ability.RELEASE, None
    text = N_("Letter {number} does not start by itself: {reason}")
    return Ability.RELEASE, say(text, number=it.letter, reason=it.reason)


def _approved(it: Progress) -> _Asked:
    ready = it.state in (CampaignState.APPROVED, CampaignState.PREPARED)
    text = N_("Letter {number} is ready, and waits to be released.")
    return Ability.RELEASE, say(text, number=it.letter) if ready else None


def _drafts(it: Progress) -> _Asked:
    text = N_("Letter {number} waits to be approved.")
    is_draft = it.state is CampaignState.DRAFT
    return Ability.APPROVE, say(text, number=it.letter) if is_draft else None


def _uncertain(it: Progress) -> _Asked:
    if not it.uncertain or it.state is CampaignState.CANCELLED:
        return Ability.SETTLE, None
    return Ability.SETTLE, say_n(
        "Letter {number}: {n} copy is uncertain, and waits for a decision.",
        "Letter {number}: {n} copies are uncertain, and wait for a decision.",
        it.uncertain,
        number=it.letter,
    )


def _month(asked: str, today: datetime) -> date:
    """The first day of the month that is asked for, such as 2026-12; else of this month."""
    year, _, month = asked.partition("-")
    if len(asked) == 7 and year.isascii() and (year + month).isdigit():
        try:
            return date(int(year), int(month), 1)
        except ValueError:
            pass
    return today.date().replace(day=1)


def _shifted(first: date, months: int) -> str:
    """The month before or after, as an address names it; empty beyond the calendar's end."""
    at = first.year * 12 + first.month - 1 + months
    return f"{at // 12:04}-{at % 12 + 1:02}" if 12 <= at < 12 * 9999 else ""


def _weeks(visit: Visit, first: date, sendings: Sequence[Progress]) -> Iterator[list[Day]]:
    """The weeks of a month, from Monday on, with the letters on their days."""
    by_day: dict[date, list[tuple[Progress, datetime]]] = {}
    for it in sendings:
        at = it.starts.moment if it.starts else it.started_at
        if at is not None:
            by_day.setdefault(at.astimezone(visit.zone).date(), []).append((it, at))
    today = visit.now.astimezone(visit.zone).date()
    for week in calendar.Calendar(0).monthdatescalendar(first.year, first.month):
        yield [
            Day(
                it,
                it.month == first.month,
                it == today,
                sorted(by_day.get(it, []), key=lambda pair: pair[1]),
            )
            for it in week
        ]


def _day_names(language: str) -> list[tuple[str, str]]:
    """The days of the week from Monday on, short and in full."""
    wide: Any = get_day_names("wide", locale=language)
    short: Any = get_day_names("abbreviated", locale=language)
    return [(short[it], wide[it]) for it in range(7)]
