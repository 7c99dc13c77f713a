"""Renders a report as one page without other files: to look at, to send on, to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.bounces import words
from mailer.models import CampaignState, Status
from mailer.report import copies
from mailer.report.summary import Counts, Report
from mailer.report.timeline import Timeline, timeline
from pli import pages
from pli.language import Sentence, say

SHOWN = 500
"""How many copies of each status the page lists one by one; the CSV lists them all."""

ORDER = (
    Status.SENT,
    Status.SENDING,
    Status.PENDING,
    Status.FAILED,
    Status.SKIPPED,
    Status.UNCERTAIN,
    Status.EXCLUDED,
)
_ONE_BY_ONE = (Status.FAILED, Status.UNCERTAIN, Status.SKIPPED, Status.EXCLUDED)
_TRIES = ("sent", "deferred", "failed", "uncertain")
TALL = 96


@dataclass(frozen=True, slots=True)
class Rect:
    """A piece of a chart: the status or outcome, and the place (percent across, pixels down)."""

    of: str
    x: float
    y: float
    width: float
    height: float


async def render(
    session: AsyncSession,
    report: Report,
    *,
    language: str,
    refresh: int | None = None,
    waits_for: Sequence[Sentence] = (),
    arrives_at: datetime | None = None,
    people: bool = True,
    zone: tzinfo | None = None,
    frame: Mapping[str, Any] | None = None,
) -> str:
    """The page in one language.

    `refresh` is after how many seconds the browser loads the page again; None: never. `waits_for`:
    what holds the campaign back now. `arrives_at`: when its last copy leaves, if that is known.
    `people`: whether copies are listed one by one, with their addresses. `zone`: by whose clocks
    hours are told; None: this machine's. `frame`: the template of another frame than the page's
    own, as `layout`, and the values that it needs.
    """
    over_time = await timeline(session, report.campaign)
    return pages.render(
        "reports/report.html.j2",
        language,
        report=report,
        order=ORDER,
        status=reasons.status,
        state=reasons.state(report.state),
        is_final=report.state in (CampaignState.FINISHED, CampaignState.CANCELLED),
        by_reason=_by_reason(report),
        outcomes=bar(report),
        timeline=over_time,
        tries=_columns(over_time) if over_time else (),
        tall=TALL,
        one_by_one={
            status: await copies.by_status(session, report.campaign, status=status, limit=SHOWN)
            for status in _ONE_BY_ONE
            if people and report.of(status)
        },
        settled=[
            *([told] if (told := reasons.decided(report.made_by, report.approved_by)) else []),
            *(reasons.settled(source, n) for source, n in report.settled_by.items()),
            *(
                words.counted(reason, n)
                for reason, n in sorted(report.bounces.items(), key=lambda it: -it[1])
            ),
            *([reasons.barred(report.barred, report.campaign)] if report.barred else []),
        ],
        is_barred=say(reasons.IS_BARRED),
        waits_for=waits_for,
        arrives_at=arrives_at,
        people=people,
        **{"layout": "page.html.j2", "office": frame is not None, "zone": zone}
        | dict(frame or {})
        | {"refresh": refresh},
    )


def listed(report: Report) -> int:
    """How many copies the page lists one by one."""
    return sum(min(report.of(status), SHOWN) for status in _ONE_BY_ONE)


def bar(counts: Counts) -> list[Rect]:
    """One bar of all candidates: a piece for each status."""
    rects = []
    x = 0.0
    for status in ORDER:
        if n := counts.of(status):
            width = 100 * n / counts.candidates
            rects.append(Rect(status.value, x, 0, width, 100))
            x += width
    return rects


def _by_reason(report: Report) -> dict[Status, list[tuple[Sentence | None, int]]]:
    counted: dict[Status, Mapping[str, int]] = {
        Status.FAILED: report.failures,
        Status.SKIPPED: report.skipped_for,
        Status.EXCLUDED: report.excluded,
    }
    return {
        status: [
            (reasons.sentence(status, code), n)
            for code, n in sorted(numbers.items(), key=lambda it: -it[1])
            if n
        ]
        for status, numbers in counted.items()
        if report.of(status)
    }


def _columns(over_time: Timeline) -> list[Rect]:
    """One column for each stretch of time, with the outcomes stacked."""
    rects = []
    width = 100 / len(over_time.stretches)
    for place, tried in enumerate(over_time.stretches):
        y = float(TALL)
        for outcome in _TRIES:
            if n := tried.get(outcome, 0):
                height = max(1.0, TALL * n / over_time.busiest)
                y -= height
                rects.append(Rect(outcome, place * width, y, width * 0.86, height))
    return rects
