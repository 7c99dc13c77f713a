"""A letter: Markdown below a front matter; one reading reports all its faults."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mailer.letter import (
    attachments,
    expressions,
    front_matter,
    images,
    limits,
    loading,
    markdown,
    quotes,
)
from mailer.letter.attachments import Attachment
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.note import Note
from mailer.letter.tokens import Shape
from pli.errors import PliError, reason_of
from pli.language import N_, Sentence, say

Fault = tuple[int, Sentence]
ShapeOf = Callable[[str], Shape]
"""From a theme's name to its shape, on which the places of pictures depend."""
THEME = "lettre"
_SHAPE = Shape(radius=4, column=600)


def usual_shape(theme: str) -> Shape:
    """The shape of our themes, whatever the theme is: where nobody knows the committee's own."""
    del theme
    return _SHAPE


class LetterError(PliError):
    """A letter cannot be sent as it is; one sentence a fault: `file:line: what: what to do`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What the author wrote: the values of the front matter, and `body` in Markdown.

    `images` holds the local images by the names written in the body, `attachments` a tuple of the
    files that travel with it. `typography` is None, or "strict". `source` and `line` say, for
    messages, in which file and on which line the body begins; `theme_line` is the line that names
    the theme; `notes` have lines of the file. Equality regards none of
    these.
    """

    number: int
    title: str
    date: datetime.date
    subject: str
    preheader: str
    body: str
    language: str = "fr"
    theme: str = THEME
    sender: str | None = None
    reply_to: str | None = None
    images: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    attachments: Sequence[Attachment] = ()
    typography: str | None = None
    source: str = field(default="lettre.md", compare=False)
    line: int = field(default=1, compare=False)
    theme_line: int = field(default=1, compare=False)
    notes: Sequence[Note] = field(default=(), compare=False)

    def place(self, line: int) -> str:
        """Where a line of the body stands in the file, as `file:line`; `line` counts from 0."""
        return f"{self.source}:{self.line + line}"


def read_letter(path: Path, sizes: LetterLimits = USUAL, shape_of: ShapeOf = usual_shape) -> Letter:
    """Read a letter, and its files from the same folder; LetterError lists every fault."""
    try:
        with path.open("rb") as file:
            data = file.read(sizes.text + 1)
            size = max(len(data), path.stat().st_size)
    except FileNotFoundError:
        raise LetterError(
            N_('{file}: no such file: look at its name, or run "pli letter new"'), file=str(path)
        ) from None
    except OSError as error:
        raise LetterError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None
    if fault := limits.too_long(size, sizes):
        raise _error(path.name, [(1, fault)])
    return parse_letter(
        decode(data, path.name),
        path.name,
        images.from_folder(path.parent),
        sizes,
        attachments.from_folder(path.parent),
        shape_of,
    )


def decode(data: bytes, name: str) -> str:
    """Decode UTF-8, with or without a byte order mark; LetterError says what to do otherwise."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = say(
            N_('is not UTF-8 (perhaps Windows-1252): save it again with the encoding "UTF-8"')
        )
        raise _error(name, [(line, fault)]) from None


def parse_letter(
    text: str,
    name: str = "lettre.md",
    load_image: Callable[[str], bytes] | None = None,
    sizes: LetterLimits = USUAL,
    load_attachment: attachments.Loader | None = None,
    shape_of: ShapeOf = usual_shape,
) -> Letter:
    """Parse a letter; raises LetterError. Files for which there is no loader are left out."""
    examined = examine_letter(text, name, load_image, sizes, load_attachment, shape_of)
    if examined.faults:
        raise _error(name, examined.faults)
    return examined.letter


@dataclass(frozen=True, slots=True)
class ExaminedLetter:
    """A letter as far as it can be read, and its faults, with lines of the file from 1.

    With faults, values that are missing are empty, or those of a day long ago.
    """

    letter: Letter
    faults: Sequence[Fault]
    parsed: ParsedMarkdown
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each value of the front matter."""


_LONG_AGO = datetime.date(1970, 1, 1)


