"""The copies of a campaign one by one: who, what became of it, and what the relay answered."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.ledger import balance
from mailer.links import Links
from mailer.models import Attempt, Campaign, Delivery, Evidence, Status
from mailer.reasons import proof, sentence
from mailer.report.summary import iso
from pli.keys import Keys
from pli.language import Sentence
from subscribers.address import Address
from subscribers.models import List, Subscriber

COLUMNS = (
    "subscriber_id",
    "email",
    "list",
    "status",
    "reason",
    "attempts",
    "first_attempt_at",
    "last_attempt_at",
    "relay",
    "reply_code",
    "enhanced_code",
    "reply_text",
    "message_id",
)
"""The CSV that scripts rely on."""

PAGE = 1_000

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+")
_FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Copy:
    """One candidate's copy, with what its last attempt was answered; an erased person has no id.

    `proof` is by what it is known what became of it, where it was in doubt.
    """

    delivery_id: int
    subscriber_id: int | None
    email: str
    list: str
    status: Status
    reason: str | None
    attempts: int
    first_attempt_at: datetime | None
    last_attempt_at: datetime | None
    relay: str
    reply_code: int | None
    enhanced_code: str | None
    reply_text: str
    proof: Sentence | None = None

    @property
    def sentence(self) -> Sentence | None:
        """Why it is where it is."""
        return sentence(self.status, self.reason)

    @property
    def answer(self) -> str:
        """What the relay said, code first; "" where it said nothing."""
        return " ".join(f"{self.reply_code or ''} {self.reply_text}".split())


async def by_status(
    session: AsyncSession, campaign_id: int, *, status: Status, limit: int
) -> list[Copy]:
    """The first copies of one status, sorted by reason, each with what settled it."""
    rows = await session.execute(
        _copies()
        .where(balance.rows_of(campaign_id, status))
        .order_by(Delivery.reason, Delivery.id)
        .limit(limit)
    )
    found = [_copy(row) for row in rows]
    proofs = await session.execute(
        select(Evidence.delivery_id, Evidence.source)
        .where(
            Evidence.delivery_id.in_([it.delivery_id for it in found]), Evidence.status == status
        )
        .order_by(Evidence.id)
    )
    shown = {delivery_id: proof(source, status) for delivery_id, source in proofs}
    return [replace(it, proof=shown.get(it.delivery_id)) for it in found]


async def every(session: AsyncSession, campaign_id: int) -> AsyncIterator[Copy]:
    """Every candidate's copy in the order of preparing, a page in memory at a time.

    A campaign's rows are written by one statement, so that their ids lie together: each page is a
    range of the table itself, and needs neither sorting nor an index.
    """
    first, last = (
        await session.execute(
            select(func.min(Delivery.id), func.max(Delivery.id)).where(
                Delivery.campaign_id == campaign_id
            )
        )
    ).one()
    for start in range(first, last + 1, PAGE) if first else ():
        rows = await session.execute(
            _copies()
            .where(
                Delivery.id.between(start, min(start + PAGE - 1, last)),
                # + 0: else SQLite walks the whole campaign's index for each page.
                Delivery.campaign_id + 0 == campaign_id,
            )
            .order_by(Delivery.id)
        )
        for row in rows:
            yield _copy(row)


async def as_csv(
    session: AsyncSession, campaign_id: int, keys: Keys, *, excel: bool = False
) -> AsyncIterator[str]:
    """The list of every copy as CSV, in pieces of whole lines; `excel` as a French Excel opens it.

    The Message-ID is under the domain that was frozen with the letter, as the copy itself has it.
    """
    lines = io.StringIO()
    if excel:
        # Without the mark Excel takes UTF-8 for Windows-1252.
        lines.write("\ufeff")
        writer = csv.writer(lines, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    else:
        writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    harmless = harmless_in_excel if excel else _harmless
    async for copy, message_id in with_message_ids(session, campaign_id, keys):
        writer.writerow(map(harmless, _cells(copy, message_id)))
        if lines.tell() > 65_536:
            yield lines.getvalue()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue()


async def with_message_ids(
    session: AsyncSession, campaign_id: int, keys: Keys
) -> AsyncIterator[tuple[Copy, str]]:
    """Yield every copy with its Message-ID, "" for one of which nothing was tried."""
    frozen, key = (
        await session.execute(
            select(Campaign.frozen, Campaign.token_key).where(Campaign.id == campaign_id)
        )
    ).one()
    links = _links(frozen, keys)
    async for copy in every(session, campaign_id):
        # Without a recorded try, too: its worker was lost, and it may have left under this one.
        has_left = copy.attempts or copy.status in (Status.UNCERTAIN, Status.SENT)
        yield copy, links.marks(copy.delivery_id, key).message_id if has_left else ""


async def unsubscribe_link(session: AsyncSession, *, address: Address, keys: Keys) -> str | None:
    """The link by which a person leaves, as it stands in the latest copy; None: there is none."""
    row = (
        await session.execute(
            select(
                Delivery.id,
                Delivery.subscriber_id,
                Delivery.list_id,
                Campaign.token_key,
                Campaign.frozen,
            )
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
            .where(Subscriber.email_folded == address.folded)
            .order_by(Delivery.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    links = _links(row.frozen, keys)
    return links.unsubscribe(row.subscriber_id, row.list_id, row.id, row.token_key)


def _links(frozen: str, keys: Keys) -> Links:
    """Links as the copies themselves have them, at the addresses that were frozen with them."""
    # Not above: it loads all that reads a letter, and a table or a page needs none of it.
    from mailer.letter.snapshot import thaw

    identity = thaw(frozen)[2]
    return Links(keys, identity.public_url, identity.domain)


def _copies() -> Select[*tuple[Any, ...]]:
    first, last = aliased(Attempt), aliased(Attempt)
    return (
        select(
            Delivery.id,
            Delivery.subscriber_id,
            func.coalesce(Subscriber.email, ""),
            List.name,
            Delivery.status,
            Delivery.reason,
            Delivery.attempts,
            first.at,
            last.at,
            func.coalesce(last.relay, ""),
            last.reply_code,
            last.enhanced_code,
            func.coalesce(last.reply_text, ""),
        )
        .join(List, List.id == Delivery.list_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(first, (first.delivery_id == Delivery.id) & (first.number == 1))
        .outerjoin(last, (last.delivery_id == Delivery.id) & (last.number == Delivery.attempts))
    )


def _copy(row: Any) -> Copy:
    return Copy(*row)


def _cells(copy: Copy, message_id: str) -> list[str]:
    return [
        "" if copy.subscriber_id is None else str(copy.subscriber_id),
        copy.email,
        copy.list,
        copy.status.value,
        copy.reason or "",
        str(copy.attempts),
        iso(copy.first_attempt_at) or "",
        iso(copy.last_attempt_at) or "",
        copy.relay,
        str(copy.reply_code or ""),
        copy.enhanced_code or "",
        copy.reply_text,
        message_id,
    ]


def _harmless(cell: str) -> str:
    """One line, and no formula to a spreadsheet: an address may well begin with "=" or "+"."""
    cell = " ".join(cell.splitlines())
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def harmless_in_excel(cell: str) -> str:
    """One line without tabs and controls, and no formula: not behind spaces, nor in wide signs.

    A `;` within is harmless, for each cell stands between quotation marks.
    """
    cell = " ".join(_CONTROLS.sub(" ", cell).split())
    return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell
