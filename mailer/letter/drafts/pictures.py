"""The pictures and attached files of manuscripts: bytes once, by name for each manuscript."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import DraftPicture, PictureBytes
from mailer.letter import images, limits
from mailer.letter.drafts.rows import DraftError, line_of
from mailer.letter.drafts.saving import locked, trace
from mailer.letter.limits import USUAL, LetterLimits
from pli.actor import Actor
from pli.audit import AuditAction
from pli.language import N_
from pli.upsert import insert_into

MOST = 200
"""Pictures and files of one manuscript; a letter sends fewer (`limits`)."""
LONGEST_NAME, LONGEST_KEPT = 100, 200
LONGEST_ALTERNATIVE = 1_000
"""Signs; a longer one is refused, for nobody would know that its end was cut off."""
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class AddedPicture:
    """A picture or file as it is kept; `width` and `height` are 0 for what is no picture."""

    name: str
    kind: str
    width: int
    height: int
    size: int
    alternative: str | None = None

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture."""
        return self.width > 0


async def add_picture(
    session: AsyncSession,
    *,
    draft_id: int,
    name: str,
    data: bytes,
    alternative: str | None = None,
    place: int,
    sizes: LetterLimits = USUAL,
    by: Actor,
    now: datetime,
) -> AddedPicture:
    """Add a picture that somebody dropped, pasted or chose.

    It is kept as small as the widest `place` of a letter needs (pixels), upright, and without what
    its file says of place and camera. Another picture of that name stays: this one gets a number.
    Raises ImageError, DraftError.
    """
    fitted = fit(name, data, place, sizes)
    return await put(
        session,
        draft_id=draft_id,
        name=_free_name(name, fitted, await _names(session, draft_id)),
        data=fitted,
        alternative=alternative,
        by=by,
        now=now,
    )


def fit(name: str, data: bytes, place: int, sizes: LetterLimits = USUAL) -> bytes:
    """A picture for a place of so many pixels; raises ImageError, DraftError."""
    seen = images.look(name, data)
    if fault := limits.too_wide(name, seen.width * seen.height, sizes):
        raise DraftError.listing([fault])
    return images.fitted(name, data, place).data


async def put(
    session: AsyncSession,
    *,
    draft_id: int,
    name: str,
    data: bytes,
    alternative: str | None = None,
    by: Actor,
    now: datetime,
) -> AddedPicture:
    """Keep a file of a manuscript under a name, exactly as it is; one of that name is replaced."""
    line = await line_of(session, draft_id)
    if not line.is_open:
        raise locked(line.state)
    if not 0 < len(name) <= LONGEST_KEPT:
        raise DraftError(N_('the name "{name}" is too long'), name=f"{name[:40]}…")
    there = await _names(session, draft_id)
    if name not in there and len(there) >= MOST:
        raise DraftError(N_("a manuscript has {n} pictures at most: take some away"), n=MOST)
    alternative = None if alternative is None else _said(alternative)
    found = _looked_at(name, data, alternative)
    digest = hashlib.sha256(data).hexdigest()
    await session.execute(
        insert_into(session, PictureBytes)
        .values(
            sha256=digest,
            kind=found.kind,
            width=found.width,
            height=found.height,
            size=found.size,
            data=data,
        )
        .on_conflict_do_nothing(index_elements=(PictureBytes.sha256,))
    )
    insert = insert_into(session, DraftPicture).values(
        draft_id=draft_id, name=name, sha256=digest, alternative=alternative, added_at=now
    )
    await session.execute(
        insert.on_conflict_do_update(
            index_elements=(DraftPicture.draft_id, DraftPicture.name),
            set_={"sha256": digest, "added_at": now},
        )
    )
    trace(session, AuditAction.DRAFT_PICTURE, line.list_id, draft_id, by=by, now=now)
    return found


