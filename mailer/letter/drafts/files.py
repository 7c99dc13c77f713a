"""Moves manuscripts between the database and folders, without a changed byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import front_matter, head, markdown
from mailer.letter.drafts import making, pictures, rows, saving
from mailer.letter.drafts.reading import source_of
from mailer.letter.drafts.rows import DraftError
from mailer.letter.drafts.saving import Conflict
from mailer.letter.letter import plain_lines
from pli.actor import Actor
from pli.language import N_


@dataclass(frozen=True, slots=True)
class Files:
    """A letter's file under its name, and the files beside it."""

    name: str
    data: bytes
    beside: Mapping[str, bytes] = field(default_factory=dict)


async def pull(session: AsyncSession, draft_id: int) -> tuple[Files, int]:
    """The files that a manuscript is, and its version; raises DraftGone."""
    found = await rows.get(session, draft_id)
    files = Files(
        source_of(found.line.number),
        found.text.encode(),
        await pictures.all_bytes(session, draft_id),
    )
    return files, found.line.version


def named_in(data: bytes, name: str) -> tuple[str, list[str]]:
    """The text of a letter's file, and the files beside it that it names; raises DraftError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise DraftError(
            N_('{file}: is not UTF-8 (perhaps Windows-1252): save it again as "UTF-8"'), file=name
        ) from None
    if "\0" in text:
        raise DraftError(N_("{file}: holds a NUL, which no text has: save it anew"), file=name)
    matter = front_matter.read(plain_lines(text.removeprefix("\ufeff")))
    attached = [it for _, it in matter.values.get("attachments", ())]
    shown = [
        unquote(it) for _, it in markdown.read(matter.body).images() if ":" not in it[:12] and it
    ]
    return text, list(dict.fromkeys([*shown, *attached]))


async def push(
    session: AsyncSession,
    *,
    draft_id: int | None,
    base: int | None,
    list_id: int,
    files: Files,
    by: Actor,
    now: datetime,
) -> int | Conflict:
    """Make a manuscript of files, or a version of the one they came from; its id.

    `base` is the version that was pulled: if somebody saved since, nothing is written.
    """
    text, _ = named_in(files.data, files.name)
    top, body = head.split(text)
    if draft_id is None:
        draft_id = await making.create(session, list_id=list_id, top=top, body=body, by=by, now=now)
    else:
        line = await rows.line_of(session, draft_id)
        if line.list_id != list_id:
            raise DraftError(N_("manuscript {id} is for another list"), id=draft_id)
        saved = await saving.save(
            session,
            draft_id=draft_id,
            base=line.version if base is None else base,
            written=top,
            body=body,
            exact=True,
            asked=True,
            by=by,
            now=now,
        )
        if isinstance(saved, Conflict):
            return saved
    for name, data in files.beside.items():
        await pictures.put(session, draft_id=draft_id, name=name, data=data, by=by, now=now)
    return draft_id
