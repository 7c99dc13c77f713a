"""The first page of the office: what waits for one, what runs, what comes, and the last letters."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import partial
from typing import Any

from babel.dates import format_date, get_day_names
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import approvals
from mailer.campaign.approvals import Step
from mailer.models import ApprovalKind, CampaignState
from mailer.report import html_page, standing
from mailer.report.standing import Seen
from mailer.report.summary import Progress
from pli.language import N_, Sentence, say, say_n
from web.live import MOVING
from web.office import cookies
from web.office.draft_page import DECIDED, closed
from web.office.office_routes import OfficeRoute, Who
from web.office.reporting import outlook_of
from web.office.visit import Visit

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
_DONE = (CampaignState.FINISHED, CampaignState.CANCELLED)
_ASKED = (ApprovalKind.ASKED, ApprovalKind.REMINDED)
_MADE = (ApprovalKind.WROTE, ApprovalKind.CHANGED, ApprovalKind.ASKED)


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
        seen = {it.progress.campaign: it.progress for it in (*latest, *of_month, *decided)}
        weeks = list(_weeks(visit, first, list(seen.values())))
        return visit.page(
            "overview",
            waits=_waits(visit, list(shown.values()), lists, steps, made),
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


def _waits(
    visit: Visit,
    shown: Sequence[Seen],
    lists: Mapping[int, Sequence[int]],
    steps: Mapping[int, Sequence[Step]],
    made: Mapping[int, int | None],
) -> list[Waiting]:
    """What waits for this person, the most urgent first."""
    found: list[Waiting] = []
    newest = sorted((it.progress for it in shown), key=lambda it: it.campaign, reverse=True)
    account = visit.who.account_id
    returned = partial(_sent_back, made)
    for asks in (_paused, _held, _asked, returned, _approved, _drafts, _uncertain):
        for it in newest:
            needs, sentence = asks(it, steps.get(it.campaign, []), account)
            on = lists.get(it.campaign, [])
            if sentence is not None and visit.who.granted.may(needs, on):
                page = "/approve" if asks is _asked else ""
                path = f"{cookies.PATH}/sendings/{it.campaign}{page}"
                found.append(Waiting(sentence, it.title, path))
    return found


_Needed = tuple[Ability, Sentence | None]


def _paused(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    if it.state is not CampaignState.PAUSED:
        return Ability.RESUME, None
    text = (
        N_("Letter {number} has paused by itself, and waits for you.")
        if it.reason
        else N_("Letter {number} is paused.")
    )
    return Ability.RESUME, say(text, number=it.letter)


def _held(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    if it.state is not CampaignState.SCHEDULED or not it.reason:
        return Ability.RELEASE, None
    text = N_("Letter {number} does not start by itself: {reason}")
    return Ability.RELEASE, say(text, number=it.letter, reason=it.reason)


def _approved(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    ready = it.state in (CampaignState.APPROVED, CampaignState.PREPARED)
    text = N_("Letter {number} is ready, and waits to be released.")
    return Ability.RELEASE, say(text, number=it.letter) if ready else None


def _asked(it: Progress, steps: Sequence[Step], account: int) -> _Needed:
    """Who is asked by name, or is one of all who are asked, and did not ask."""
    last = _asking(it, steps)
    if last is None or last.by.account_id == account:
        return Ability.APPROVE, None
    values = {"name": last.by.name, "number": it.letter}
    if last.asked_account == account:
        return Ability.APPROVE, say(N_("{name} asks you to approve letter {number}."), **values)
    text = N_("{name} asks for an approval of letter {number}: yours, or somebody else’s.")
    return Ability.APPROVE, say(text, **values) if last.asked_account is None else None


def _sent_back(
    made: Mapping[int, int | None], it: Progress, steps: Sequence[Step], account: int
) -> _Needed:
    """Who made it, wrote it, or asked for its approval, has to change it."""
    if it.state is not CampaignState.DRAFT or not steps:
        return Ability.SEE_DRAFTS, None
    mine = {made.get(it.campaign)} | {s.by.account_id for s in steps if s.kind in _MADE}
    is_mine = steps[-1].kind is ApprovalKind.SENT_BACK and account in mine
    text = N_("Letter {number} was sent back to you.")
    return Ability.SEE_DRAFTS, say(text, number=it.letter) if is_mine else None


def _drafts(it: Progress, steps: Sequence[Step], _account: int) -> _Needed:
    """Nobody is asked, and it was not sent back: whoever may approve it can look at it."""
    last = steps[-1].kind if steps else None
    waits = it.state is CampaignState.DRAFT and last not in (*_ASKED, ApprovalKind.SENT_BACK)
    text = N_("Letter {number} waits to be approved.")
    return Ability.APPROVE, say(text, number=it.letter) if waits else None


def _asking(it: Progress, steps: Sequence[Step]) -> Step | None:
    """Who asked for the approval for which a draft waits; a reminder asks the same people."""
    if it.state is not CampaignState.DRAFT or not steps or steps[-1].kind not in _ASKED:
        return None
    return next((it for it in reversed(steps) if it.kind is ApprovalKind.ASKED), None)


def _uncertain(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
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
