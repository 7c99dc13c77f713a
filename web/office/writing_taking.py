"""What somebody brings to a manuscript: pasted HTML, a Word file, a picture; and the fields."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.letter import theme
from mailer.letter.drafts import pictures, rows, saving, taking_over
from mailer.letter.drafts.rows import DraftGone, DraftLine
from mailer.letter.drafts.saving import Conflict
from mailer.letter.drafts.taking_over import TakenOver
from pli.errors import PliError
from pli.language import N_, say
from subscribers import attributes
from web.office import writing_page
from web.office.visit import HEADERS, Visit
from web.pages import guarded

LARGEST_PICTURE = 31 * 1024 * 1024
LARGEST_DOCUMENT = 48 * 1024 * 1024
_POLICY = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
_PERSON = (
    ("first_name", N_("First name"), "Camille"),
    ("last_name", N_("Last name"), "Martin"),
    ("email", N_("Address"), "camille.martin@example.org"),
)


class WritingTaking:
    """The routes /office/letters/ID/convert, /pictures and /fields."""

    def __init__(self) -> None:
        # A document is read by a process of its own, which may take a gigabyte.
        self._reading = asyncio.Semaphore(2)

    async def convert(self, visit: Visit) -> Response:
        """Make Markdown of HTML, text or a file; from a form, at the end of the text."""
        async with visit.context.database.reading() as session:
            try:
                line = await rows.line_of(session, visit.number("id"))
            except DraftGone as error:
                return _refused(visit, error, "file")
            stem = await taking_over.free_stem(session, line.id)
        field = "file" if "file" in visit.files else "html"
        try:
            if not line.is_open:
                raise saving.locked(line.state)
            taken = await self.read(visit, stem)
            async with visit.context.database.begin() as session:
                await taking_over.put_pictures(
                    session, draft_id=line.id, of=taken, by=visit.who.actor, now=visit.now
                )
                if not visit.by_script:
                    await _append(visit, session, line, taken)
        except PliError as error:
            return _refused(visit, error, field)
        if not visit.by_script:
            return told_or_there(visit, line.id, taken)
        return visit.answer(
            {
                "markdown": taken.body,
                "front": dict(taken.front),
                "blocks": writing_page.blocks(taken.body),
                "changed": [it.tell(visit.language) for it in taken.changed],
                "left_out": [it.tell(visit.language) for it in taken.left_out],
                "pictures": list(taken.pictures),
            }
        )

    async def read(self, visit: Visit, stem: str) -> TakenOver:
        """What was sent, as a letter's text; raises PliError."""
        async with self._reading:
            return await asyncio.to_thread(self._work(visit, stem))

    def _work(self, visit: Visit, stem: str) -> Callable[[], TakenOver]:
        place = place_of(visit)
        if file := visit.files.get("file"):
            return partial(
                taking_over.from_file,
                file.data,
                name=file.name,
                stem=stem,
                changes=str(visit.form.get("changes", "")),
                place=place,
            )
        if html := visit.form.get("html"):
            return partial(taking_over.from_html, str(html), stem=stem, place=place)
        text = str(visit.form.get("text", ""))
        return partial(taking_over.from_text, text, stem=stem, place=place)

    async def add_picture(self, visit: Visit) -> Response:
        """Keep a picture; from a form, with its text for those who do not see it."""
        file = visit.files.get("picture")
        if file is None:
            return _refused(visit, PliError(N_("choose a picture first")), "picture")
        alternative = visit.form.get("alternative")
        place = place_of(visit)
        sizes = visit.context.options.sizes
        try:
            # Made small before the transaction: a camera's photo takes a second.
            data = await asyncio.to_thread(pictures.fit, file.name, file.data, place, sizes)
            async with visit.context.database.begin() as session:
                kept = await pictures.add_picture(
                    session,
                    draft_id=visit.number("id"),
                    name=file.name,
                    data=data,
                    alternative=None if alternative is None else str(alternative),
                    place=place,
                    sizes=sizes,
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return _refused(visit, error, "picture")
        if not visit.by_script:
            return visit.go(f"/office/letters/{visit.number('id')}", done="picture")
        return visit.answer(
            {"name": kept.name, "width": kept.width, "height": kept.height, "bytes": kept.size}
        )

    async def describe_picture(self, visit: Visit) -> Response:
        """Say what a picture shows."""
        said = visit.document.get("alternative")
        if not isinstance(said, str):
            raise HTTPException(400)
        try:
            async with visit.context.database.begin() as session:
                await pictures.describe_picture(
                    session, draft_id=visit.number("id"), name=_name(visit), alternative=said
                )
        except PliError as error:
            return _refused(visit, error, "alternative")
        return visit.answer({"name": _name(visit), "alternative": said})

    async def picture(self, visit: Visit) -> Response:
        """A picture, as it is kept; any other file is only to be kept, never shown."""
        async with visit.context.database.reading() as session:
            found = await pictures.picture(session, visit.number("id"), _name(visit))
        if found is None:
            raise HTTPException(404)
        kind, data = found
        media = _TYPES.get(kind, "application/octet-stream")
        headers = {**HEADERS, **guarded(_POLICY), "Cache-Control": "private, no-cache"}
        if not media.startswith("image/"):
            headers["Content-Disposition"] = "attachment"
        return Response(data, headers=headers, media_type=media)

    async def pictures(self, visit: Visit) -> Response:
        """The pictures of a manuscript, by name."""
        async with visit.context.database.reading() as session:
            found = await pictures.pictures(session, visit.number("id"))
        return visit.answer(
            {
                "pictures": [
                    {
                        "name": it.name,
                        "width": it.width,
                        "height": it.height,
                        "bytes": it.size,
                        "alternative": it.alternative,
                    }
                    for it in found
                ]
            }
        )

    async def fields(self, visit: Visit) -> Response:
        """What a personal expression may name: people's own values, and declared attributes."""
        async with visit.context.database.reading() as session:
            labels = await attributes.labels(session)
        own = [
            {"name": name, "label": say(label).tell(visit.language), "example": example}
            for name, label, example in _PERSON
        ]
        declared = [{"name": it, "label": label, "example": ""} for it, label in labels.items()]
        return visit.answer({"attributes": [*own, *declared]})


def told_or_there(visit: Visit, draft_id: int, taken: TakenOver) -> Response:
    """What was changed and left out of a document; the manuscript at once if nothing was."""
    at = f"/office/letters/{draft_id}"
    if not taken.told:
        return visit.go(at, done="taken_over")
    told = [it.tell(visit.language) for it in taken.told]
    return visit.page("writing_taken", told=told, at=at)


def place_of(visit: Visit) -> int:
    """The pixels that a picture has at most, in the theme that most letters have."""
    return theme.shape_of(theme.DEFAULT, visit.context.options.themes).picture


async def _append(visit: Visit, session: AsyncSession, line: DraftLine, taken: TakenOver) -> None:
    """Put what was taken over behind the text, as a version of its own."""
    found = await rows.get(session, line.id)
    empty = {key: it for key, it in taken.front.items() if not found.front[key]}
    body = found.body.rstrip("\r\n")
    saved = await saving.save(
        session,
        draft_id=line.id,
        base=found.line.version,
        front=empty,
        body=f"{body}\n\n{taken.body}" if body.strip() else f"\n{taken.body}",
        asked=True,
        by=visit.who.actor,
        now=visit.now,
    )
    assert not isinstance(saved, Conflict), "nobody writes between, in one transaction"


def _refused(visit: Visit, error: PliError, field: str) -> Response:
    code = writing_page.code_of(error)
    code = code if code in (410, 423) else 422
    if visit.by_script:
        faults = [{"field": field, "text": it} for it in error.lines(visit.language)]
        return visit.answer({"faults": faults}, status_code=code)
    return visit.page(
        "trouble",
        status_code=code,
        heading=say(N_("This cannot be taken over")).tell(visit.language),
        advice=" ".join(error.lines(visit.language)),
    )


def _name(visit: Visit) -> str:
    return unquote(visit.request.path_params["name"])
