"""A letter: Markdown below a front matter; one reading reports all its faults."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mailer.letter import expressions, front_matter, images, limits, markdown
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.note import Note
from pli.errors import PliError, reason_of
from pli.language import N_, Sentence, say

Fault = tuple[int, Sentence]


class LetterError(PliError):
    """A letter cannot be sent as it is; one sentence a fault: `file:line: what: what to do`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What the author wrote: the values of the front matter, and `body` in Markdown.

    `images` holds the local images by the names written in the body. `source` and `line` say, for
    messages, in which file and on which line the body begins; `theme_line` is the line that names
    the theme; `notes` are of the front matter, with lines of the file. Equality regards none of
    these.
    """

    number: int
    title: str
    date: datetime.date
    subject: str
    preheader: str
    body: str
    language: str = "fr"
    theme: str = "lettre"
    sender: str | None = None
    reply_to: str | None = None
    images: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    source: str = field(default="lettre.md", compare=False)
    line: int = field(default=1, compare=False)
    theme_line: int = field(default=1, compare=False)
    notes: Sequence[Note] = field(default=(), compare=False)

    def place(self, line: int) -> str:
        """Where a line of the body stands in the file, as `file:line`; `line` counts from 0."""
        return f"{self.source}:{self.line + line}"


def read_letter(path: Path, sizes: LetterLimits = USUAL) -> Letter:
    """Read a letter, and its images from the same folder; LetterError lists every fault."""
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
    return parse_letter(decode(data, path.name), path.name, images.beside(path.parent), sizes)


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
) -> Letter:
    """Parse a letter; raises LetterError. Without `load_image` its local images are left out."""
    if fault := limits.too_long(len(text.encode("utf-8", "replace")), sizes):
        raise _error(name, [(1, fault)])
    matter = front_matter.read(_plain_lines(text))
    parsed = markdown.read(matter.body, sizes=sizes)
    faults = list(matter.faults)
    if not matter.body.strip() and not faults:
        faults.append((matter.end, say(N_("the letter has no text: write it below the dashes"))))
    faults += [(matter.end + 1 + line, fault) for line, fault in parsed.faults]
    loaded = _Loaded(load_image, sizes)
    for line, image in parsed.images():
        if parsed.placeholders.within(image):
            continue  # An expression in an address is told already.
        if fault := loaded.add(image):
            faults.append((matter.end + 1 + line, fault))
        if fault := limits.too_many(len(loaded.names), loaded.weight, sizes):
            faults.append((matter.end + 1 + line, fault))
            break
    if faults:
        raise _error(name, faults)
    values = matter.values
    return Letter(
        number=values["number"],
        title=values["title"],
        date=values["date"],
        subject=values["subject"],
        preheader=values["preheader"],
        body=matter.body,
        language=values.get("language", "fr"),
        theme=values.get("theme", "lettre"),
        sender=values.get("from"),
        reply_to=values.get("reply-to"),
        images=MappingProxyType(loaded.pictures),
        source=name,
        line=matter.end + 1,
        theme_line=matter.lines.get("theme", 1),
        notes=tuple(matter.notes),
    )


def _plain_lines(text: str) -> str:
    """Make every line end with LF, and replace control characters, which Word leaves, by spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROLS)


_CONTROLS = {code: " " for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


@dataclass(slots=True)
class _Loaded:
    """The local images of a letter as they are loaded; `pictures` are cleaned, by their names.

    `names` and `weight` count the files as they are, damaged ones too: they are judged first.
    """

    load: Callable[[str], bytes] | None
    sizes: LetterLimits
    pictures: dict[str, bytes] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    weight: int = 0
    files: dict[bytes, bytes] = field(default_factory=dict)

    def add(self, image: str) -> Sentence | None:
        """Load an image if it is a local one; what is wrong with it, if anything."""
        scheme = image.partition(":")[0].lower() if ":" in image else ""
        if scheme == "https" or not image:
            return None
        if scheme == "data":
            return say(N_("an image is written into the text (data:): save it as a file beside it"))
        if scheme or image.startswith("//"):
            return say(
                N_('the image "{name}" is not at an https:// address: put it beside the letter'),
                name=image,
            )
        if self.load is None or image in self.names:
            return None
        try:
            return self._clean(image, self.load(image))
        except PliError as error:
            return error.sentences[0]

    def _clean(self, image: str, data: bytes) -> Sentence | None:
        self.names.add(image)
        if data not in self.files:
            self.weight += len(data)
            seen = images.look(image, data)
            if fault := limits.too_wide(image, seen.width * seen.height, self.sizes):
                return fault
            self.files[data] = images.cleaned(image, data)
        self.pictures[image] = self.files[data]
        return None


def check_expressions(letter: Letter, attributes: Collection[str]) -> list[Sentence]:
    """The faults of names that no person has: neither a field nor one of the `attributes`."""
    known = {*expressions.NAMES["subscriber"], *attributes}
    return _told(
        letter.source,
        (
            (letter.line + line, expressions.unknown("subscriber", name, known))
            for line, name in _asked(letter)
            if name not in known
        ),
    )


def attributes_asked(letter: Letter) -> set[str]:
    """The names that a letter reads as declared attributes of people."""
    return {name for _, name in _asked(letter)} - {*expressions.NAMES["subscriber"]}


def _asked(letter: Letter) -> Iterator[tuple[int, str]]:
    """Each name of `subscriber` that the letter reads, with its line in the body."""
    parsed = markdown.read(letter.body)
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
