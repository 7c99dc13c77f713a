"""The rows of the table: the bounds of each, and how one pair of it is measured.

A pair is Pli and then its limit, with the same bytes and connections.
"""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from benchmarks import costs, servers
from benchmarks.limit import limit
from benchmarks.processes import sent, step
from benchmarks.sending import Figures, Order
from benchmarks.tools import tool
from mailer.smtp.delivery_notices import FAILURE

DELAY_SECONDS = 0.02
DELAYED_SHARE = 20
"""One in so many of the copies goes through the delaying proxy: these take long enough."""
REPLY_SECONDS = 0.05
CONNECTIONS = (5, 10, 20, 40)
"""Numbers of connections to the slow relay; each connection carries as many copies."""
CONNECTION_SHARE = 100
"""One connection carries one in so many of the copies: 10 s at 50 ms each."""
WORKER_SHARE = 50
"""The same if workers share batches of 1,000: more copies, for the workers do not end together."""
FEWEST = 5
DSN_TURNS = 4
"""Sendings with notices in one pair, each of this part of the copies; as many without."""
WORKERS = 2
WATCHERS = 20
TENTHS = 10
SMALL, LARGE = 8_000, 50_000


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is sent."""

    copies: int = 20_000
    people: int = 1_000_000
    connections: int = 10

    @property
    def short(self) -> bool:
        """Whether less is sent than the bounds hold for."""
        whole = Scale()
        return self.copies < whole.copies or self.people < whole.people


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure and its bound: the least value, or with `most` the greatest."""

    figure: str
    words: str
    bound: float
    most: bool = False

    def reached(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value <= self.bound if self.most else value >= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; a `long` one is measured only if it is asked for."""

    name: str
    measure: Callable[[Scale], Figures]
    asked: tuple[Asked, ...]
    against: str
    long: bool = False


def ratio(bound: float) -> Asked:
    """A bound for Pli's rate divided by the limit's."""
    return Asked("ratio", "ratio", bound)


def cpu(bound: float) -> Asked:
    """A bound for the processor time of Pli's process, a copy."""
    return Asked("cpu_us", "CPU µs a copy", bound, most=True)


@contextmanager
def new_database(kind: str) -> Iterator[tuple[str, str, Callable[[], float]]]:
    """A folder, a new database's URL, and a function: its server's processor time so far."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pli-bench-"))
        if kind == "sqlite":
            yield folder, f"sqlite+aiosqlite:///{folder}/pli.db", lambda: 0.0
            return
        server = stack.enter_context(servers.postgresql())
        asyncio.run(server.execute("CREATE DATABASE bench"))
        yield folder, server.url("bench"), partial(costs.cpu_seconds_of, server.pid)


def _plain(port: int) -> str:
    return f"smtp://127.0.0.1:{port}?tls=none"


def _sent_to(
    relay_url: str,
    kind: str,
    *,
    people: int,
    size: int,
    connections: int,
    signed: bool = False,
    notify: str = "",
    workers: int = 1,
    watchers: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Figures:
    """One sending from a new database."""
    with new_database(kind) as (folder, url, server_cpu):
        order = Order(
            folder=folder,
            database_url=url,
            relay_url=relay_url,
            people=people,
            size=size,
            connections=connections,
            signed=signed,
            notify=notify,
            watchers=watchers,
        )
        return sent(order, workers=workers, environment=environment, server_cpu=server_cpu)


def _paired(figures: Figures, limit_per_s: float) -> Figures:
    return figures | {"limit_per_s": limit_per_s, "ratio": figures["per_s"] / limit_per_s}


def wire(scale: Scale, *, kind: str, size: int, signed: bool = False) -> Figures:
    """A whole sending to smtp-sink, then smtp-source to another smtp-sink."""
    connections = scale.connections
    with servers.sink() as port:
        figures = _sent_to(
            _plain(port),
            kind,
            people=scale.copies,
            size=size,
            connections=connections,
            signed=signed,
        )
    with servers.sink() as port:
        most = limit(port, messages=scale.copies, size=figures["bytes"], connections=connections)
    return _paired(figures, most)


def dkim(scale: Scale) -> Figures:
    """The same with every copy signed; also the time of a signature by OpenSSL's own measure."""
    told = subprocess.run(
        [tool("openssl"), "speed", "-seconds", "1", "-mr", "rsa2048"],
        check=True,
        capture_output=True,
        text=True,
    )
    # +F2:0:2048:signatures a second:…
    (line,) = (it for it in told.stdout.splitlines() if it.startswith("+F2:"))
    a_second = float(line.split(":")[3])
    figures = wire(scale, kind="sqlite", size=LARGE, signed=True)
    return figures | {"openssl_us_a_signature": 1e6 / a_second}


def delayed(scale: Scale) -> Figures:
    """Both through a delaying proxy; also the proxy without delay, to show that it is no limit."""
    people = max(scale.connections, scale.copies // DELAYED_SHARE)
    connections = scale.connections
    with servers.sink() as port, servers.delay(port, DELAY_SECONDS) as far:
        figures = _sent_to(
            _plain(far), "sqlite", people=people, size=LARGE, connections=connections
        )
    size = figures["bytes"]
    with servers.sink() as port, servers.delay(port, DELAY_SECONDS) as far:
        most = limit(far, messages=people, size=size, connections=connections)
    with servers.sink() as port, servers.delay(port, 0) as near:
        empty = limit(near, messages=people, size=size, connections=connections)
    return _paired(figures, most) | {"empty_proxy_per_s": empty}


def tls(scale: Scale, *, size: int) -> Figures:
    """Pli through stunnel to smtp-sink, against Pli without TLS."""

    def rate(relay_url: str) -> Figures:
        return _sent_to(
            relay_url,
            "sqlite",
            people=scale.copies,
            size=size,
            connections=scale.connections,
            environment={"SSL_CERT_FILE": str(servers.authority())},
        )

    with servers.sink() as port, servers.tls(port) as secure:
        figures = rate(f"smtps://127.0.0.1:{secure}")
    with servers.sink() as port:
        plain = rate(_plain(port))
    return _paired(figures, plain["per_s"]) | {"plain_cpu_us": plain["cpu_us"]}


def _to_slow_relay(kind: str, each: int, connections: int, workers: int = 1) -> Figures:
    """Send `each` copies over every connection, so that every sending takes as long."""
    with servers.slow_relay(REPLY_SECONDS) as port:
        return _sent_to(
            _plain(port),
            kind,
            people=max(1, each) * connections * workers,
            size=SMALL,
            connections=connections,
            workers=workers,
        )


def _limit_without_delay(scale: Scale) -> float:
    with servers.slow_relay(0) as port:
        return limit(port, messages=scale.copies, size=SMALL, connections=CONNECTIONS[-1])


def connections(scale: Scale) -> Figures:
    """Pli with 5 to 40 connections; the limit of 40 is eight times what five reach."""
    rates = {}
    figures: Figures = {}
    for count in CONNECTIONS:
        figures = _to_slow_relay("sqlite", scale.copies // CONNECTION_SHARE, count)
        rates[count] = figures["per_s"]
    one = rates[FEWEST] / FEWEST
    straight = {count: rate / count / one for count, rate in rates.items()}
    return _paired(figures, CONNECTIONS[-1] * one) | {
        "rates": rates,
        "worst": min(straight.values()),
        "best": max(straight.values()),
        "empty_relay_per_s": _limit_without_delay(scale),
    }


def workers(scale: Scale) -> Figures:
    """Two processes on one PostgreSQL, against one."""
    each = scale.copies // WORKER_SHARE
    several = _to_slow_relay("postgresql", each, CONNECTIONS[-1], WORKERS)
    one = _to_slow_relay("postgresql", each, CONNECTIONS[-1])
    return _paired(several, one["per_s"]) | {"empty_relay_per_s": _limit_without_delay(scale)}


def delivery_notices(scale: Scale, *, kind: str, size: int) -> Figures:
    """Sendings that ask for delivery notices (RFC 3461), in turns with some that do not.

    Each side takes its turn first as often as second, so that what else the machine does meanwhile
    falls on both.
    """
    found: dict[str, list[Figures]] = {FAILURE: [], "": []}
    for notify in (FAILURE, "", "", FAILURE) * (DSN_TURNS // 2):
        with servers.sink() as port:
            _must_offer_dsn(port)
            sent_now = _sent_to(
                _plain(port),
                kind,
                people=scale.copies // DSN_TURNS,
                size=size,
                connections=scale.connections,
                notify=notify,
            )
            found[notify].append(sent_now)
    asking, silent = found[FAILURE], found[""]
    per_s = {notify: _together(runs) for notify, runs in found.items()}
    cpu_us = [sum(it["cpu_us"] for it in runs) / len(runs) for runs in (asking, silent)]
    figures = asking[0] | {
        "per_s": per_s[FAILURE],
        "cpu_us": cpu_us[0],
        "cpu_ratio": cpu_us[0] / cpu_us[1],
    }
    return _paired(figures, per_s[""])


def _together(runs: list[Figures]) -> float:
    """Copies a second over several sendings."""
    return float(sum(it["people"] for it in runs) / sum(it["seconds"] for it in runs))


def _must_offer_dsn(port: int) -> None:
    """End the run if the relay does not offer DSN, for then Pli asks for nothing."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        if not client.has_extn("dsn"):
            raise SystemExit("this smtp-sink does not offer DSN")


def watchers(scale: Scale) -> Figures:
    """A sending that many watch in the office, against the same that nobody watches."""

    def rate(count: int) -> Figures:
        with servers.sink() as port:
            return _sent_to(
                _plain(port),
                "sqlite",
                people=scale.copies,
                size=SMALL,
                connections=scale.connections,
                watchers=count,
            )

    alone = rate(0)
    return _paired(rate(WATCHERS), alone["per_s"]) | {"alone_cpu_us": alone["cpu_us"]}


def million(scale: Scale, *, kind: str) -> Figures:
    """A sending to a large list; rate and memory are noted after each tenth of the copies."""
    tenth = max(1, scale.people // TENTHS)
    with servers.sink() as port, new_database(kind) as (folder, url, server_cpu):
        order = Order(
            folder=folder,
            database_url=url,
            relay_url=_plain(port),
            people=scale.people,
            size=SMALL,
            connections=scale.connections,
            every=tenth,
        )
        figures = sent(order, server_cpu=server_cpu)
        figures |= step("report", replace(order, campaign=figures["campaign"]))
    copies, seconds, memory = zip((0, 0.0, 0.0), *figures.pop("marks"), strict=True)
    rates = [
        (copies[n + 1] - copies[n]) / (seconds[n + 1] - seconds[n]) for n in range(len(copies) - 1)
    ]
    # The first tenth fills caches; after that, memory should not grow.
    growth = max(memory[2:], default=0.0) - memory[1]
    return _paired(figures | {"per_s": rates[-1]}, rates[0]) | {
        "whole_per_s": figures["per_s"],
        "rates_by_tenth": rates,
        "memory_mb_by_tenth": memory[1:],
        "growth_mb": growth,
    }


def _wire_row(kind: str, size: int, least: float, most_cpu: float) -> Row:
    return Row(
        f"{kind}-{size // 1000}k",
        partial(wire, kind=kind, size=size),
        (ratio(least), cpu(most_cpu)),
        "smtp-source",
    )


def _million_row(kind: str) -> Row:
    return Row(
        f"million-{kind}",
        partial(million, kind=kind),
        (
            Asked("ratio", "last tenth by the first", 0.9),
            Asked("prepare_seconds", "prepare, s", 20, most=True),
            Asked("prepare_peak_mb", "its peak MB", 300, most=True),
            Asked("peak_mb", "worker's peak MB", 200, most=True),
            Asked("growth_mb", "growth after the first tenth, MB", 20, most=True),
            Asked("report_seconds", "report, s", 1, most=True),
        ),
        "its first tenth",
        long=True,
    )


ROWS = (
    _wire_row("sqlite", LARGE, 1.0, 110),
    # smtp-source keeps no ledger; what was tried stands in docs/performance.md.
    _wire_row("sqlite", SMALL, 0.65, 110),
    _wire_row("postgresql", LARGE, 0.95, 110),
    _wire_row("postgresql", SMALL, 0.6, 80),
    Row("sqlite-50k-dkim", dkim, (ratio(0.45),), "smtp-source, unsigned"),
    Row("sqlite-50k-delay", delayed, (ratio(0.9),), "smtp-source, as far away"),
    Row("sqlite-50k-tls", partial(tls, size=LARGE), (ratio(0.6),), "Pli without TLS"),
    Row("sqlite-8k-tls", partial(tls, size=SMALL), (ratio(0.6),), "Pli without TLS"),
    Row(
        "sqlite-8k-dsn",
        partial(delivery_notices, kind="sqlite", size=SMALL),
        (ratio(0.97), Asked("cpu_ratio", "processor time by that without", 1.03, most=True)),
        "Pli without notices",
    ),
    Row(
        "connections",
        connections,
        (
            Asked("worst", "worst by five's share", 0.95),
            Asked("best", "best by five's share", 1.05, most=True),
        ),
        f"{CONNECTIONS[-1] // FEWEST} times five connections",
    ),
    Row("workers", workers, (ratio(1.7),), "one worker"),
    Row("watchers", watchers, (ratio(0.95),), "nobody watching"),
    _million_row("sqlite"),
    _million_row("postgresql"),
)
