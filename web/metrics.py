"""Figures for Prometheus: what this process sends, and what waits in the database.

Counting costs a few additions a copy and needs no lock: the engine and the scrapes share one event
loop. No label holds an address, a campaign or a list, so that the number of series is bounded, and
nobody is named.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.engine.backlog import Backlog, backlog
from mailer.engine.chore_sources import sources
from mailer.engine.workers import Figures
from mailer.models import Stage
from mailer.outcomes import Outcome
from mailer.providers import provider_of
from pli import __version__, chore_list
from pli.chore_list import HELD, Count
from pli.database import Database, DatabaseAway

log = logging.getLogger("pli.web")

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Seconds, from a database on this machine to a relay that takes RFC 5321's 5 minutes."""
_LATEST_DETAIL = {0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 7, 6: 10, 7: 30}
"""The highest detail in IANA's registry of enhanced codes, by subject; beyond it is "other"."""


class Tally:
    """How often something took how long: a histogram over BOUNDS."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one more time that something took."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each upper bound, with how often something took at most so long."""
        so_far, found = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found


class Metrics(Collector):
    """Counts one process's sending as its observer (mailer.smtp.observer), for Prometheus."""

    def __init__(self) -> None:
        self.figures: Callable[[], Figures] = lambda: Figures(0, 0, 0.0)
        """Called at each scrape; the engine's own function, once there is an engine."""
        self.backlog: Backlog | None = None
        """What the database said at the latest scrape; None: it did not answer."""
        self.chores: Sequence[Count] = ()
        """What the database said of chores at the latest scrape."""
        self._copies: Counter[tuple[str, str, str, str]] = Counter()
        self._stages: defaultdict[str, Tally] = defaultdict(Tally)
        self._connections: Counter[str] = Counter({"opened": 0, "failed": 0})
        self._open = 0

    def replied(self, stage: Stage, seconds: float) -> None:
        """Count a reply of the relay."""
        self._stages[stage.value].add(seconds)

    def connected(self, seconds: float) -> None:
        """Count a connection that is open now."""
        self._open += 1
        self._connections["opened"] += 1
        self._stages[Stage.CONNECT.value].add(seconds)

    def not_connected(self) -> None:
        """Count a connection that could not be opened."""
        self._connections["failed"] += 1

    def disconnected(self) -> None:
        """Count a connection that has ended."""
        self._open -= 1

    def claimed(self, seconds: float) -> None:
        """Count a claimed window."""
        self._stages["claim"].add(seconds)

    def settled(self, tries: Iterable[tuple[str, Outcome]], seconds: float) -> None:
        """Count a settled window, and its tries: address and outcome of each."""
        self._stages["settle"].add(seconds)
        for address, outcome in tries:
            label = (
                outcome.kind.value,
                provider_of(address),
                _reply_class(outcome.code),
                _known(outcome.enhanced),
            )
            self._copies[label] += 1

    def collect(self) -> Iterator[Metric]:
        """All figures, as Prometheus reads them."""
        yield InfoMetricFamily("pli", "The program.", {"version": __version__})
        copies = CounterMetricFamily(
            "pli_copies",
            "Tries of copies that are written down, by outcome.",
            labels=["outcome", "provider", "reply", "enhanced"],
        )
        for label, count in sorted(self._copies.items()):
            copies.add_metric(label, count)
        yield copies
        stages = HistogramMetricFamily(
            "pli_stage_seconds", "How long each stage takes.", labels=["stage"]
        )
        for stage, tally in sorted(self._stages.items()):
            stages.add_metric([stage], tally.buckets(), tally.total)
        yield stages
        connections = CounterMetricFamily(
            "pli_connections", "Connections to the relay.", labels=["result"]
        )
        for result, count in self._connections.items():
            connections.add_metric([result], count)
        yield connections
        yield _gauge("pli_connections_open", "Open connections to the relay.", self._open)
        figures = self.figures()
        yield _gauge("pli_batches_live", "Batches that this process works on.", figures.batches)
        yield _gauge("pli_copies_per_second", "Over the last seconds.", figures.rate)
        resting = GaugeMetricFamily(
            "pli_relay_resting", "Whether a relay rests since it failed.", labels=["relay"]
        )
        for relay, rests in figures.relays.items():
            resting.add_metric([relay], float(rests))
        yield resting
        yield _gauge("pli_database_up", "Whether the database answers.", self.backlog is not None)
        if self.backlog is not None:
            yield from _of_all(self.backlog)
            yield from _of_chores(self.chores)


def create_metrics_app(database: Database, metrics: Metrics) -> Starlette:
    """An application that answers GET /metrics; only a scrape asks the database."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)

    async def answer(request: Request) -> Response:
        del request
        try:
            async with database.reading() as session:
                metrics.chores = await chore_list.counted(session, sources())
                metrics.backlog = await backlog(session)
        except DatabaseAway as error:
            metrics.backlog = None
            log.warning("metrics.no_database", extra={"error": type(error).__name__})
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/metrics", answer, methods=["GET"])])


def _of_all(waiting: Backlog) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "pli_queue_copies", "Copies that wait, in all campaigns.", labels=["state"]
    )
    for state in ("pending", "sending", "paused"):
        queue.add_metric([state], getattr(waiting, state))
    yield queue
    yield _gauge(
        "pli_queue_oldest_due_seconds",
        "For how long the longest due batch of a running campaign has had copies waiting.",
        waiting.oldest_due,
    )
    campaigns = GaugeMetricFamily("pli_campaigns", "Campaigns by state.", labels=["state"])
    for campaign_state, count in waiting.campaigns.items():
        campaigns.add_metric([campaign_state.value], count)
    yield campaigns


def _of_chores(counts: Sequence[Count]) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "pli_jobs", "Work that is no batch, by kind and status.", labels=["kind", "status"]
    )
    for it in counts:
        jobs.add_metric([it.kind, it.status], it.number)
    yield jobs
    yield _gauge(
        "pli_jobs_oldest_seconds",
        "For how long the longest due work that is no batch has been due.",
        max((it.oldest for it in counts if it.status != HELD), default=0.0),
    )


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=float(value))


def _reply_class(code: int) -> str:
    return f"{code // 100}xx" if 200 <= code < 600 else "none"


@lru_cache(maxsize=1_000)
def _known(enhanced: str | None) -> str:
    if enhanced is None:
        return "none"
    kind, subject, detail = map(int, enhanced.split("."))
    known = detail <= _LATEST_DETAIL.get(subject, -1)
    return f"{kind}.{subject}.{detail}" if known else "other"
