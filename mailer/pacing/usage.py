"""The rows of pacing: what is granted and used, and each throttle, over all workers.

This module is their only writer. It locks a row from the reading to the end of the transaction, the
relay's own row before a provider's. It asks the time under the lock, so that what is written later
was judged later, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.answer_words import Period
from mailer.models import Pacing
from mailer.pacing.limits import DAY, Limits, Plan
from mailer.pacing.permits import Grant, Held
from mailer.pacing.relay_rest import NO_REST, RelayRest
from mailer.pacing.sliding_window import SlidingWindow
from mailer.pacing.throttle import Heard, Throttle
from mailer.providers import WHOLE
from pli.columns import clock
from subscribers.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one row: its sliding windows under today's limits, and its throttle."""

    sliding_windows: tuple[SlidingWindow, ...]
    throttle: Throttle
    rest: RelayRest = NO_REST

    def room(self, now: float) -> int | None:
        """How many copies may be granted now; None if there is no quota."""
        if self.rest.lasts(now):
            return 0
        return min((it.room(now) for it in self.sliding_windows), default=None)

    def opens_at(self, n: int, now: float) -> float:
        """When the `n`-th copy from now may be granted."""
        moments = [it.opens_at(n, now) for it in self.sliding_windows]
        if self.throttle.rests(now):
            moments.append(self.throttle.rest_until)
        if self.rest.lasts(now):
            moments.append(self.rest.until)
        return max(moments, default=now)


async def grant(
    session: AsyncSession, plan: Plan, provider: str, *, wanted: int, watched: bool
) -> Grant | Held:
    """Reserve up to `wanted` copies of a provider; `watched`: its throttle counts, too."""
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
        # Written even if nothing is granted: slots that were moved, because the clock was set
        # back, must stay moved.
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
    """Count `used` copies of a grant as used now; the others are given back.

    `heard`: how the provider took the copies; then its new throttle is returned. None: nothing
    speaks against the provider.
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


async def rest(
    session: AsyncSession, plan: Plan, period: Period, said: str
) -> tuple[RelayRest, float]:
    """Let the whole relay rest, since a limit of its own is reached; until when, and the time now.

    A rest that lasts is not changed: what was on its way when it began says the same.
    """
    (row,), now = await _locked(session, plan, [WHOLE])
    before = standing(row, plan.whole, now).rest
    after = before.again(period, said, now, plan.zone)
    row.limit_until, row.limit_said = datetime.fromtimestamp(after.until, UTC), after.said
    return after, now


async def look(session: AsyncSession, plan: Plan) -> tuple[Mapping[str, Standing], float]:
    """The state of all rows of a relay, by provider, and the time of the database's clock."""
    rows = await session.scalars(select(Pacing).where(Pacing.relay == plan.relay))
    now = await _now(session)
    return {it.provider: standing(it, plan.of(it.provider), now) for it in rows}, now


def standing(row: Pacing, limits: Limits, now: float) -> Standing:
    """The state of a row, under the limits that hold now."""
    day = max(0, int((now - row.first_used_at.timestamp()) // DAY))
    sliding_windows = tuple(
        SlidingWindow(it.copies, it.seconds, tuple(_slots(row, it.seconds))).at(now)
        for it in limits.on_day(day)
    )
    rest_until = row.rest_until.timestamp() if row.rest_until else 0.0
    return Standing(
        sliding_windows,
        Throttle(row.level, rest_until, row.tries, row.weight, row.said),
        RelayRest(row.limit_until.timestamp(), row.limit_said) if row.limit_until else NO_REST,
    )


def _slots(row: Pacing, seconds: float) -> Iterator[tuple[int, int]]:
    for number, copies in row.sliding_windows.get(f"{seconds:g}", ()):
        yield int(number), int(copies)


def _scopes(plan: Plan, provider: str, watched: bool) -> list[str]:
    """The providers (or WHOLE) whose rows a grant concerns, in the order of locking."""
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
