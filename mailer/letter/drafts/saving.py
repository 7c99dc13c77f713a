"""Saves a manuscript: only onto the version that its author saw, and each save once.

The UPDATE is guarded by the version. A save that comes late, or whose author did not see the last
one, changes nothing and is answered by both texts. A save that arrives twice is known by its key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import Draft, DraftMaker, DraftSave, DraftState, DraftVersion
from mailer.letter import front_matter, head
from mailer.letter.drafts.rows import OPEN, DraftError, DraftLocked, DraftText, get
from mailer.letter.letter import plain_lines
from pli import audit
from pli.actor import Actor, is_same
from pli.audit import AuditAction, AuditObject
from pli.language import N_, say
from pli.upsert import insert_into

LARGEST = 2_000_000
"""Characters of a body. A letter may have a tenth of that (`limits`), and no text is lost."""
LONGEST_FIELD = 2_000
"""Characters of a field of the head that somebody changes."""
KEPT_EVERY = timedelta(minutes=5)
"""A save that nobody asked for is kept as a version if the last one is older than this."""
KEYS_FOR = timedelta(days=1)
LONGEST_KEY = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


class DraftFieldTooLong(DraftError):
    """Fields of the head are longer than any letter's: `fields` names them, a sentence for each."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """A save that was taken, now or before: the version it made, and when."""

    version: int
    at: datetime
    by: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A save that was not taken, since its author did not see the `latest` text."""

    latest: DraftText


async def save(
    session: AsyncSession,
    *,
    draft_id: int,
    base: int,
    body: str,
    front: Mapping[str, str] | None = None,
    written: str | None = None,
    key: str = "",
    asked: bool = False,
    exact: bool = False,
    by: Actor,
    now: datetime,
) -> Saved | Conflict:
    """Save a text that was written onto version `base`.

    `front` holds the fields that changed; `written` is a whole head instead. `asked`: a person
    asked for it, so it is kept as a version. `exact`: the body's line ends are its author's, not a
    browser's. Raises DraftGone, DraftLocked, DraftFieldTooLong, and DraftError for a text that is
    too long.
    """
    body = whole(body)
    if len(body) > LARGEST:
        raise too_long()
    found = await get(session, draft_id)
    if (known := await _known(session, draft_id, key)) is not None:
        return known
    if found.line.state not in OPEN:
        raise locked(found.line.state)
    if written is None:
        _judge_fields(found.front, front or {})
    top = written if written is not None else head.with_values(found.head, front or {})
    if not exact:
        body = _with_line_ends(body, found.body)
    if base != found.line.version:
        # Who wrote the same as somebody else has no conflict.
        if (top, body) != (found.head, found.body):
            return await _conflict(session, found)
        base = found.line.version
    saved = Saved(base, found.line.saved_at, found.line.saved_by, False)
    if (top, body) != (found.head, found.body):
        await _keep_anothers(session, found, by)
        saved = Saved(base + 1, now, by.text, True)
        if not await _written(session, draft_id, base, top, body, saved):
            latest = await get(session, draft_id)
            return await _known(session, draft_id, key) or await _conflict(session, latest)
        await made_by(session, draft_id, by=by, now=now)
    if asked or (saved.changed and await _is_due(session, draft_id, by=by, now=now)):
        await keep(session, draft_id, top, body, saved, asked=asked)
    await _remember(session, draft_id, key, saved.version, now)
    if saved.changed and asked:
        trace(session, AuditAction.DRAFT_SAVED, found.line.list_id, draft_id, by=by, now=now)
    return saved


def whole(text: str) -> str:
    """A text that databases keep: a half of an emoji is no sign, and PostgreSQL keeps no NUL."""
    return _SURROGATE.sub("\ufffd", text).replace("\0", "\ufffd")


def told_of(top: str) -> tuple[int | None, str]:
    """The number and the title that a head tells."""
    matter = front_matter.read(plain_lines(top.removeprefix("\ufeff")))
    return matter.values.get("number"), head.values(top)["title"]


def too_long() -> DraftError:
    """The refusal of a text that is longer than any letter."""
    return DraftError(
        N_("the text has more than {n} signs: cut it up, or put a part on a web page"), n=LARGEST
    )


def _judge_fields(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Refuse fields that became too long: to cut them would lose words in silence."""
    long = [
        key
        for key, text in after.items()
        if len(text) > LONGEST_FIELD and head.clean(text) != before.get(key)
    ]
    if long:
        text = N_("the field “{field}” has {n} signs: shorten it to {most}")
        error = DraftFieldTooLong.listing(
            say(text, field=say(head.LABELS[key]), n=len(after[key]), most=LONGEST_FIELD)
            for key in long
        )
        error.fields = tuple(long)
        raise error


def locked(state: DraftState) -> DraftLocked:
    """Why a manuscript cannot be changed."""
    if state is DraftState.RELEASED:
        return DraftLocked(N_("this manuscript was released: begin a new one from it"))
    return DraftLocked(N_("this manuscript is put away: take it out again to change it"))


