"""What we use of PgQueuer that it does not promise: a version that changes it fails here."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core import buffers, executors, listeners
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models

from pli.database import Database
from pli.pgqueuer_parts import queries_over, settings_of
from pli.queue_names import QUEUES, Queue


def names_of(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_what_is_overridden_is_there_and_takes_what_we_take() -> None:
    assert names_of(Queries.dequeue) == [
        "self", "batch_size", "entrypoints", "queue_manager_id", "global_concurrency_limit",
        "heartbeat_timeout",
    ]  # fmt: skip
    assert names_of(Queries.retry_job) == ["self", "job", "delay", "traceback_record"]
    assert names_of(Queries.log_jobs) == ["self", "job_status"]
    assert names_of(Queries.notify_health_check) == ["self", "health_check_event_id"]
    for question in ("eligible_queued_work", "next_deferred_eta", "queued_work"):
        assert names_of(getattr(Queries, question)) == ["self", "entrypoints"]
    assert [it.name for it in dataclasses.fields(Queries)] == [
        "driver", "qbe", "qbq", "qbs", "tracer",
    ]  # fmt: skip


def test_its_loop_asks_our_questions_and_no_others() -> None:
    asked = inspect.getsource(QueueManager)
    # A further question of its own would be asked ten times a second, or tell all workers.
    assert names_of(QueueManager.verify_structure) == ["self"]
    assert "await self.verify_structure()" in asked
    for question in ("dequeue", "retry_job", "eligible_queued_work", "next_deferred_eta"):
        assert f"self.queries.{question}(" in asked
    found = {it.partition("(")[0] for it in asked.split("self.queries.")[1:]}
    known = {
        "dequeue", "retry_job", "eligible_queued_work", "next_deferred_eta", "queued_work",
        "notify_health_check", "aggregate_logs", "has_table", "table_has_column",
        "table_has_index", "has_user_defined_enum",
    }  # fmt: skip
    assert {it for it in found if it.isidentifier()} <= known
    # It looks up what a job's entrypoint is in this mapping alone: `_OneForAll`.
    assert "executor = self.entrypoint_registry[job.entrypoint]" in asked
    fields = {it.name for it in dataclasses.fields(QueueManager)}
    assert {"queue_manager_id", "entrypoint_registry", "shutdown", "channel"} <= fields
    assert names_of(QueueManager.run)[1:] == [
        "dequeue_timeout", "batch_size", "mode", "max_concurrent_tasks",
        "shutdown_on_listener_failure", "heartbeat_timeout", "log_aggregation_interval",
    ]  # fmt: skip
    assert [it.name for it in dataclasses.fields(executors.EntrypointExecutorParameters)] == [
        "concurrency_limit", "func", "accepts_context", "on_failure",
    ]  # fmt: skip


def test_it_reads_the_events_that_we_give_it() -> None:
    event = {"channel": "c", "sent_at": "2026-11-28T12:00:00+00:00"}
    changed = event | {"type": "table_changed_event", "operation": "insert", "table": ""}
    healthy = event | {"type": "health_check_event", "id": "0" * 32}
    assert isinstance(models.AnyEvent.model_validate(changed).root, models.TableChangedEvent)
    assert isinstance(models.AnyEvent.model_validate(healthy).root, models.HealthCheckEvent)
    assert names_of(listeners.initialize_notice_event_listener)[0] == "connection"
    # The ends of the last jobs are written after the driver was left: `Driver.__aexit__`.
    source = inspect.getsource(QueueManager.run)
    assert source.index("JobStatusLogBuffer(") < source.index("self.queries.driver,")
    assert issubclass(buffers.HeartbeatBuffer, buffers.TimedOverflowBuffer)


def test_no_variable_of_the_environment_changes_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["PREFIX", "SCHEMA", "CHANNEL", "FUNCTION", "STATISTICS_TABLE", "QUEUE_STATUS_TYPE",
             "QUEUE_TABLE", "QUEUE_TABLE_LOG", "TRIGGER", "SCHEDULES_TABLE"]  # fmt: skip
    before = [settings_of(it) for it in QUEUES]
    for name in names:
        for prefix in ("", "PGQUEUER_"):
            monkeypatch.setenv(f"{prefix}{name}", "other")
    monkeypatch.setenv("PGQUEUER_DURABILITY", "volatile")
    after = [settings_of(it) for it in QUEUES]
    assert before == after
    assert "other" not in repr(after)
    assert {it.db_schema for it in after} == {"queue"}


@pytest.mark.parametrize("queue", QUEUES, ids=lambda it: it.channel)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_the_tables_are_what_the_installed_version_wants(
    database: Database, queue: Queue
) -> None:
    connection = await database.connect_apart()
    try:
        plan = await queries_over(connection, queue).plan_upgrade()
    finally:
        await connection.close()
    assert plan.statements == ()
