"""The list of every copy as a workbook for Excel, written row by row: a million rows fit."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Delivery
from mailer.report.copies import COLUMNS, Copy, harmless_in_excel, with_message_ids
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_

MOST_ROWS = 1_048_576
"""Of a sheet, the line of headings among them."""
_WIDTHS = {"email": 34, "reply_text": 60, "message_id": 50, "relay": 24, "reason": 18}
_AT = "yyyy-mm-dd hh:mm:ss"


class WorkbookFault(PliError):
    """The copies cannot be written as a workbook."""


async def write(
    session: AsyncSession,
    campaign_id: int,
    keys: Keys,
    path: Path,
    *,
    list_ids: Collection[int] | None = None,
) -> None:
    """Write a file with a row for every copy; hours are in UTC, for Excel keeps no zone.

    Numbers and hours are cells of their kind. Every text is a text to Excel, and never a formula.
    `list_ids`: only copies under one of these lists.
    Raises WorkbookFault.
    """
    from openpyxl import Workbook  # not above: only a workbook needs it
    from openpyxl.utils import get_column_letter

    candidates = await session.scalar(
        select(func.count()).where(Delivery.campaign_id == campaign_id)
    )
    rows = 1 + (candidates or 0)
    if rows > MOST_ROWS:
        raise WorkbookFault(N_("a sheet holds {n} rows: take --format csv --excel"), n=MOST_ROWS)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Pli")
    sheet.freeze_panes = "A2"
    for at, name in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = _WIDTHS.get(name, 14)
    sheet.append(list(COLUMNS))
    async for copy, message_id in with_message_ids(session, campaign_id, keys, list_ids=list_ids):
        sheet.append([_cell(sheet, it) for it in _values(copy, message_id)])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{rows}"
    await asyncio.to_thread(book.save, path)


def _values(copy: Copy, message_id: str) -> Iterator[str | int | datetime | None]:
    """In the order of COLUMNS."""
    yield copy.subscriber_id
    yield copy.email
    yield copy.list
    yield copy.status.value
    yield copy.reason
    yield copy.attempts
    yield copy.first_attempt_at
    yield copy.last_attempt_at
    yield copy.relay
    yield copy.reply_code
    yield copy.enhanced_code
    yield copy.reply_text
    yield message_id
    yield copy.bounce
    yield copy.bounce_reason
    yield copy.bounced_at


def _cell(sheet: Any, value: str | int | datetime | None) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value.astimezone(UTC).replace(tzinfo=None, microsecond=0))
        cell.number_format = _AT
        return cell
    if not isinstance(value, str):
        return value
    text = harmless_in_excel(value)
    if not text:
        return None
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # what begins with "=" would be a formula, what looks like "#N/A" an error
    return cell
