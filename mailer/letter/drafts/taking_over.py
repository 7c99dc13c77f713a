"""Takes over what somebody brings: pasted HTML or text, or a Word file, with its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import head, importing, other_formats
from mailer.letter.drafts import pictures
from mailer.letter.import_report import Fate
from mailer.letter.importing import Wish
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.word.refusing import Unreadable
from pli.actor import Actor
from pli.errors import PliError
from pli.language import N_, Sentence, say

ACCEPT = "accept"
"""What becomes of tracked changes where nobody says anything; what they deleted is told."""
STEM = "image"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A document as a letter's text: the values that were found for its head, its body, pictures.

    `changed` and `left_out` say what is not as it was.
    """

    front: Mapping[str, str]
    body: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    changed: Sequence[Sentence] = ()
    left_out: Sequence[Sentence] = ()

    @property
    def told(self) -> Sequence[Sentence]:
        """All that is told of it: first what was lost."""
        return [*self.left_out, *self.changed]


def from_file(
    data: bytes, *, name: str, stem: str = STEM, changes: str = ACCEPT, place: int
) -> TakenOver:
    """Read a .docx, .odt, .rtf or HTML; raises PliError. Takes some seconds.

    Pictures are made for a `place` of so many pixels; one that cannot be is told and left out.
    """
    if data.lstrip()[:5] == b"%PDF-":
        raise Unreadable(
            N_(
                "a PDF holds pages and no text that could be changed: open the document that it "
                "was made of, and save that as .docx"
            )
        )
    wish = Wish(stem, name, changes=changes if changes in (ACCEPT, "reject") else ACCEPT)
    return _fitted(other_formats.read_confined(data, wish), place)


def from_html(html: str, *, stem: str = STEM, place: int) -> TakenOver:
    """Read what a clipboard holds as HTML; raises PliError."""
    made = importing.read_confined(importing.as_html(html), Wish(stem))
    return _fitted(made, place)


def from_text(text: str, *, stem: str = STEM, place: int) -> TakenOver:
    """Read plain text: empty lines part paragraphs, and no sign in it is Markdown's."""
    paragraphs = [it for it in text.replace("\r\n", "\n").split("\n\n") if it.strip()]
    html = "".join(f"<p>{escape(it.strip()).replace(chr(10), '<br>')}</p>" for it in paragraphs)
    return from_html(html, stem=stem, place=place)


async def put_pictures(
    session: AsyncSession, *, draft_id: int, of: TakenOver, by: Actor, now: datetime
) -> None:
    """Keep the pictures of what was taken over with a manuscript; raises DraftError."""
    for name, data in of.pictures.items():
        await pictures.put(session, draft_id=draft_id, name=name, data=data, by=by, now=now)


async def free_stem(session: AsyncSession, draft_id: int) -> str:
    """A beginning of names that no picture of a manuscript has."""
    names = [it.name for it in await pictures.pictures(session, draft_id)]
    stems = (STEM if n == 1 else f"{STEM}-{chr(96 + n)}" for n in range(1, 27))
    free = (it for it in stems if not any(name.startswith(f"{it}-") for name in names))
    return next(free, f"{STEM}-{len(names)}-z")


def _fitted(made: importing.Imported, place: int, sizes: LetterLimits = USUAL) -> TakenOver:
    found = {}
    lost = [*made.report.lines(Fate.LEFT_OUT)]
    for name, data in made.pictures.items():
        try:
            found[name] = pictures.fit(name, data, place, sizes)
        except PliError as error:
            lost += [say(N_("a picture is missing: {fault}"), fault=it) for it in error.sentences]
    top, body = head.split(made.text)
    front = {key: it for key, it in head.values(top).items() if it and it != importing.FIXME}
    changed = [*made.report.lines(Fate.CHANGED)]
    return TakenOver(front, body.lstrip("\n"), found, changed, lost)
