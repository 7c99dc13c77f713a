"""The history of a manuscript: the versions that were kept, and how two of them differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import DraftVersion
from mailer.letter.drafts.rows import DraftError, get
from mailer.letter.drafts.saving import Conflict, Saved, keep, save
from pli.actor import Actor
from pli.language import N_

MOST_WORDS = 4_000
"""Words of one changed passage that are compared; the time grows with the square of these."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that was kept; `head` and `body` are empty in a list of versions."""

    version: int
    saved_at: datetime
    saved_by: str
    asked: bool
    head: str = ""
    body: str = ""

    @property
    def text(self) -> str:
        """The letter's file."""
        return self.head + self.body


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text that is the same (""), was taken away ("-"), or was added ("+")."""

    how: str
    text: str


async def versions(session: AsyncSession, draft_id: int, *, limit: int = 500) -> Sequence[Kept]:
    """The versions that were kept, the latest first, without their texts."""
    rows = await session.execute(
        select(
            DraftVersion.version, DraftVersion.saved_at, DraftVersion.saved_by, DraftVersion.asked
        )
        .where(DraftVersion.draft_id == draft_id)
        .order_by(DraftVersion.version.desc())
        .limit(limit)
    )
    return [Kept(*row) for row in rows]


async def version(session: AsyncSession, draft_id: int, number: int) -> Kept:
    """A version with its text; raises DraftError if none was kept under this number."""
    row = (
        await session.execute(
            select(
                DraftVersion.version,
                DraftVersion.saved_at,
                DraftVersion.saved_by,
                DraftVersion.asked,
                DraftVersion.head,
                DraftVersion.body,
            ).where(DraftVersion.draft_id == draft_id, DraftVersion.version == number)
        )
    ).one_or_none()
    if row is None:
        raise DraftError(N_("there is no version {n} of this manuscript"), n=number)
    return Kept(*row)


async def before(session: AsyncSession, draft_id: int, number: int) -> Kept | None:
    """The version that was kept before this one; None if it is the first."""
    earlier = await session.scalar(
        select(DraftVersion.version)
        .where(DraftVersion.draft_id == draft_id, DraftVersion.version < number)
        .order_by(DraftVersion.version.desc())
        .limit(1)
    )
    return None if earlier is None else await version(session, draft_id, earlier)


async def restore(
    session: AsyncSession, *, draft_id: int, number: int, by: Actor, now: datetime
) -> Saved | Conflict:
    """Make an earlier version the text again, as a new version; the text until now is kept."""
    found = await get(session, draft_id)
    wanted = await version(session, draft_id, number)
    until_now = Saved(found.line.version, found.line.saved_at, found.line.saved_by, False)
    await keep(session, draft_id, found.head, found.body, until_now, asked=False)
    return await save(
        session,
        draft_id=draft_id,
        base=found.line.version,
        written=wanted.head,
        body=wanted.body,
        exact=True,
        asked=True,
        by=by,
        now=now,
    )


def differences(old: str, new: str) -> list[Passage]:
    """How a text became another, word by word; what did not change is told whole.

    Lines are compared first, then the words of lines that changed: that is what people changed,
    and the time stays short.
    """
    found: list[Passage] = []
    before_, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before_, after, False).get_opcodes():
        one, other = "".join(before_[a:b]), "".join(after[c:d])
        if tag == "equal":
            found.append(Passage("", one))
        else:
            found += _by_words(one, other)
    return [*_joined(found)]


def _by_words(old: str, new: str) -> Iterator[Passage]:
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if not one or not other or max(len(one), len(other)) > MOST_WORDS:
        yield Passage("-", old)
        yield Passage("+", new)
        return
    gone = come = held = ""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, one, other, False).get_opcodes():
        same = "".join(one[a:b])
        # Between two changes, a space or a comma that both have is part of the change: else words
        # of both texts stand in turns, and nobody can read either.
        if tag != "equal":
            gone, come, held = gone + held + same, come + held + "".join(other[c:d]), ""
        elif (gone or come) and not re.search(r"\w", same):
            held = same
        else:
            yield from (Passage("-", gone), Passage("+", come), Passage("", same))
            gone = come = ""
    yield from (Passage("-", gone), Passage("+", come), Passage("", held))


def _joined(passages: Sequence[Passage]) -> Iterator[Passage]:
    waiting: Passage | None = None
    for it in passages:
        if not it.text:
            continue
        if waiting is not None and waiting.how == it.how:
            waiting = Passage(it.how, waiting.text + it.text)
            continue
        if waiting is not None:
            yield waiting
        waiting = it
    if waiting is not None:
        yield waiting
