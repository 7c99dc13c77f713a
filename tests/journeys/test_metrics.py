"""Metrics of real sendings, read as Prometheus reads them, from each process's own address."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
import uuid
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.servers import PostgreSQL, free_port
from tests.waiting import until

pytestmark = pytest.mark.proof


def scraped(port: int) -> dict[str, float]:
    """Every sample by its name; a sample with labels by its name and label=value, in order."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    assert "@" not in text
    return {
        " ".join(
            [sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: dict[str, float], name: str, label: str = "") -> float:
    return sum(it for key, it in samples.items() if key.startswith(f"{name} ") and label in key)


def test_a_server_shows_what_it_sends_stage_by_stage(
    installation: Installation, relay: Relay
) -> None:
    installation.members(60)
    relay.script = lambda stage, recipient, _times: (
        f"550 5.1.1 <{recipient}> unknown"
        if stage == "rcpt" and "p0000" < recipient < "p0009"
        else None
    )
    port = free_port()
    with installation.running("serve", PLI_METRICS_LISTEN=f"127.0.0.1:{port}"):
        until(lambda: scraped(port).get("pli_database_up") == 1)
        until(lambda: len(installation.pli("worker", "list", "--json").json) == 1)
        installation.pli("send", installation.letter(), "--list", "comite", "--yes")
        told = scraped(port)
    assert total(told, "pli_copies_total", "outcome=sent") == 51
    assert told["pli_copies_total enhanced=5.1.1 outcome=failed provider=other reply=5xx"] == 9
    counts = {
        stage: told[f"pli_stage_seconds_count stage={stage}"]
        for stage in ("connect", "mail", "rcpt", "data", "body", "claim", "settle")
    }
    assert (counts["mail"], counts["rcpt"], counts["body"]) == (60, 60, 51)
    assert counts["connect"] == told["pli_connections_total result=opened"] > 0
    assert counts["claim"] == counts["settle"] > 0
    assert told["pli_queue_copies state=pending"] == told["pli_queue_copies state=sending"] == 0


def test_the_metrics_show_queue_and_connections_while_a_server_sends(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    relay.delay = 0.3
    port = free_port()
    with installation.running(
        "send",
        installation.letter(),
        "--list",
        "comite",
        "--yes",
        PLI_METRICS_LISTEN=f"127.0.0.1:{port}",
    ):
        until(lambda: scraped(port).get("pli_connections_open", 0) == 10)
        told = scraped(port)
        assert told["pli_queue_copies state=pending"] > 100
        assert told["pli_queue_oldest_due_seconds"] > 0
        assert told["pli_batches_live"] == 1
        assert told["pli_campaigns state=running"] == 1


def test_no_setting_means_no_metrics_and_a_taken_address_stops_no_letter(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = installation.pli(
            "send", installation.letter(), "--list", "comite", "--yes", PLI_METRICS_LISTEN=address
        )
    assert "metrics.not_served" in said.err
    assert len(relay.received) == 3
    assert (
        "metrics"
        not in installation.pli("send", installation.letter(2), "--list", "comite", "--yes").err
    )


def knows_its_database(port: int) -> bool:
    return scraped(port).get("pli_database_up") == 1


def test_each_of_several_workers_has_the_next_port_and_serve_tells_the_queue(
    installation: Installation, postgresql: PostgreSQL
) -> None:
    name = f"p{uuid.uuid4().hex[:12]}"
    asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
    on_postgresql = {"PLI_DATABASE_URL": postgresql.url(name)}
    installation.pli("db", "upgrade", code=0, **on_postgresql)
    first, doors = 20_000 + free_port() % 20_000, free_port()
    with (
        installation.running(
            "worker", "--processes", "2", PLI_METRICS_LISTEN=f"127.0.0.1:{first}", **on_postgresql
        ),
        installation.running(
            "serve", "--no-work", PLI_METRICS_LISTEN=f"127.0.0.1:{doors}", **on_postgresql
        ),
    ):
        for port in (first, first + 1, doors):
            until(partial(knows_its_database, port))


def test_what_is_no_address_is_refused(installation: Installation) -> None:
    said = installation.pli("settings", code=1, PLI_METRICS_LISTEN="9464")
    assert "HOST:PORT" in said.err
