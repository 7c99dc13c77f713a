"""pli report from the outside."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from mailer.models import Campaign, CampaignState, Status
from pli import keys as key_ring
from pli.database import Database
from pli.errors import PliError
from tests import factories as make
from tests.clock import NOW
from tests.commands.invoking import pli
from tests.factories import ONE_OF_EACH, UNKNOWN_USER, Copy

pytestmark = pytest.mark.usefixtures("installation")

SETTLED = tuple(it for it in ONE_OF_EACH if it.status not in (Status.PENDING, Status.SENDING))
MANY = (Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),) * 25


@pytest.fixture
def installation(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, keys and a database that knows two campaigns."""
    monkeypatch.chdir(tmp_path)
    keys = key_ring.generate()
    key_ring.write(keys, tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")

    async def fill() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/pli.db")
        written = make.letter("# Titre\n")
        async with database.begin() as session:
            await make.a_campaign_with(
                session, SETTLED, now=NOW, of=written, state=CampaignState.FINISHED, keys=keys
            )
            await make.a_campaign_with(
                session,
                MANY,
                now=NOW,
                of=replace(written, number=295),
                list_name="autres",
                keys=keys,
            )
        await database.close()

    asyncio.run(fill())
    return tmp_path


def test_the_table_tells_the_sum_and_every_reason() -> None:
    told = pli("report", "1").stdout
    assert "9 candidates = 3 excluded + 6 prepared" in told
    assert "6 prepared = 2 sent + 2 failed + 1 skipped + 1 uncertain" in told
    assert "The mailbox is full." in told
    assert "552 5.2.2 Mailbox full" in told
    assert "Had left the list before this sending." in told
    assert "nobody can know" in " ".join(told.split())


def test_of_many_failed_copies_the_first_are_told() -> None:
    told = pli("report", "letter:295").stdout
    assert told.count("550 5.1.1 No such user here") == 20
    assert 'and 5 more: "--format csv"' in told


@pytest.mark.parametrize("ask", [["--json"], ["--format", "json"]])
def test_json_is_one_document_and_nothing_else(ask: list[str]) -> None:
    document = json.loads(pli("report", "letter:294", *ask).stdout)
    assert document["campaign"] == 1
    assert document["balanced"] is True


def test_csv_has_a_row_for_every_candidate() -> None:
    rows = list(csv.DictReader(io.StringIO(pli("report", "1", "--format", "csv").stdout)))
    assert len(rows) == 9


@pytest.mark.parametrize("form", ["table", "json", "csv", "html"])
def test_a_file_holds_what_would_have_been_shown(installation: Path, form: str) -> None:
    result = pli("report", "1", "--format", form, "--output", f"out.{form}")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "9" in (installation / f"out.{form}").read_text()
    assert sorted(path.name for path in installation.glob(".out*")) == []


def test_csv_for_excel_opens_in_a_french_one(installation: Path) -> None:
    shown = pli("report", "1", "--format", "csv", "--excel").stdout_bytes
    assert shown.startswith(b'\xef\xbb\xbf"subscriber_id";"email"')
    pli("report", "1", "--format", "csv", "--excel", "--output", "out.csv")
    assert (installation / "out.csv").read_bytes() == shown
    for form in ("table", "json", "html", "xlsx"):
        assert pli("report", "1", "--format", form, "--excel").exit_code == 2


def test_a_workbook_is_a_file_or_bytes_on_stdout(installation: Path) -> None:
    assert pli("report", "1", "--format", "xlsx", "--output", "out.xlsx").exit_code == 0
    assert (installation / "out.xlsx").read_bytes().startswith(b"PK")
    assert pli("report", "1", "--format", "xlsx").stdout_bytes.startswith(b"PK")
    assert sorted(path.name for path in installation.glob(".out*")) == []


def test_a_campaign_that_is_not_there_is_refused() -> None:
    result = pli("report", "9")
    assert isinstance(result.exception, PliError)
    assert "there is no campaign 9" in str(result.exception)


def test_two_forms_at_once_are_misuse() -> None:
    assert pli("report", "1", "--json", "--format", "csv").exit_code == 2


def test_a_sum_that_is_not_right_is_shown_and_refused(installation: Path) -> None:
    async def spoil() -> None:
        database = Database(f"sqlite+aiosqlite:///{installation}/pli.db")
        async with database.begin() as session:
            await session.execute(update(Campaign).values(excluded={}))
        await database.close()

    asyncio.run(spoil())
    result = pli("report", "1", "--json")
    assert json.loads(result.stdout)["balanced"] is False
    assert isinstance(result.exception, PliError)
