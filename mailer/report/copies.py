"""The copies of a campaign one by one: to whom, what became of each, and the relay's answer."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.ledger import balance, unknown_users
from mailer.links import Links
from mailer.models import Attempt, Campaign, Delivery, Evidence, Status
from mailer.reasons import proof, sentence
from mailer.report import bounces
from mailer.report.summary import iso
from pli.harmless import one_line
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
    "bounce",
    "bounce_reason",
    "bounced_at",
)
"""The columns of the CSV; scripts rely on their names and order."""

PAGE = 1_000
LONGEST_REPLY = 1_000
"""Signs of a reply that are shown; the CSV has all that was kept."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+")
_FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Copy:
    """One candidate's copy, with the answer to its last attempt; an erased person has no id.

    `proof` is by what it is known what became of it, where it was in doubt. `barred`: the address
    is not written to any more, since a relay called it unknown. `bounce` is the weight of what came
    back of the copy after it was sent, at last; "" if nothing did.
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
    barred: bool = False
    bounce: str = ""
    bounce_reason: str = ""
    bounced_at: datetime | None = None

    @property
    def sentence(self) -> Sentence | None:
        """Why the copy has its status; None if there is nothing to explain."""
        return sentence(self.status, self.reason)

    @property
    def answer(self) -> str:
        """The relay's last reply as one line, code first; "" if there was none."""
        return one_line(f"{self.reply_code or ''} {self.reply_text}", LONGEST_REPLY)


async def by_status(
    session: AsyncSession, campaign_id: int, *, status: Status, limit: int
) -> list[Copy]:
    """The first copies of one status, sorted by reason, each with the proof that settled it."""
    rows = await session.execute(
        selected()
        .where(balance.rows_of(campaign_id, status))
        .order_by(Delivery.reason, Delivery.id)
        .limit(limit)
    )
    return await with_proofs(session, [_copy(row) for row in rows])


async def with_proofs(session: AsyncSession, found: Sequence[Copy]) -> list[Copy]:
    """The same copies, each with the proof that settled it, and whether its address is barred."""
    proofs = await session.execute(
        select(Evidence.delivery_id, Evidence.source, Evidence.status)
        .join(Delivery, Delivery.id == Evidence.delivery_id)
        .where(
            Evidence.delivery_id.in_([it.delivery_id for it in found]),
            Evidence.status == Delivery.status,
        )
        .order_by(Evidence.id)
    )
    shown = {delivery_id: proof(source, status) for delivery_id, source, status in proofs}
    barred = set(
        await session.scalars(
            select(Delivery.id).where(
                Delivery.id.in_([it.delivery_id for it in found]),
                unknown_users.is_barred(Delivery.subscriber_id),
            )
        )
    )
    return [
        replace(it, proof=shown.get(it.delivery_id), barred=it.delivery_id in barred)
        for it in found
    ]


async def every(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> AsyncIterator[Copy]:
    """Yield every candidate's copy in the order of ids, with one page in memory at a time.

    One statement writes the rows of a campaign, so their ids lie together: each page is a range of
    the table's primary key, and needs neither sorting nor another index.
    """
    first, last = (
        await session.execute(
            select(func.min(Delivery.id), func.max(Delivery.id)).where(
                Delivery.campaign_id == campaign_id
            )
        )
    ).one()
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    for start in range(first, last + 1, PAGE) if first else ():
        rows = await session.execute(
            selected()
            .where(
                Delivery.id.between(start, min(start + PAGE - 1, last)),
                # + 0: else SQLite walks the whole campaign's index for each page.
                Delivery.campaign_id + 0 == campaign_id,
                *on,
            )
            .order_by(Delivery.id)
        )
        found = [_copy(row) for row in rows]
        back = await bounces.of_copies(session, [it.delivery_id for it in found])
        for it in found:
            if it.delivery_id in back:
                weight, reason, at = back[it.delivery_id]
                yield replace(it, bounce=weight, bounce_reason=reason, bounced_at=at)
            else:
                yield it


async def as_csv(
    session: AsyncSession,
    campaign_id: int,
    keys: Keys,
    *,
    excel: bool = False,
    list_ids: Collection[int] | None = None,
) -> AsyncIterator[str]:
    """The list of every copy as CSV, in pieces of whole lines; `excel` as a French Excel opens it.

    Each Message-ID is that of the copy itself: it has the domain that was frozen with the letter.
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
    async for copy, message_id in with_message_ids(session, campaign_id, keys, list_ids=list_ids):
        writer.writerow(map(harmless, _cells(copy, message_id)))
        if lines.tell() > 65_536:
            yield lines.getvalue()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue()


async def with_message_ids(
    session: AsyncSession,
    campaign_id: int,
    keys: Keys,
    *,
    list_ids: Collection[int] | None = None,
) -> AsyncIterator[tuple[Copy, str]]:
    """Yield every copy with its Message-ID, "" for one of which nothing was tried.

    `list_ids`: only copies under one of these lists.
    """
    frozen, key = (
        await session.execute(
            select(Campaign.frozen, Campaign.token_key).where(Campaign.id == campaign_id)
        )
    ).one()
    links = _links(frozen, keys)
    async for copy in every(session, campaign_id, list_ids=list_ids):
        # An uncertain copy may have no recorded attempt, for its worker was lost: it may have left
        # with this Message-ID all the same.
        has_left = copy.attempts or copy.status in (Status.UNCERTAIN, Status.SENT)
        yield copy, links.marks(copy.delivery_id, key).message_id if has_left else ""


async def unsubscribe_link(session: AsyncSession, *, address: Address, keys: Keys) -> str | None:
    """The unsubscribe link in a person's latest copy; None if the person has no copy."""
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
    """Links as the copies have them, with the public URL and domain frozen with the letter."""
    # Imported here: it loads all that reads letters, and a table or a page needs none of that.
    from mailer.letter.snapshot import thaw

    identity = thaw(frozen)[2]
    return Links(keys, identity.public_url, identity.domain)


def selected() -> Select[*tuple[Any, ...]]:
    """The columns of a Copy, in its order; the caller narrows them."""
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
        copy.bounce,
        copy.bounce_reason,
        iso(copy.bounced_at) or "",
    ]


def _harmless(cell: str) -> str:
    """A cell on one line that no spreadsheet runs: an address may begin with "=" or "+"."""
    cell = " ".join(cell.splitlines())
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def harmless_in_excel(cell: str) -> str:
    """One line without tabs and controls, and no formula: not behind spaces, nor in wide signs.

    A `;` within is harmless, for each cell stands between quotation marks.
    """
    cell = " ".join(_CONTROLS.sub(" ", cell).split())
    return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell
