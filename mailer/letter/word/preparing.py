"""Makes of a .docx one that holds only what letters have; tells all else, before mammoth reads it.

mammoth is silent of what it leaves out. So text boxes, footnotes, changes, fields and formulas are
looked for here, and either moved to where mammoth sees them, or told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter.converting.marks import Marks
from mailer.letter.import_report import Report
from mailer.letter.placeholders import Placeholders
from mailer.letter.word import boxes, changes, drawings, inner, notes, outer, styling
from mailer.letter.word.numbering import Numbering
from mailer.letter.word.package import Package, Relation
from mailer.letter.word.pictures import Pictures
from mailer.letter.word.places import Places
from mailer.letter.word.refusing import Unreadable
from mailer.letter.word.styles import Styles
from mailer.letter.word.writing import Prepared, written
from mailer.letter.word.xml import each, name, text_of
from pli.language import N_

MOST_PICTURES = 200
_LONGEST = 1_000_000
"""Signs: five times what a letter may have unless a setting says more."""
_NOTES = (("footnotes", "w:footnote"), ("endnotes", "w:endnote"))


@dataclass(slots=True)
class _Document:
    """A document while it is prepared: `words` takes what must be in the letter."""

    package: Package
    root: Element
    styles: Styles
    pictures: Pictures
    report: Report
    marks: Marks
    links: dict[str, str] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def prepare(
    package: Package, pictures: Pictures, report: Report, choice: str | None
) -> tuple[Prepared, list[str]]:
    """A .docx for mammoth, and the texts that the letter must have; raises Unreadable.

    `choice` says what becomes of tracked changes; None refuses a document that has some.
    """
    root = package.tree(package.main)
    body = root.find(name("w:body")) if root is not None else None
    if root is None or body is None:
        raise Unreadable(N_("there is no text of Word's in it: save it as .docx"))
    relations = package.relations(package.main)
    styles = Styles.of(_related(package, relations, "styles"))
    texts = [root, *_note_parts(package, relations).values()]
    words = [word for it in texts for word in text_of(it).split()]
    if (size := sum(map(len, words))) > _LONGEST:
        raise Unreadable(
            N_("its text has {size} MB: a letter is much shorter, so cut the document up"),
            size=size // 1_000_000,
        )
    if not words and not any(it.kind == "image" for it in relations.values()):
        raise Unreadable(N_("it holds no text"))
    marks = Marks(Placeholders(" ".join(words)))
    document = _Document(package, root, styles, pictures, report, marks)
    _count_pictures(relations)
    _settle(document, texts, choice)
    places = Places(root, styles)
    _clean(document, body, relations, places, boxes_stay=True)
    _put_notes(document, body, relations, places)
    numbering = Numbering.of(_related(package, relations, "numbering"))
    styling.Styler(styles, numbering, marks, report, places).simplify(body)
    outer.tell(package, relations, report)
    prepared = written(root, document.links, document.media, document.marks)
    return prepared, document.words


def _related(package: Package, relations: Mapping[str, Relation], kind: str) -> Element | None:
    part = next((it for it in relations.values() if it.kind == kind and not it.outside), None)
    return package.tree(part.target) if part else None


def _note_parts(package: Package, relations: Mapping[str, Relation]) -> dict[str, Element]:
    """The trees of footnotes and endnotes by the kind of part."""
    found = ((kind, _related(package, relations, kind)) for kind, _ in _NOTES)
    return {kind: tree for kind, tree in found if tree is not None}


def _count_pictures(relations: Mapping[str, Relation]) -> None:
    number = len({it.target for it in relations.values() if it.kind == "image"})
    if number > MOST_PICTURES:
        raise Unreadable(
            N_("it has {n} pictures: cut it up, a letter has {most} at most"),
            n=number,
            most=MOST_PICTURES,
        )


def _settle(document: _Document, texts: list[Element], choice: str | None) -> None:
    for text in texts:
        places = Places(text, document.styles)
        if choice is None:
            changes.refuse(text, places)
        else:
            changes.settle(text, choice, document.report, places)


def _clean(
    document: _Document,
    container: Element,
    relations: Mapping[str, Relation],
    places: Places,
    *,
    boxes_stay: bool,
) -> None:
    """Leave in a container (the body, or a footnote) only what mammoth reads."""
    inner.choose_alternatives(container)
    inner.simplify(container)
    inner.drop(container, document.styles, document.report, places)
    document.words.append(text_of(container))
    boxes.lift(container, document.marks if boxes_stay else None, document.report, places)
    drawer = drawings.Drawer(
        document.package, relations, document.pictures, document.report, places, document.media
    )
    drawer.simplify(container)
    inner.simplify_links(container, relations, document.links, document.report, places)


def _put_notes(
    document: _Document, body: Element, relations: Mapping[str, Relation], places: Places
) -> None:
    """Write each footnote below the text, between its marks; a mark where the text refers to it."""
    parts = {it.kind: it.target for it in relations.values() if not it.outside}
    trees = {kind: document.package.tree(parts[kind]) for kind, _ in _NOTES if kind in parts}
    number = 0
    for reference in each(body, "w:footnoteReference", "w:endnoteReference"):
        kind = "footnotes" if reference.tag == name("w:footnoteReference") else "endnotes"
        note = notes.find(trees.get(kind), reference.get(name("w:id"), ""))
        if note is None:
            continue
        number += 1
        note_places = notes.SamePlace(places.before(reference))
        _clean(
            document,
            note,
            document.package.relations(parts[kind]),
            note_places,
            boxes_stay=False,
        )
        notes.put(body, reference, note, document.marks, number)
