"""The list of every copy as a workbook, read by the library that writes it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from mailer.models import Delivery, Status
from mailer.report import summary, workbook
from mailer.report.copies import COLUMNS, as_csv
from mailer.report.workbook import WorkbookFault
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.factories import QUEUED, Copy
from tests.mailer.bounces.coming_back import bounce_of, comes, sent


async def written(database: Database, keys: Keys, campaign_id: int, path: Path) -> Any:
    async with database.reading() as session:
        await workbook.write(session, campaign_id, keys, path)
    return load_workbook(path).active


async def test_a_workbook_has_a_row_for_every_candidate_in_cells_of_their_kind(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    sheet = await written(database, keys, campaign.id, tmp_path / "a.xlsx")
    heads, *rows = sheet.iter_rows(values_only=True)
    assert heads == COLUMNS
    assert len(rows) == 11
    failed = dict(zip(COLUMNS, rows[8], strict=True))
    assert failed["email"] == f"membre{campaign.id}.8@example.org"
    assert (failed["attempts"], failed["reply_code"], failed["enhanced_code"]) == (2, 552, "5.2.2")
    assert failed["first_attempt_at"] == datetime(2026, 11, 24, 9, 1)  # noqa: DTZ001 (Excel has no zones)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:P12")


async def test_a_workbook_holds_no_formula_and_no_sign_that_xml_cannot(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    texts = ("=1+1", "@SUM(A1)", "\t=1", "\r\n-1", "a;=b", "\x0b\x1f\ufffe", "#N/A", "5.1.1")
    async with database.begin() as session:
        evil = [Copy(Status.FAILED, "other", ((554, "5.0.0", it),)) for it in texts]
        campaign = await make.a_campaign_with(session, evil, now=now, names="=cmd{n}")
    sheet = await written(database, keys, campaign.id, tmp_path / "a.xlsx")
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            assert cell.data_type in ("s", "n", "d")
            assert not str(cell.value or "").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert [row[11].value for row in sheet.iter_rows(min_row=2)] == [
        "'=1+1", "'@SUM(A1)", "'=1", "'-1", "a;=b", None, "#N/A", "5.1.1",
    ]  # fmt: skip


async def test_more_copies_than_a_sheet_holds_are_refused(
    database: Database,
    keys: Keys,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    async with database.begin() as session:
        sent = (Copy(Status.SENT, None, (QUEUED,)),) * 3
        campaign = await make.a_campaign_with(session, sent, now=now)
    async with database.reading() as session:
        with pytest.raises(WorkbookFault, match="a sheet holds 3 rows"):
            await workbook.write(session, campaign.id, keys, tmp_path / "a.xlsx")


async def test_what_came_back_of_a_copy_stands_at_the_end_of_its_row(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    async with database.begin() as session:
        ((number, email),) = await sent(session, now)
        campaign_id = await session.scalar(select(Delivery.campaign_id))
        assert campaign_id is not None
    await comes(database, bounce_of(number, email), now)
    sheet = await written(database, keys, campaign_id, tmp_path / "a.xlsx")
    heads, row = sheet.iter_rows(values_only=True)
    told = dict(zip(heads, row, strict=True))
    assert (told["bounce"], told["bounce_reason"]) == ("certain", "unknown_user")
    assert told["bounced_at"] == now.replace(tzinfo=None)
    async with database.reading() as session:
        text = "".join([it async for it in as_csv(session, campaign_id, keys)])
        report = await summary.report(session, campaign_id)
    assert text.endswith(",certain,unknown_user,2026-11-24T09:00:00Z\n")
    assert report.as_json()["bounces"] == {"unknown_user": 1}
    assert report.balanced
