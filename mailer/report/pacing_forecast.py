"""Forecasts a campaign on one relay: which limits hold it back, and when its last copy leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from mailer.campaign.holds import Hold
from mailer.pacing.limits import DAY, NONE, Limits, Plan
from mailer.pacing.sliding_window import SlidingWindow
from mailer.pacing.throttle import Throttle
from mailer.pacing.usage import Standing
from mailer.providers import WHOLE
from pli.language import N_, Sentence, say, say_n


@dataclass(frozen=True, slots=True)
class View:
    """The state of one campaign on one relay; times are seconds of the database's clock.

    `pending`: the campaign's own unsettled copies by provider. `before`: how many copies leave
    until its last one has left, by provider; copies of other campaigns that take turns are among
    them. `rates`: copies a second that workers have lately reached, by provider; WHOLE stands for
    all providers. `due`: when the latest of its waiting batches is due.
    """

    now: float
    plan: Plan
    standings: Mapping[str, Standing]
    pending: Mapping[str, int]
    before: Mapping[str, int]
    rates: Mapping[str, float]
    workers: int
    due: float = 0.0
    names: Mapping[str, str] = field(default_factory=dict)
    """The name by which people know each provider."""
    zone: tzinfo | None = None
    """The time zone of the hours in sentences; None: this machine's."""

    def limits(self, provider: str) -> Limits:
        """A provider's limits, halved once for each level of its throttle."""
        level = self.standing(provider).throttle.level
        return self.plan.of(provider).slowed(level, self.plan.whole.connections or 1)

    def standing(self, provider: str) -> Standing:
        """The state of a provider's row, or of a new row if there is none."""
        known = self.standings.get(provider)
        if known is not None:
            return known
        quotas = self.plan.of(provider).on_day(0)
        return Standing(tuple(SlidingWindow(it.copies, it.seconds) for it in quotas), Throttle())

    def named(self, provider: str) -> str:
        """The name by which people know a provider."""
        return self.names.get(provider, provider)


def holds(view: View) -> list[Hold]:
    """What holds the campaign back: the relay's limits, then those of each provider with copies."""
    if not any(view.pending.values()):
        return []
    return [
        *_of_the_relay(view),
        *(hold for it in sorted(view.pending) if view.pending[it] for hold in _of(view, it)),
    ]


def arrives_at(view: View) -> float | None:
    """When the last copy leaves, if all goes on as now; None: no worker sends, or no rate is known.

    That is never before the limits allow, nor faster than workers have lately been.
    """
    left = {it: n for it, n in view.before.items() if n}
    if not left:
        return view.now
    if not view.workers:
        return None
    moments = [view.due]
    for provider, n in [*left.items(), (WHOLE, sum(left.values()))]:
        if provider == WHOLE or view.limits(provider) != NONE:
            moments += _passes(view, provider, n)
    known = view.rates.get(WHOLE, 0.0) > 0 or any(
        view.standing(it).opens_at(1, view.now) > view.now for it in (WHOLE, *left)
    )
    return max(moments) if known else None


def earliest(view: View) -> float:
    """When the last copy can leave at the earliest, by the limits alone."""
    left = {it: n for it, n in view.before.items() if n}
    moments = [view.now]
    for provider, n in [*left.items(), (WHOLE, sum(left.values()))]:
        opens = view.standing(provider).opens_at(1, view.now)
        moments.append(view.standing(provider).opens_at(n, view.now))
        if per_second := view.limits(provider).per_second:
            moments.append(opens + n / per_second)
    return max(moments)


def _passes(view: View, provider: str, n: int) -> Iterator[float]:
    """Yield the time at which each limit lets the `n`-th copy from now pass."""
    opens = view.standing(provider).opens_at(1, view.now)
    yield view.standing(provider).opens_at(n, view.now)
    limits, rate = view.limits(provider), view.rates.get(provider, 0.0)
    if limits.per_second:
        yield opens + n / limits.per_second
    if rate > 0 and opens <= view.now:
        yield view.now + n / rate


