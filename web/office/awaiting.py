"""The part of a released letter's page that moves until its hour comes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from accounts.abilities import Ability
from mailer.campaign.holds import Hold
from mailer.report.summary import Progress
from pli.durations import lasting
from pli.hours import Hour
from pli.language import N_, say
from web.office.visit import Visit

COUNTED_SECONDS = 600
"""So long before its hour the page counts seconds."""
REFRESH_SECONDS = (3, 60)
"""Without JavaScript the page is loaded again so often: while it counts seconds, and before."""


def values(
    visit: Visit,
    progress: Progress,
    lists: Collection[int],
    at: datetime,
    *,
    held_by: Sequence[Hold] = (),
    away: bool = False,
) -> dict[str, Any]:
    """What `awaited.html.j2` shows of a scheduled sending at a moment.

    `held_by`: what of its start has failed.
    """
    starts = progress.starts or Hour(at, "UTC")
    left = (starts.moment - at).total_seconds()
    waits = lasting(starts.moment - at)
    held = progress.reason
    failed = [it.sentence for it in held_by] if held is None else []
    sentence = held or (failed[0] if failed else say(N_("It begins in {time}."), time=waits))
    return {
        "progress": progress,
        "starts": starts,
        "left": max(0, round(left)),
        "counts_down": held is None and 0 < left < COUNTED_SECONDS,
        "waits": waits if left > 0 else None,
        "held": held,
        "failed": failed,
        "may_stop": visit.who.granted.may(Ability.PAUSE, lists),
        "at": at,
        "away": away,
        "sentence": sentence.tell(visit.language),
    }


def refresh_seconds(awaited: dict[str, Any]) -> int:
    """After how many seconds the page is loaded again without JavaScript."""
    soon, later = REFRESH_SECONDS
    return soon if awaited["counts_down"] or not awaited["waits"] else min(later, awaited["left"])
