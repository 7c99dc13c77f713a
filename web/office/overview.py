"""The first page of the office: what waits for one, what runs, what comes, and the last letters."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from babel.dates import format_date, get_day_names
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import approvals
from mailer.campaign.approvals import Step
from mailer.intake import unproven
from mailer.models import CampaignState
from mailer.report import html_page, standing
from mailer.report.summary import Progress
from pli.language import say, say_n
from web.live import MOVING
from web.office import cookies, wishing
from web.office.checking import Checker
from web.office.draft_page import DECIDED, OPEN, closed
from web.office.office_routes import OfficeRoute, Who
from web.office.reporting import outlook_of
from web.office.visit import Visit
from web.office.what_waits import Waiting, is_maker, what_waits

LAST = 8
MOST = 50
"""So many of the latest sendings of a kind are looked at."""
MOST_OF_A_MONTH = 200
SHOWN = 8
"""So many of the things that wait stand open; the others are behind a line."""
YEARS = range(1970, 9999)
"""The years whose months can be looked at: each moment in them can be told in every time zone."""
ON_A_DAY = 3
"""So many letters of a day stand open in the month."""
LOOKED_AHEAD = 5
"""For so many running sendings the page says when they arrive."""
CHECKED = 5
"""Of so many letters that wait for the person who looks, the findings are looked for."""
_DONE = (CampaignState.FINISHED, CampaignState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the month with the letters that left on it, or are to leave."""

    date: date
    within: bool
    today: bool
    letters: Sequence[tuple[Progress, datetime]]


class Overview:
    """The page /office/."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For everybody who is in; it shows what one has a right on."""
        return [OfficeRoute("/", self.home, Who.SIGNED_IN)]

    async def home(self, visit: Visit) -> Response:
        """The overview; who sees no sendings goes to the first page that is open, or the own."""
        granted = visit.who.granted
        on, writes = granted.lists_for(Ability.SEE_NUMBERS), granted.lists_for(Ability.SEE_DRAFTS)
        if not on and not writes:
            return visit.go(visit.navigation[0].path if visit.navigation else f"{cookies.PATH}/me")
        list_ids = None if on.every else on.ids
        first = _month(
            visit.request.query_params.get("month", ""), visit.now.astimezone(visit.zone)
        )
        async with visit.context.database.reading() as session:
            latest = await standing.latest(session, list_ids=list_ids, limit=MOST)
            # However many letters came after them, these wait, run or come.
            moving = await standing.latest(session, list_ids=list_ids, limit=MOST, states=MOVING)
            of_month = await standing.latest(
                session,
                list_ids=list_ids,
                limit=MOST_OF_A_MONTH,
                begins=_bounds(first, visit.zone),
            )
            decided = await standing.latest(
                session, list_ids=None if writes.every else writes.ids, limit=MOST, states=DECIDED
            )
            shown = {it.progress.campaign: it for it in (*decided, *of_month, *moving, *latest)}
            lists = await standing.lists_of(session, list(shown))
            steps = await approvals.of_campaigns(session, [it.progress.campaign for it in decided])
            made = await approvals.made_by(session, [it.progress.campaign for it in decided])
            wishes = await unproven.people(session) if granted.may(Ability.NOES) else 0
            running = [it for it in moving if it.progress.state is CampaignState.RUNNING]
            ahead = {
                it.progress.campaign: await outlook_of(session, visit, it.progress)
                for it in running[:LOOKED_AHEAD]
            }
        decided = [
            it
            for it in decided
            if granted.may(Ability.SEE_DRAFTS, lists.get(it.progress.campaign, []))
        ]
        unchecked = await self._unchecked(visit, [it.progress for it in decided], steps, made)
        sending = visit.context.options.sending
        seen = {it.progress.campaign: it.progress for it in (*latest, *of_month, *decided)}
        weeks = list(_weeks(visit, first, list(seen.values())))
        return visit.page(
            "overview",
            waits=[
                *what_waits(
                    visit,
                    list(shown.values()),
                    lists,
                    steps,
                    made,
                    unchecked,
                    second_person=sending is not None and sending.policy.second_person,
                ),
                *_wishes(visit, wishes),
            ],
            decided=[it.progress for it in decided],
            closed=closed(seen.values(), lists, granted),
            sees_numbers=bool(on),
            running=[(it, html_page.bar(it.progress)) for it in running],
            ahead=ahead,
            shown=SHOWN,
            on_a_day=ON_A_DAY,
            weeks=weeks,
            letters_in_month=any(day.within and day.letters for week in weeks for day in week),
            month=format_date(first, "LLLL y", locale=visit.language),
            earlier=_shifted(first, -1),
            later=_shifted(first, 1),
            day_names=_day_names(visit.language),
            last=[(it, html_page.bar(it.progress)) for it in latest if it.progress.state in _DONE][
                :LAST
            ],
            order=html_page.ORDER,
            counted=reasons.counted,
            state=reasons.state,
        )

    async def _unchecked(
        self,
        visit: Visit,
        decided: Sequence[Progress],
        steps: Mapping[int, Sequence[Step]],
        made: Mapping[int, int | None],
    ) -> set[int]:
        """Which of the letters that the person who looks made have findings to be looked at."""
        if visit.context.options.sending is None:
            return set()
        account = visit.who.account_id
        own = [
            it.campaign
            for it in decided
            if it.state in OPEN and is_maker(made, it, steps.get(it.campaign, []), account)
        ]
        return {it for it in own[:CHECKED] if await self._checker.is_open(visit, it)}


def _wishes(visit: Visit, people: int) -> list[Waiting]:
    """Wishes to leave wait for who writes down a no."""
    if not people:
        return []
    told = say_n(
        "{n} person may want to leave, and nothing proves that they wrote it",
        "{n} people may want to leave, and nothing proves that they wrote it",
        people,
    )
    return [Waiting(told, say(wishing.TITLE).tell(visit.language), wishing.PATH)]


def _month(asked: str, today: datetime) -> date:
    """The first day of the month that is asked for, such as 2026-12; else of this month."""
    year, _, month = asked.partition("-")
    is_month = len(asked) == 7 and asked.isascii() and (year + month).isdigit()
    if is_month and int(year) in YEARS and int(month) in range(1, 13):
        return date(int(year), int(month), 1)
    return today.date().replace(day=1)


def _bounds(first: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """The beginning of a month, and of the next one, by somebody's clocks."""
    begins = datetime.combine(first, time(), zone).astimezone(UTC)
    # In the last month of the calendar there is no next one.
    last = date(first.year, first.month, calendar.monthrange(first.year, first.month)[1])
    return begins, datetime.combine(last, time.max, zone).astimezone(UTC)


def _shifted(first: date, months: int) -> str:
    """The month before or after, as an address names it; empty beyond the calendar's end."""
    at = first.year * 12 + first.month - 1 + months
    return f"{at // 12:04}-{at % 12 + 1:02}" if at // 12 in YEARS else ""


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