def examine_letter(
    text: str,
    name: str = "lettre.md",
    load_image: Callable[[str], bytes] | None = None,
    sizes: LetterLimits = USUAL,
    load_attachment: attachments.Loader | None = None,
    shape_of: ShapeOf = usual_shape,
) -> ExaminedLetter:
    """Parse a letter as `parse_letter` does, and also one that cannot be sent as it is."""
    if fault := limits.too_long(len(text.encode("utf-8", "replace")), sizes):
        nothing = Letter(0, "", _LONG_AGO, "", "", "", source=name)
        return ExaminedLetter(nothing, [(1, fault)], markdown.read(""))
    matter = front_matter.read(plain_lines(text))
    parsed = markdown.read(matter.body, sizes=sizes)
    faults = list(matter.faults)
    if not matter.body.strip() and not faults:
        faults.append((matter.end, say(N_("the letter has no text: write it below the dashes"))))
    faults += [(matter.end + 1 + line, fault) for line, fault in parsed.faults]
    pictures = loading.Pictures()
    if parsed.tree.find(".//img") is not None:
        shape = shape_of(matter.values.get("theme", THEME))
        pictures = loading.load(parsed, shape, load_image, sizes)
    faults += [(matter.end + 1 + line, fault) for line, fault in pictures.faults]
    values = _set(matter.values)
    travelling = attachments.Read()
    if load_attachment is not None:
        travelling = attachments.read(values.get("attachments", ()), load_attachment)
    faults += travelling.faults
    letter = Letter(
        number=values.get("number", 0),
        title=values.get("title", ""),
        date=values.get("date", _LONG_AGO),
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=matter.body,
        language=values.get("language", "fr"),
        theme=values.get("theme", THEME),
        sender=values.get("from"),
        reply_to=values.get("reply-to"),
        images=MappingProxyType(pictures.found),
        attachments=tuple(travelling.attachments),
        typography=values.get("typography"),
        source=name,
        line=matter.end + 1,
        theme_line=matter.lines.get("theme", 1),
        notes=(
            *matter.notes,
            *(it._replace(line=matter.end + 1 + it.line) for it in pictures.notes),
        ),
    )
    ordered = sorted(faults, key=lambda it: it[0])
    return ExaminedLetter(letter, ordered, parsed, matter.lines)


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a front matter; its sentences with the signs that it asks for."""
    if values.get("typography") != front_matter.STRICT:
        return dict(values)
    language = values.get("language", "fr")
    return {
        key: quotes.set_in_text(value, language) if key in front_matter.PROSE else value
        for key, value in values.items()
    }


def plain_lines(text: str) -> str:
    """Make every line end with LF, and replace control characters, which Word leaves, by spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROLS)


_CONTROLS = {code: " " for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


def check_expressions(
    letter: Letter, attributes: Collection[str], parsed: ParsedMarkdown | None = None
) -> list[Sentence]:
    """The faults of names that no person has: neither a field nor one of the `attributes`.

    `parsed` is the letter's body, if it was read already.
    """
    known = {*expressions.NAMES["subscriber"], *attributes}
    return _told(
        letter.source,
        (
            (letter.line + line, expressions.unknown("subscriber", name, known))
            for line, name in _asked(letter, parsed)
            if name not in known
        ),
    )


def attributes_asked(letter: Letter) -> set[str]:
    """The names that a letter reads as declared attributes of people."""
    return {name for _, name in _asked(letter)} - {*expressions.NAMES["subscriber"]}


def _asked(letter: Letter, parsed: ParsedMarkdown | None = None) -> Iterator[tuple[int, str]]:
    """Each name of `subscriber` that the letter reads, with its line in the body."""
    parsed = parsed or markdown.read(letter.body)
    for placeholder, source in parsed.expressions.items():
        for root, name in sorted(expressions.names(source)):
            if root == "subscriber":
                yield parsed.lines[placeholder], name


def _error(name: str, faults: Iterable[Fault]) -> LetterError:
    return LetterError.listing(_told(name, faults))


def _told(name: str, faults: Iterable[Fault]) -> list[Sentence]:
    return [
        say(N_("{file}:{line}: {fault}"), file=name, line=line, fault=fault)
        for line, fault in sorted(faults, key=lambda fault: fault[0])
    ]
