"""Which tests meet PostgreSQL in `make proof` only.

A test that asks for `database` runs once with each kind. Where both twins send the same statements,
and what is tested is a relay, a page, a wait or a rule, PostgreSQL repeats what SQLite has said.
Where the databases differ (leases, claims, the queue, plans, segments, candidates, chores), both
run each time, and so does a test that has no twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

import pytest

SQLITE_FIRST = (
    "accounts",
    "mailer/campaign/test_sending_hours.py",
    "mailer/engine/test_coming_back.py",
    "mailer/engine/test_engine_troubles.py",
    "mailer/engine/test_parts.py",
    "mailer/engine/test_refused.py",
    "mailer/engine/test_relay_watch.py",
    "mailer/engine/test_unknown_users.py",
    "mailer/letter",
    "mailer/notices",
    "mailer/report",
    "mailer/smtp",
    "web",
)
"""Folders and files of tests/ whose twin over PostgreSQL waits for `make proof`."""


def repeating_sqlite(items: Sequence[pytest.Item], tests: PurePath) -> Iterator[pytest.Item]:
    """Yield the tests over PostgreSQL in SQLITE_FIRST whose twin over SQLite is among `items`."""
    places = [tests / it for it in SQLITE_FIRST]
    on_sqlite = {_apart_from_the_database(it) for it in items if _database_of(it) == "sqlite"}
    for item in items:
        if (
            _database_of(item) == "postgresql"
            and any(item.path.is_relative_to(it) for it in places)
            and _apart_from_the_database(item) in on_sqlite
        ):
            yield item


def _database_of(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("database") if callspec else None


def _apart_from_the_database(item: pytest.Item) -> tuple[str, ...]:
    """What the names of a test and its twin have in common."""
    function, _, parameters = item.nodeid.partition("[")
    return function, *(it for it in parameters[:-1].split("-") if it != _database_of(item))
