"""What the relay answered last to a copy, as the report shows it, and patterns to choose by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.ledger import balance
from mailer.models import Attempt, Delivery, Status

_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Answers:
    """How many failed copies are meant; the most frequent answers with their numbers.

    `kinds` is how many different answers there are. "" stands for no answer at all.
    """

    copies: int
    kinds: int
    most: Sequence[tuple[str, int]]


def matching(pattern: str) -> ColumnElement[bool]:
    """Whether a delivery's last answer has this in it, whatever the case; `*` stands for anything.

    What is compared is the code and the text: "552 5.2.2 Mailbox full".
    """
    last = aliased(Attempt)
    return exists().where(
        last.delivery_id == Delivery.id,
        last.number == Delivery.attempts,
        _answer(last).ilike(_like(pattern), escape=_ESCAPE),
    )


async def of_failed(
    session: AsyncSession, campaign_id: int, *, pattern: str = "", limit: int
) -> Answers:
    """What the failed copies of a campaign were answered, the most frequent first."""
    answer = func.coalesce(_answer(Attempt), "").label("answer")
    counted = (
        select(answer, func.count().label("copies"))
        .select_from(Delivery)
        .outerjoin(
            Attempt,
            (Attempt.delivery_id == Delivery.id) & (Attempt.number == Delivery.attempts),
        )
        .where(balance.rows_of(campaign_id, Status.FAILED))
        .group_by(answer)
    )
    if pattern:
        counted = counted.where(matching(pattern))
    kinds = counted.subquery()
    copies, number = (
        await session.execute(select(func.coalesce(func.sum(kinds.c.copies), 0), func.count()))
    ).one()
    most = await session.execute(
        select(kinds).order_by(kinds.c.copies.desc(), kinds.c.answer).limit(limit)
    )
    return Answers(int(copies), number, [(text.strip(), n) for text, n in most])


def _answer(attempt: type[Attempt]) -> ColumnElement[str]:
    """Code and text; the enhanced code is the beginning of the text (RFC 2034 section 4)."""
    code = func.coalesce(cast(attempt.reply_code, String), "")
    return code.concat(" ").concat(attempt.reply_text)


def _like(pattern: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        pattern = pattern.replace(special, _ESCAPE + special)
    return f"%{pattern.replace('*', '%')}%"
