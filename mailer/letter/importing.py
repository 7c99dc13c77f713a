"""A foreign document becomes a letter: its Markdown, its pictures, and the report of the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from mailer.letter import data_pictures, markdown_writer
from mailer.letter.converting.convert import convert
from mailer.letter.converting.converted import Converted
from mailer.letter.framed import framed, unframed
from mailer.letter.front_matter import FIXME
from mailer.letter.import_front import front_matter, number_in
from mailer.letter.import_report import Fate, Report
from mailer.letter.import_taken import tell_taken
from mailer.letter.word.refusing import Unreadable
from pli import confined
from pli.errors import PliError
from pli.language import N_, as_document, as_sentence, say

__all__ = ["FIXME", "LARGEST_FILE", "Imported", "Wish", "number_in", "read", "read_confined"]

LARGEST_FILE = 100_000_000
CONFINES = confined.Confines()
_WORD = re.compile(r"\w+")
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Wish:
    """How a document is read: `stem` begins the names of its pictures.

    `changes` is "accept" or "reject"; None refuses tracked changes. `next_number` is the letter's
    where neither `number` nor the document tells one.
    """

    stem: str
    name: str = ""
    number: int | None = None
    changes: str | None = None
    guess_headings: bool = True
    next_number: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A letter's text, its pictures by their names, and what became of the document."""

    text: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


def read(data: bytes, wish: Wish, original: str | None = None) -> Imported:
    """Make a letter of a .docx or of HTML; raises PliError if nothing can be read.

    `original` is the text of the document that a program made the .docx of: its words count then.
    Runs in this process: `read_confined` is for files from elsewhere.
    """
    # Here, not above: mammoth and defusedxml are for the child process alone.
    from mailer.letter.word import reading

    report = Report()
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0"):
        converted, pictures, words = reading.read(
            data,
            wish.stem,
            report,
            choice=wish.changes,
            guess_headings=wish.guess_headings,
        )
        body = markdown_writer.write(converted.tree, converted.blocks)
        if original is not None:
            words = [original]
        _tell_missing(words, body, report)
        if not len(converted.tree):
            raise Unreadable.listing(
                [say(N_("it holds nothing that a letter can have")), *report.lines(Fate.LEFT_OUT)]
            )
    else:
        converted, pictures = _of_html(data, wish, report)
        body = markdown_writer.write(converted.tree, converted.blocks)
    tell_taken(converted, report)
    front = front_matter(converted.tree, wish.name, wish.number, wish.next_number, report=report)
    return Imported(front + body, pictures, report)


def as_html(html: str) -> bytes:
    """A text that is read as HTML, whatever is in it."""
    return f"<div>{html}</div>".replace("\0", "").encode("utf-8", "replace")


def _of_html(data: bytes, wish: Wish, report: Report) -> tuple[Converted, dict[str, bytes]]:
    try:
        html = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(N_("it is neither a Word file nor a text in UTF-8")) from None
    if "\0" in html or not html.strip():
        raise Unreadable(N_("it holds no text"))
    if not re.search(r"<[a-zA-Z!/]", html):
        html = "".join(f"<p>{_escaped(it)}</p>" for it in re.split(r"\n\s*\n", html))
    html, pictures = data_pictures.taken_out(html, wish.stem)
    converted = convert(html, report, files=frozenset(pictures), guess_headings=wish.guess_headings)
    if not len(converted.tree):
        raise Unreadable(N_("it holds no text"))
    return converted, pictures


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")


def _tell_missing(words: Sequence[str], body: str, report: Report) -> None:
    """Tell each word of the document that neither the letter nor the report has.

    What no rule foresaw is found here, so that nothing is lost without a word.
    """
    # Only the values: neither our own words nor those of a place are the document's.
    told = " ".join(
        str(it) for one in report.of(Fate.LEFT_OUT) for it in one.sentence.values.values()
    )
    there = Counter(_WORD.findall(_unmarked(f"{body} {told}").casefold()))
    found = _WORD.findall(" ".join(words))
    # Words that the document parts and the letter joins, as where a paragraph's end was deleted.
    joined = " ".join(there - Counter(it.casefold() for it in found))
    missing = []
    for word in found:
        there[word.casefold()] -= 1
        if there[word.casefold()] < 0 and word.casefold() not in joined:
            missing.append(word)
    if missing:
        shown = " ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
        report.left_out(say(N_("the words “{text}”"), text=shown))


def _unmarked(text: str) -> str:
    """Markdown without the signs that cut words in two."""
    return re.sub(r"\\(?=[\W_])|\*\*|\*|~~|</?(?:strong|em|s|u|sup|sub)>", "", text)


def read_confined(data: bytes, wish: Wish, original: str | None = None) -> Imported:
    """Make a letter as `read` does, in a child process with limits; raises PliError."""
    asked = framed({"wish": asdict(wish), "original": original}, [data])
    document, pictures = unframed(call_confined(f"{__name__}:_answer", asked))
    if "faults" in document:
        raise Unreadable.listing(as_sentence(it) for it in document["faults"])
    named = dict(zip(document["pictures"], pictures, strict=True))
    return Imported(document["text"], named, Report.of_document(document["report"]))


def call_confined(function: str, payload: bytes) -> bytes:
    """What a function says to a foreign document, in a child process; raises Unreadable."""
    try:
        return confined.call(function, payload, CONFINES)
    except confined.TooMuchMemory:
        raise Unreadable(N_("it needs more memory than it may have: cut it up")) from None
    except confined.TooLong:
        raise Unreadable(N_("it takes too long to read: cut it up")) from None
    except confined.Confined:
        raise Unreadable(
            N_("it is damaged, or made in a way that Pli does not know: save it anew in Word")
        ) from None


def _answer(payload: bytes) -> bytes:
    """What the child process says: a letter, or why there is none."""
    asked, (data,) = unframed(payload)
    try:
        made = read(data, Wish(**asked["wish"]), asked["original"])
    except PliError as error:
        return framed({"faults": [as_document(it) for it in error.sentences]}, [])
    document = {
        "text": made.text,
        "pictures": list(made.pictures),
        "report": made.report.as_document(),
    }
    return framed(document, list(made.pictures.values()))
