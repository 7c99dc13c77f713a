"""Logs: each entry is one line with a name and fields, and never has an address."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pli import logs
from pli.database import Database
from pli.log_format import ADDRESS


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def told(capsys: pytest.CaptureFixture[str], **extra: Any) -> str:
    logging.getLogger("pli.delivery").warning("delivery.settle_failed", extra=extra)
    return capsys.readouterr().err


def test_a_line_to_read_shows_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    line = told(capsys, batch=3, reason="the disk\nis full")
    assert line.count("\n") == 1
    assert "delivery.settle_failed" in line
    assert "batch=3" in line
    assert "the disk is full" in line


def test_json_has_a_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    document = json.loads(told(capsys, batch=3, reason="le disque\nest plein, désolé"))
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "event": "delivery.settle_failed",
        "level": "warning",
        "logger": "pli.delivery",
        "batch": 3,
        "reason": "le disque\nest plein, désolé",
    }


@pytest.mark.parametrize("kind", ["text", "json"])
def test_an_address_is_taken_out_wherever_it_stands(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(kind)
    line = told(
        capsys,
        reason="550 5.1.1 <marie.o'brien+pli@exämple.org>: unknown",
        keys=["jean@example.org"],
    )
    try:
        raise ValueError("paul@example.org")
    except ValueError:
        logging.getLogger("pli.work").exception("work.failed: %s", "anne@example.org")
    line += capsys.readouterr().err
    assert "@" not in line
    assert "brien" not in line
    assert line.count(ADDRESS) == 5  # the traceback shows its source, too


def test_our_logs_count_from_their_level_on_and_others_from_warning_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("text", "info")
    logging.getLogger("pli.delivery").info("campaign.finished", extra={"campaign": 1})
    logging.getLogger("pli.delivery").debug("delivery.settled")
    logging.getLogger("sqlalchemy.engine").info("SELECT")
    logging.getLogger("uvicorn.error").warning("slow")
    shown = capsys.readouterr().err
    assert ["finished" in shown, "settled" in shown, "SELECT" in shown, "slow" in shown] == [
        True, False, False, True,
    ]  # fmt: skip


async def test_a_database_error_in_the_log_names_no_value(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        async with database.begin() as session:
            await session.execute(text("SELECT x FROM nowhere WHERE name = :n"), {"n": "Marie"})
    assert "Marie" not in str(refused.value)