def _of_the_relay(view: View) -> Iterator[Hold]:
    rest = view.standing(WHOLE).rest
    if rest.lasts(view.now):
        text = N_("the relay's own limit is reached (“{said}”), goes on at {time}")
        time = _hour(rest.until, view.now, view.zone)
        yield Hold("relay_limit", say(text, said=rest.said, time=time), _moment(rest.until))
        return
    shut = _shut(view, WHOLE)
    if shut is not None:
        quota, until, warming = shut
        goes_on = _hour(until, view.now, view.zone)
        if warming:
            text = N_("warm-up of the relay: {quota} for now, goes on at {time}")
            yield Hold("warm_up", say(text, quota=quota, time=goes_on), _moment(until))
        else:
            text = N_("relay quota: {quota}, goes on at {time}")
            yield Hold("relay_quota", say(text, quota=quota, time=goes_on), _moment(until))
    elif view.plan.whole.per_second:
        n = view.plan.whole.per_second
        yield Hold("relay_rate", say_n("relay: {n} copy a second", "relay: {n} copies a second", n))


def _of(view: View, provider: str) -> Iterator[Hold]:
    throttle, limits = view.standing(provider).throttle, view.limits(provider)
    name = view.named(provider)
    if throttle.rests(view.now):
        text = N_("{provider}: rests after {said}, goes on at {time}")
        until = throttle.rest_until
        sentence = say(
            text, provider=name, said=throttle.said, time=_hour(until, view.now, view.zone)
        )
        yield Hold("resting", sentence, _moment(until))
    elif (shut := _shut(view, provider)) is not None:
        quota, until, warming = shut
        text = (
            N_("warm-up of {provider}: {quota} for now, goes on at {time}")
            if warming
            else N_("{provider}: {quota}, goes on at {time}")
        )
        sentence = say(text, provider=name, quota=quota, time=_hour(until, view.now, view.zone))
        yield Hold("warm_up" if warming else "provider_quota", sentence, _moment(until))
    elif throttle.level:
        text = N_("{provider}: slowed down after {said}, a few at a time")
        yield Hold("slowed", say(text, provider=name, said=throttle.said))
    elif limits.per_second and view.pending[provider] > limits.per_second:
        sentence = say_n(
            "{provider}: {n} copy a second",
            "{provider}: {n} copies a second",
            limits.per_second,
            provider=name,
        )
        yield Hold("rate", sentence)
    elif limits.connections and view.pending[provider] > limits.connections:
        sentence = say_n(
            "{provider}: {n} connection",
            "{provider}: {n} connections",
            limits.connections,
            provider=name,
        )
        yield Hold("connections", sentence)


def _shut(view: View, provider: str) -> tuple[Sentence, float, bool] | None:
    """The quota that is used up now: in words, until when, and whether the warm-up set it.

    Of several used-up quotas, the one that opens last. None: no quota is used up.
    """
    limits = view.plan.of(provider)
    sliding_windows = view.standing(provider).sliding_windows
    shut = [(it.opens_at(1, view.now), it) for it in sliding_windows if not it.room(view.now)]
    if not shut:
        return None
    until, window = max(shut, key=lambda it: it[0])
    warming = all(
        (window.copies, window.seconds) != (it.copies, it.seconds) for it in limits.quotas
    )
    return _told(window), until, warming


def _told(window: SlidingWindow) -> Sentence:
    match window.seconds:
        case 60.0:
            return say(N_("{copies} a minute"), copies=window.copies)
        case 3_600.0:
            return say(N_("{copies} an hour"), copies=window.copies)
        case seconds if seconds == DAY:
            return say(N_("{copies} a day"), copies=window.copies)
    return say(N_("{copies} in {seconds} seconds"), copies=window.copies, seconds=window.seconds)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _hour(until: float, now: float, zone: tzinfo | None) -> str:
    """An hour as text: with seconds if it comes within five minutes, with the date if not today."""
    there = _moment(until).astimezone(zone)
    if until - now < 300:
        return f"{there:%H:%M:%S}"
    same = there.date() == _moment(now).astimezone(zone).date()
    return f"{there:%H:%M}" if same else f"{there:%Y-%m-%d %H:%M}"
