"""A manuscript as a letter: its text, with its pictures and files read from rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import attachments, images
from mailer.letter.attachments import AttachmentError
from mailer.letter.drafts.pictures import all_bytes
from mailer.letter.drafts.rows import get
from mailer.letter.images import ImageError
from mailer.letter.letter import Letter, ShapeOf, parse_letter, usual_shape
from mailer.letter.limits import USUAL, LetterLimits
from pli.language import N_

Loader = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Loaders:
    """How `parse_letter` gets pictures and attached files."""

    picture: Loader
    attachment: Loader


def loaders(files: Mapping[str, bytes]) -> Loaders:
    """Loaders over the files of a manuscript."""

    def picture(name: str) -> bytes:
        if name not in files:
            raise ImageError(
                N_('the image "{name}" is not there: add it to the manuscript'), name=name
            )
        if len(files[name]) > images.HEAVIEST:
            images.look(name, files[name])  # refuses it, and says why
        return files[name]

    def attachment(name: str) -> bytes:
        if name not in files:
            raise AttachmentError(
                N_('the file "{name}" is not there: add it to the manuscript'), name=name
            )
        return files[name][: attachments.LARGEST + 1]

    return Loaders(picture, attachment)


@dataclass(frozen=True, slots=True)
class Source:
    """What a letter is made of: the text of its file under a name, and the files beside it."""

    name: str
    text: str
    files: Mapping[str, bytes]


async def source(session: AsyncSession, draft_id: int) -> Source:
    """What a manuscript's letter is made of; raises DraftGone."""
    found = await get(session, draft_id)
    return Source(source_of(found.line.number), found.text, await all_bytes(session, draft_id))


def parsed(of: Source, *, sizes: LetterLimits = USUAL, shape_of: ShapeOf = usual_shape) -> Letter:
    """The letter of a manuscript; raises LetterError. Pictures are made small: it takes time."""
    load = loaders(of.files)
    text = of.text.removeprefix("\ufeff")
    return parse_letter(text, of.name, load.picture, sizes, load.attachment, shape_of)


async def letter_of(
    session: AsyncSession,
    draft_id: int,
    *,
    sizes: LetterLimits = USUAL,
    shape_of: ShapeOf = usual_shape,
) -> Letter:
    """The letter that a manuscript is, with its pictures; raises DraftGone and LetterError."""
    of = await source(session, draft_id)
    return await asyncio.to_thread(parsed, of, sizes=sizes, shape_of=shape_of)


def source_of(number: int | None) -> str:
    """The name of the file that a manuscript would be, for messages."""
    return f"lettre-{number}.md" if number else "lettre.md"