async def describe_picture(
    session: AsyncSession, *, draft_id: int, name: str, alternative: str
) -> None:
    """Say what a picture shows, or that it is decoration (""); raises DraftError."""
    line = await line_of(session, draft_id)
    if not line.is_open:
        raise locked(line.state)
    said = _said(alternative)
    done = await session.execute(
        update(DraftPicture)
        .where(DraftPicture.draft_id == draft_id, DraftPicture.name == name)
        .values(alternative=said)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise DraftError(N_('the manuscript has no picture "{name}"'), name=name)


async def pictures(session: AsyncSession, draft_id: int) -> Sequence[AddedPicture]:
    """The pictures and files of a manuscript, by name."""
    rows = await session.execute(
        select(
            DraftPicture.name,
            PictureBytes.kind,
            PictureBytes.width,
            PictureBytes.height,
            PictureBytes.size,
            DraftPicture.alternative,
        )
        .join(PictureBytes, PictureBytes.sha256 == DraftPicture.sha256)
        .where(DraftPicture.draft_id == draft_id)
        .order_by(DraftPicture.name)
    )
    return [AddedPicture(*row) for row in rows]


async def picture(session: AsyncSession, draft_id: int, name: str) -> tuple[str, bytes] | None:
    """A picture's kind and bytes; None if there is none of this name."""
    row = (
        await session.execute(
            select(PictureBytes.kind, PictureBytes.data)
            .join(DraftPicture, DraftPicture.sha256 == PictureBytes.sha256)
            .where(DraftPicture.draft_id == draft_id, DraftPicture.name == name)
        )
    ).one_or_none()
    return None if row is None else (row.kind, row.data)


async def all_bytes(session: AsyncSession, draft_id: int) -> Mapping[str, bytes]:
    """The bytes of all pictures and files of a manuscript, by name."""
    rows = await session.execute(
        select(DraftPicture.name, PictureBytes.data)
        .join(PictureBytes, PictureBytes.sha256 == DraftPicture.sha256)
        .where(DraftPicture.draft_id == draft_id)
    )
    return {it.name: it.data for it in rows}


async def copy_pictures(session: AsyncSession, *, source: int, target: int, now: datetime) -> None:
    """Give a manuscript the pictures of another one."""
    rows = await session.execute(
        select(DraftPicture.name, DraftPicture.sha256, DraftPicture.alternative).where(
            DraftPicture.draft_id == source
        )
    )
    for name, digest, alternative in rows:
        session.add(
            DraftPicture(
                draft_id=target,
                name=name,
                sha256=digest,
                alternative=alternative,
                added_at=now,
            )
        )
    await session.flush()


async def weight(session: AsyncSession, draft_id: int) -> int:
    """The bytes of all pictures and files of a manuscript."""
    found = await session.scalar(
        select(func.sum(PictureBytes.size))
        .join(DraftPicture, DraftPicture.sha256 == PictureBytes.sha256)
        .where(DraftPicture.draft_id == draft_id)
    )
    return int(found or 0)


def _said(alternative: str) -> str:
    """What somebody says that a picture shows, on one line; raises DraftError."""
    said = " ".join(alternative.split())
    if len(said) > LONGEST_ALTERNATIVE:
        raise DraftError(
            N_("what a picture shows is told in {limit} signs at most, and these are {n}"),
            limit=LONGEST_ALTERNATIVE,
            n=len(said),
        )
    return said


def _looked_at(name: str, data: bytes, alternative: str | None) -> AddedPicture:
    try:
        seen = images.look(name, data)
    except images.ImageError:
        # What is no picture is an attached file, or is told when the letter is read.
        kind = "pdf" if data.startswith(b"%PDF") else "file"
        return AddedPicture(name, kind, 0, 0, len(data), alternative)
    return AddedPicture(name, seen.kind, seen.width, seen.height, len(data), alternative)


async def _names(session: AsyncSession, draft_id: int) -> frozenset[str]:
    found = await session.scalars(
        select(DraftPicture.name).where(DraftPicture.draft_id == draft_id)
    )
    return frozenset(found)


def _free_name(name: str, data: bytes, there: frozenset[str]) -> str:
    """A name that Markdown can write as it is, with the extension of its kind."""
    kind = images.look(name, data).extension
    stem = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    stem = _NOT_IN_NAMES.sub("-", stem.rpartition(".")[0] or stem).strip("-.")
    stem = stem[:LONGEST_NAME] or "image"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}.{kind}" for n in range(1, MOST + 2))
    return next(it for it in names if it not in there)
