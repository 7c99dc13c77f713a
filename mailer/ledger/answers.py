"""The relay's last answers to copies, for the report, and patterns that choose copies by them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, SQLColumnExpression, String, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.ledger import balance
from mailer.models import Attempt, Delivery, Status
from mailer.outcomes import TEXT_LIMIT
from pli.errors import PliError
from pli.language import N_

_ESCAPE = "\\"
_STARS = re.compile(r"\*+")


class AnswerError(PliError):
    """Copies cannot be chosen by that."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to failed copies: how many copies, and the most frequent answers with counts.

    `kinds` counts the different answers. "" in `most` stands for no answer at all.
    """

    copies: int
    kinds: int
    most: Sequence[tuple[str, int]]


def matching(pattern: str) -> ColumnElement[bool]:
    """Whether a delivery's last answer contains `pattern`, in any case; `*` stands for anything.

    An answer is compared as code and text: "552 5.2.2 Mailbox full".
    """
    last = aliased(Attempt)
    return exists().where(
        last.delivery_id == Delivery.id,
        last.number == Delivery.attempts,
        is_like(last, pattern),
    )


def is_like(attempt: type[Attempt], pattern: str) -> ColumnElement[bool]:
    """Whether the answer to one try contains `pattern`, as `matching` reads it."""
    return _answer(attempt).ilike(_like(pattern), escape=_ESCAPE)


def is_text_like(text: SQLColumnExpression[str], pattern: str) -> ColumnElement[bool]:
    """Whether a text contains `pattern`, as `matching` reads it."""
    return text.ilike(_like(pattern), escape=_ESCAPE)


async def of_failed(
    session: AsyncSession, campaign_id: int, *, pattern: str = "", reason: str = "", limit: int
) -> Answers:
    """The last answers to the failed copies of a campaign, the most frequent first.

    A `pattern` counts only the answers that match it, a `reason` only the copies that failed for it
    (mailer/reasons.py). `limit` bounds `most`, not the counts.
    """
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
    if reason:
        counted = counted.where(Delivery.reason == reason)
    kinds = counted.subquery()
    copies, number = (
        await session.execute(select(func.coalesce(func.sum(kinds.c.copies), 0), func.count()))
    ).one()
    most = await session.execute(
        select(kinds).order_by(kinds.c.copies.desc(), kinds.c.answer).limit(limit)
    )
    return Answers(int(copies), number, [(text.strip(), n) for text, n in most])


def _answer(attempt: type[Attempt]) -> ColumnElement[str]:
    """Code and text; the text begins with the enhanced code (RFC 2034 section 4)."""
    code = func.coalesce(cast(attempt.reply_code, String), "")
    return code.concat(" ").concat(attempt.reply_text)


def _like(pattern: str) -> str:
    if len(pattern) > TEXT_LIMIT:
        raise AnswerError(N_("--reply: no answer is longer than {n} letters"), n=TEXT_LIMIT)
    for special in (_ESCAPE, "%", "_"):
        pattern = pattern.replace(special, _ESCAPE + special)
    # Several stars together mean one: a database would try each of them at each letter.
    return f"%{_STARS.sub('%', pattern)}%"
