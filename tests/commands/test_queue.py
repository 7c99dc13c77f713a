"""pli queue: what waits, what failed and why, and what a person does about it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from mailer.engine import chore_checkup
from mailer.engine.chore_sources import sources
from mailer.notices import asking
from pli import chore_offers
from pli import keys as key_ring
from pli.database import Database
from pli.errors import PliError
from pli.tables import Chore, ChoreState
from tests.commands.invoking import pli
from tests.mailer.notices.orders import ordered

LONG_AGO = datetime.now(UTC) - timedelta(minutes=10)


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a notice that waits, a reminder, an import that failed, one held."""
    monkeypatch.chdir(tmp_path)
    keys = key_ring.generate()
    key_ring.write(keys, tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\ntimezone = "UTC"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")

    async def fill() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/pli.db")
        await ordered(database, keys, datetime.now(UTC))
        async with database.begin() as session:
            await chore_offers.offer(session, "reminder", 7, at=datetime(2040, 5, 1, 8, tzinfo=UTC))
            for kind, state, tries, code in (
                ("import", ChoreState.WAITING, 2, "no_file"),
                ("webhook", ChoreState.HELD, 5, "ValueError"),
            ):
                await session.execute(
                    insert(Chore).values(
                        kind=kind, row_id=1, state=state, due_at=LONG_AGO, tries=tries, code=code,
                        offered_at=LONG_AGO,
                    )
                )  # fmt: skip
        await database.close()

    asyncio.run(fill())


def told(*words: str) -> Any:
    return json.loads(pli("queue", *words, "--json").stdout)


def named(*words: str) -> dict[str, str]:
    return {it["id"]: it["status"] for it in told(*words)}


def refused(*words: str) -> str:
    result = pli("queue", *words)
    assert isinstance(result.exception, PliError), result.output
    return str(result.exception)


def test_all_chores_are_listed_with_those_that_only_their_own_rows_tell() -> None:
    assert (
        named("list")
        == named()
        == {
            "import:1": "failed",
            "webhook:1": "held",
            "notice:1": "due",
            "reminder:7": "waiting",
        }
    )
    # Not a table, which a script could not read.
    misplaced = pli("queue", "--json", "failed")
    assert (misplaced.exit_code, misplaced.stdout) == (2, "")
    assert '"pli queue failed --json"' in misplaced.stderr
    assert told("failed")[0] == {
        "id": "import:1",
        "kind": "import",
        "row": 1,
        "status": "failed",
        "due_at": LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "failures": 2,
        "reason": "no_file",
    }
    shown = pli("queue").stdout
    assert "reminder:7  waits " in shown
    assert "2040-05-01 08:00" in shown
    assert "webhook:1   waits for you" in shown


def test_a_person_tries_again_and_forgets_and_is_told_what_cannot_be() -> None:
    assert pli("queue", "retry", "webhook:1").stdout == "webhook:1: is tried again now.\n"
    assert "forgotten" in pli("queue", "forget", "import:1").stdout
    assert named() == {"webhook:1": "due", "notice:1": "due", "reminder:7": "waiting"}
    assert pli("queue", "failed").stdout == "Nothing has failed.\n"
    assert "no such chore waits" in refused("forget", "import:1")
    assert "no such chore waits" in refused("retry", "webhook:99")
    assert "no name of a chore" in refused("retry", "webhook")
    assert pli("queue", "forget").exit_code == 2
    # For scripts; and what was forgotten comes back by its name.
    assert told("forget", "webhook:1") == {"id": "webhook:1", "status": "forgotten"}
    assert told("retry", "webhook:1") == {"id": "webhook:1", "status": "due"}
    assert named()["webhook:1"] == "due"


def test_the_doctor_warns_of_what_is_held_and_of_what_nobody_does() -> None:
    async def checked() -> dict[str, str]:
        database = Database("sqlite+aiosqlite:///pli.db")
        async with database.reading() as session:
            found = await chore_checkup.check(session)
        await database.close()
        assert all(it.remedy is not None for it in found)
        return {it.name: str(it.told) for it in found}

    found = asyncio.run(checked())
    assert set(found) == {"queue.held", "queue.stale"}
    assert found["queue.held"].endswith("waits for a person: webhook:1")
    assert found["queue.stale"].endswith("more than 5 min: import:1")
    for name in ("webhook:1", "import:1"):
        pli("queue", "forget", name)
    assert asyncio.run(checked()) == {}


def test_a_fresh_installation_has_no_chore(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    assert pli("queue").stdout == "No chore waits.\n"
    assert told() == []


def test_the_guide_names_every_kind_that_is_done() -> None:
    guide = (Path(__file__).parents[2] / "docs/operating.md").read_text()
    _, _, table = guide.partition("| kind | does | is due |")
    named = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert set(named) == {*sources(), asking.REMINDER, "tidy"}
