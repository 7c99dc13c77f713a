"""Renders a report as one page without other files: to look at, to send on, to print."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.bounces import words
from mailer.models import CampaignState, Status
from mailer.providers import KNOWN, Providers
from mailer.report import breakdown, charts, copies, decisions, server_words
from mailer.report.charts import TALL, Rect
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


async def render(
    session: AsyncSession,
    report: Report,
    *,
    language: str,
    people: bool = True,
    zone: tzinfo | None = None,
    list_ids: Collection[int] | None = None,
    providers: Providers = KNOWN,
    template: str = "reports/report.html.j2",
    frame: Mapping[str, Any] | None = None,
) -> str:
    """The page in one language.

    `people`: whether copies are listed one by one, with their addresses. `zone`: by whose clocks
    hours are told; None: this machine's. `list_ids`: the lists whose copies the report counts, if
    not all of them. `template` is another template that extends the page's own; `frame` has the
    values that it needs, such as the frame to stand in, as `layout`.
    """
    values = dict(frame or {})
    zone = values.get("zone", zone)
    over_time = await timeline(session, report.campaign, list_ids=list_ids)
    parts = await breakdown.breakdown(
        session, report.campaign, over_time, list_ids=list_ids, zone=zone
    )
    return pages.render(
        template,
        language,
        report=report,
        order=ORDER,
        status=reasons.status,
        counted=reasons.counted,
        state=reasons.state(report.state),
        is_final=report.state in (CampaignState.FINISHED, CampaignState.CANCELLED),
        by_reason=_by_reason(report),
        said=await server_words.by_reason(
            session, report.campaign, _codes(report), list_ids=list_ids
        ),
        outcomes=bar(report),
        timeline=over_time,
        tries=_columns(over_time) if over_time else (),
        parts=parts,
        provider_name=providers.name,
        left=charts.columns(
            [parts.left_by_day.get(day, 0) for day in parts.days], Status.SKIPPED.value
        ),
        decided=await decisions.of_campaign(session, report.campaign),
        one_by_one={
            status: await copies.by_status(session, report.campaign, status=status, limit=SHOWN)
            for status in _ONE_BY_ONE
            if people and report.of(status)
        },
        settled=[
            *(reasons.settled(source, n) for source, n in report.settled_by.items()),
            *(
                words.counted(reason, n)
                for reason, n in sorted(report.bounces.items(), key=lambda it: -it[1])
            ),
            *([reasons.barred(report.barred, report.campaign)] if report.barred else []),
        ],
        is_barred=say(reasons.IS_BARRED),
        people=people,
        **{"layout": "page.html.j2", "zone": zone, "refresh": None} | values,
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


def _codes(report: Report) -> list[str]:
    """The reasons for which copies failed."""
    return [code for code, n in report.failures.items() if n]


def _by_reason(report: Report) -> dict[Status, list[tuple[str, Sentence | None, int]]]:
    """For each status: code, sentence and number of each reason, the most frequent first."""
    counted: dict[Status, Mapping[str, int]] = {
        Status.FAILED: report.failures,
        Status.SKIPPED: report.skipped_for,
        Status.EXCLUDED: report.excluded,
    }
    return {
        status: [
            (code, reasons.sentence(status, code), n)
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
