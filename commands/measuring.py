"""Serves the metrics of a process, if the settings say so."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from commands.common import Installation
from mailer.engine.workers import Figures
from mailer.smtp.observer import UNOBSERVED, Observer

log = logging.getLogger("pli.web")


@dataclass(frozen=True, slots=True)
class Gauge:
    """The observer of an engine, and the function that lets it read the engine's own figures."""

    observer: Observer = UNOBSERVED
    watch: Callable[[Callable[[], Figures]], None] = lambda _: None


@asynccontextmanager
async def measuring(installation: Installation) -> AsyncIterator[Gauge]:
    """Serve metrics at `metrics_listen` while the block inside runs.

    If the address is taken, the log says so and the process goes on without metrics: sending
    letters matters more.
    """
    address = installation.settings.metrics_listen
    if not address:
        yield Gauge()
        return
    # Imported here: most processes serve no metrics, and need no web server.
    from commands.web_server import WebServerError, listening, open_doors

    try:
        listener = listening(address)
    except WebServerError as error:
        log.warning("metrics.not_served", extra={"address": address, "reason": str(error)})
        yield Gauge()
        return
    # Imported here: it takes 80 ms, and most processes serve no metrics.
    from web.metrics import Metrics, create_metrics_app

    metrics = Metrics()

    def watch(figures: Callable[[], Figures]) -> None:
        metrics.figures = figures

    async with open_doors(create_metrics_app(installation.database, metrics), listener):
        yield Gauge(metrics, watch)


def beside(address: str, number: int) -> str:
    """The address at which the `number`-th of several processes serves metrics: the next port."""
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + number}" if address and int(port) else address
