"""Where a process shows its figures, if the settings say so."""

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
    """Who observes the engine, and how it is told where the engine's own figures are."""

    observer: Observer = UNOBSERVED
    watch: Callable[[Callable[[], Figures]], None] = lambda _: None


@asynccontextmanager
async def measuring(installation: Installation) -> AsyncIterator[Gauge]:
    """Show figures at `metrics_listen` as long as what is inside goes on.

    An address that is taken is told in the log: letters go before figures.
    """
    address = installation.settings.metrics_listen
    if not address:
        yield Gauge()
        return
    # Not above: most processes show nothing, and need no web server.
    from commands.web_server import WebServerError, listening, open_doors

    try:
        listener = listening(address)
    except WebServerError as error:
        log.warning("metrics.not_served", extra={"address": address, "reason": str(error)})
        yield Gauge()
        return
    # Here, for it takes 80 ms to import, and most processes show nothing.
    from web.metrics import Metrics, create_metrics_app

    metrics = Metrics()

    def watch(figures: Callable[[], Figures]) -> None:
        metrics.figures = figures

    async with open_doors(create_metrics_app(installation.database, metrics), listener):
        yield Gauge(metrics, watch)


def beside(address: str, number: int) -> str:
    """Where the `number`-th of several processes shows its figures: each has the next port."""
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + number}" if address and int(port) else address