async def keep(
    session: AsyncSession, draft_id: int, top: str, body: str, saved: Saved, *, asked: bool
) -> None:
    """Keep a text as a version, once."""
    insert = insert_into(session, DraftVersion).values(
        draft_id=draft_id,
        version=saved.version,
        head=top,
        body=body,
        saved_at=saved.at,
        saved_by=saved.by,
        asked=asked,
    )
    both = (DraftVersion.draft_id, DraftVersion.version)
    if asked:
        await session.execute(
            insert.on_conflict_do_update(index_elements=both, set_={"asked": True})
        )
    else:
        await session.execute(insert.on_conflict_do_nothing(index_elements=both))


async def made_by(session: AsyncSession, draft_id: int, *, by: Actor, now: datetime) -> None:
    """Write down that somebody changed a manuscript."""
    insert = insert_into(session, DraftMaker).values(draft_id=draft_id, maker=by.text, first_at=now)
    await session.execute(
        insert.on_conflict_do_nothing(index_elements=(DraftMaker.draft_id, DraftMaker.maker))
    )


def trace(
    session: AsyncSession,
    action: AuditAction,
    list_id: int,
    draft_id: int,
    *,
    by: Actor,
    why: str = "",
    now: datetime,
) -> None:
    """Write into the audit what somebody did to a manuscript."""
    audit.record(
        session,
        by=by,
        action=action,
        kind=AuditObject.DRAFT,
        object_id=draft_id,
        list_id=list_id,
        why=why,
        now=now,
    )


async def _known(session: AsyncSession, draft_id: int, key: str) -> Saved | None:
    """The save that this key has made already."""
    if not key:
        return None
    row = (
        await session.execute(
            select(DraftSave.version, DraftSave.at, Draft.saved_by)
            .join(Draft, Draft.id == DraftSave.draft_id)
            .where(DraftSave.draft_id == draft_id, DraftSave.key == key[:LONGEST_KEY])
        )
    ).one_or_none()
    return None if row is None else Saved(row.version, row.at, row.saved_by, False)


async def _written(
    session: AsyncSession, draft_id: int, base: int, top: str, body: str, saved: Saved
) -> bool:
    """Write the text, if the version is still `base`."""
    number, title = told_of(top)
    done = await session.execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.version == base, Draft.state.in_(OPEN))
        .values(
            head=top,
            body=body,
            number=number,
            title=title,
            version=saved.version,
            saved_at=saved.at,
            saved_by=saved.by,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount > 0


async def _conflict(session: AsyncSession, latest: DraftText) -> Conflict:
    """Both texts; the latest is kept, for its author may choose to write over it.

    Both may be of one person, who has the manuscript open in two windows.
    """
    await _keep_as_it_is(session, latest)
    return Conflict(latest)


async def _keep_anothers(session: AsyncSession, found: DraftText, by: Actor) -> None:
    """Keep the text of somebody else before it is written over."""
    if not is_same(found.line.saved_by, by.text):
        await _keep_as_it_is(session, found)


async def _keep_as_it_is(session: AsyncSession, found: DraftText) -> None:
    """Keep the text that the manuscript has now as a version."""
    line = found.line
    now = Saved(line.version, line.saved_at, line.saved_by, False)
    await keep(session, line.id, found.head, found.body, now, asked=False)


async def _is_due(session: AsyncSession, draft_id: int, *, by: Actor, now: datetime) -> bool:
    """Whether the last version that was kept is old enough, or somebody else's."""
    last = (
        await session.execute(
            select(DraftVersion.saved_at, DraftVersion.saved_by)
            .where(DraftVersion.draft_id == draft_id)
            .order_by(DraftVersion.version.desc())
            .limit(1)
        )
    ).one_or_none()
    # A clock that was set back makes no version late.
    return (
        last is None
        or not timedelta() <= now - last.saved_at < KEPT_EVERY
        or not is_same(last.saved_by, by.text)
    )


async def _remember(
    session: AsyncSession, draft_id: int, key: str, version: int, now: datetime
) -> None:
    if not key:
        return
    insert = insert_into(session, DraftSave).values(
        draft_id=draft_id, key=key[:LONGEST_KEY], version=version, at=now
    )
    await session.execute(
        insert.on_conflict_do_nothing(index_elements=(DraftSave.draft_id, DraftSave.key))
    )
    await session.execute(
        delete(DraftSave).where(DraftSave.draft_id == draft_id, DraftSave.at < now - KEYS_FOR)
    )


def _with_line_ends(body: str, before: str) -> str:
    """A body with the line ends that it had: browsers know one kind in a field, and send another.

    What is the same but for these is the body as it was, byte for byte.
    """
    plain = body.replace("\r\n", "\n").replace("\r", "\n")
    if plain == before.replace("\r\n", "\n").replace("\r", "\n"):
        return before
    returns = before.count("\r\n")
    if returns and returns == before.count("\n"):
        return plain.replace("\n", "\r\n")
    return plain
