"""Metrics as Prometheus reads them: right, bounded in number, and without names of people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from mailer.engine.workers import Figures
from mailer.models import Stage
from mailer.outcomes import judge, lost
from pli import chore_offers
from pli.database import Database
from pli.tables import Chore, ChoreState
from web.metrics import Metrics, create_metrics_app

Value = Callable[..., float | None]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


async def scraped(database: Database, metrics: Metrics) -> tuple[str, Value]:
    app = create_metrics_app(database, metrics)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return answer.text, lambda name, **labels: samples.get((name, tuple(sorted(labels.items()))))


async def test_copies_are_counted_by_outcome_provider_and_reply(
    database: Database, metrics: Metrics
) -> None:
    sent = judge(Stage.BODY, 250, "2.0.0 Ok")
    metrics.settled([("a@orange.fr", sent), ("b@wanadoo.fr", sent)], 0.02)
    metrics.settled([("c@gmail.com", judge(Stage.RCPT, 450, "4.2.1 <c@gmail.com> later"))], 0.2)
    metrics.settled([("d@own.example", lost(Stage.BODY, "gone"))], 0.2)
    shown, value = await scraped(database, metrics)
    name = "pli_copies_total"
    assert value(name, outcome="sent", provider="orange", reply="2xx", enhanced="2.0.0") == 2
    assert value(name, outcome="deferred", provider="gmail", reply="4xx", enhanced="4.2.1") == 1
    assert value(name, outcome="uncertain", provider="other", reply="none", enhanced="none") == 1
    assert value("pli_stage_seconds_count", stage="settle") == 3
    assert value("pli_stage_seconds_bucket", stage="settle", le="0.025") == 1
    assert value("pli_stage_seconds_bucket", stage="settle", le="+Inf") == 3
    assert "@" not in shown
    assert "own.example" not in shown


async def test_a_relay_that_invents_codes_makes_no_endless_labels(
    database: Database, metrics: Metrics
) -> None:
    for subject in range(40):
        for detail in range(300):
            text = f"5.{subject}.{detail} no"
            metrics.settled([("a@b.example", judge(Stage.RCPT, 550, text))], 0.1)
    shown, value = await scraped(database, metrics)
    assert shown.count("pli_copies_total{") < 100
    labels = {"outcome": "failed", "provider": "other", "reply": "5xx"}
    assert value("pli_copies_total", enhanced="5.7.26", **labels) == 1
    assert (value("pli_copies_total", enhanced="other", **labels) or 0) > 10_000


async def test_connections_and_the_engines_own_figures(
    database: Database, metrics: Metrics
) -> None:
    metrics.figures = lambda: Figures(2, 100, 12.5)
    metrics.connected(0.03)
    metrics.connected(0.04)
    metrics.disconnected()
    metrics.not_connected()
    assert metrics.replied is not None
    metrics.replied(Stage.BODY, 0.3)
    _shown, value = await scraped(database, metrics)
    assert value("pli_connections_open") == 1
    assert value("pli_connections_total", result="opened") == 2
    assert value("pli_connections_total", result="failed") == 1
    assert value("pli_batches_live") == 2
    assert value("pli_copies_per_second") == 12.5
    assert value("pli_stage_seconds_sum", stage="connect") == pytest.approx(0.07)
    assert value("pli_stage_seconds_bucket", stage="body", le="0.5") == 1
    assert value("pli_queue_copies", state="pending") == 0
    assert value("pli_database_up") == 1


async def test_without_a_database_the_rest_is_still_told(tmp_path: Path, metrics: Metrics) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/no/pli.db")
    metrics.connected(0.1)
    _shown, value = await scraped(database, metrics)
    await database.close()
    assert value("pli_database_up") == 0
    assert value("pli_connections_open") == 1
    assert value("pli_queue_copies", state="pending") is None


async def test_chores_are_counted_by_kind_and_status_and_the_oldest_is_told(
    database: Database, metrics: Metrics
) -> None:
    ago = datetime.now(UTC) - timedelta(seconds=100)
    async with database.begin() as session:
        await chore_offers.offer(session, "reminder", 1, at=ago)
        await chore_offers.offer(session, "reminder", 2, at=ago)
        await chore_offers.offer(session, "webhook", 1, at=ago - timedelta(days=1))
        await session.execute(
            update(Chore).where(Chore.kind == "webhook").values(state=ChoreState.HELD)
        )
    _, value = await scraped(database, metrics)
    assert value("pli_jobs", kind="reminder", status="due") == 2
    assert value("pli_jobs", kind="webhook", status="held") == 1
    # What is held waits for a person, and is no sign that nobody does chores.
    assert 100 <= (value("pli_jobs_oldest_seconds") or 0) < 200
