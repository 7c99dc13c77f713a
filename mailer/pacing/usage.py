"""The rows of pacing: what is granted, used, and heard, over all workers; the only writer of them.

A row is locked from the reading of it to the end of the transaction, a relay's own before that of a
provider; the hour is asked under the lock, so that what is written later was judged later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Pacing
from mailer.pacing.limits import DAY, Limits, Plan
from mailer.pacing.permits import Grant, Held
from mailer.pacing.sliding_window import SlidingWindow
from mailer.pacing.throttle import Heard, Throttle
from mailer.providers import WHOLE
from pli.columns import clock
from subscribers.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Standing:
    """How one row stands: its sliding_windows by their limits of today, and its throttle."""

    sliding_windows: tuple[SlidingWindow, ...]
    throttle: Throttle

    def room(self, now: float) -> int | None:
        """How many copies may be granted now; None: no quota says."""
        return min((it.room(now) for it in self.sliding_windows), default=None)

    def opens_at(self, n: int, now: float) -> float:
        """When the `n`-th copy from now may be granted."""
        moments = [it.opens_at(n, now) for it in self.sliding_windows]
        if self.throttle.rests(now):
            moments.append(self.throttle.rest_until)
        return max(moments, default=now)


async def grant(
    session: AsyncSession, plan: Plan, provider: str, *, wanted: int, watched: bool
) -> Grant | Held:
    """Reserve up to `wanted` copies of a provider; `watched`: look at its throttle, too."""
    rows, now = await _locked(session, plan, _scopes(plan, provider, watched))
    standings = [standing(row, plan.of(row.provider), now) for row in rows]
    sizes = [wanted]
    for it in standings:
        room = it.room(now)
        sizes.append(it.throttle.probe if room is None else min(room, it.throttle.probe))
        if it.throttle.rests(now):
            sizes.append(0)
    size = min(sizes)
    for row, it in zip(rows, standings, strict=True):
        # Also where nothing is granted: what the clock's setting back has moved must stay so.
        sliding_windows = [window.take(size, now) for window in it.sliding_windows]
        _keep(row, sliding_windows)
    if size:
        return Grant(size, now)
    return Held(now, max(it.opens_at(1, now) for it in standings))


async def tell(
    session: AsyncSession,
    plan: Plan,
    provider: str,
    given: Grant | None,
    *,
    used: int,
    heard: Heard | None,
) -> Throttle | None:
    """What became of a grant: `used` copies count as used now, the rest is given back.

    `heard`: how the provider took it; its throttle after that. None: nothing speaks against it.
    """
    scopes = _scopes(plan, provider, watched=heard is not None)
    locked, now = await _locked(session, plan, scopes)
    throttle = None
    for row in locked:
        it = standing(row, plan.of(row.provider), now)
        if given is not None:
            _keep(
                row, [window.tell(given.size, used, given.at, now) for window in it.sliding_windows]
            )
        if row.provider == provider and heard is not None:
            throttle = it.throttle.hears(heard, now)
            _set(row, throttle)
    return throttle


async def look(session: AsyncSession, plan: Plan) -> tuple[Mapping[str, Standing], float]:
    """How all rows of a relay stand, by provider, and the hour it is there."""
    rows = await session.scalars(select(Pacing).where(Pacing.relay == plan.relay))
    now = await _now(session)
    return {it.provider: standing(it, plan.of(it.provider), now) for it in rows}, now


def standing(row: Pacing, limits: Limits, now: float) -> Standing:
    """A row as a value, judged by the limits that hold now."""
    day = max(0, int((now - row.first_used_at.timestamp()) // DAY))
    sliding_windows = tuple(
        SlidingWindow(it.copies, it.seconds, tuple(_slots(row, it.seconds))).at(now)
        for it in limits.on_day(day)
    )
    rest_until = row.rest_until.timestamp() if row.rest_until else 0.0
    return Standing(
        sliding_windows, Throttle(row.level, rest_until, row.tries, row.weight, row.said)
    )


def _slots(row: Pacing, seconds: float) -> Iterator[tuple[int, int]]:
    for number, copies in row.sliding_windows.get(f"{seconds:g}", ()):
        yield int(number), int(copies)


def _scopes(plan: Plan, provider: str, watched: bool) -> list[str]:
    """Whose rows a grant concerns, in the order in which they are locked."""
    scopes: list[str] = [WHOLE] if plan.whole.metered or provider == WHOLE else []
    if provider != WHOLE and (watched or plan.of(provider).metered):
        scopes.append(provider)
    return scopes


async def _locked(
    session: AsyncSession, plan: Plan, scopes: Sequence[str]
) -> tuple[list[Pacing], float]:
    rows = []
    for provider in scopes:
        row = await _lock(session, plan.relay, provider)
        if row is None:
            await session.execute(
                insert_into(session, Pacing)
                .values(
                    relay=plan.relay,
                    provider=provider,
                    first_used_at=clock(),
                    sliding_windows={},
                    level=0,
                    tries=0,
                    weight=0,
                    said="",
                )
                .on_conflict_do_nothing()
            )
            row = await _lock(session, plan.relay, provider)
            assert row is not None
        rows.append(row)
    return rows, await _now(session)


async def _lock(session: AsyncSession, relay: str, provider: str) -> Pacing | None:
    found = await session.scalars(
        select(Pacing)
        .where(Pacing.relay == relay, Pacing.provider == provider)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.one_or_none()


async def _now(session: AsyncSession) -> float:
    return (await session.execute(select(clock()))).scalar_one().timestamp()


def _keep(row: Pacing, sliding_windows: Sequence[SlidingWindow]) -> None:
    kept = {f"{it.seconds:g}": [list(slot) for slot in it.slots] for it in sliding_windows}
    if kept != row.sliding_windows:
        row.sliding_windows = kept


def _set(row: Pacing, throttle: Throttle) -> None:
    row.level, row.tries, row.weight = throttle.level, throttle.tries, throttle.weight
    row.said = throttle.said
    row.rest_until = (
        datetime.fromtimestamp(throttle.rest_until, UTC) if throttle.rest_until else None
    )
