"""Tracked changes: counted with their places, then accepted or rejected as the author says."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from mailer.letter.import_report import Report, place_of, placed
from mailer.letter.word.places import Places
from mailer.letter.word.refusing import Unreadable
from mailer.letter.word.xml import each, name, parents_of, text_of, unwrap
from pli.language import N_, say, say_n

CHOICES = ("accept", "reject")
_CONTENT = ("w:ins", "w:del", "w:moveFrom", "w:moveTo")
_NEW = frozenset(map(name, ("w:ins", "w:moveTo", "w:cellIns")))
_OLD = frozenset(map(name, ("w:del", "w:moveFrom", "w:cellDel")))
_MOVED = frozenset(map(name, ("w:moveFrom", "w:moveTo")))
_PROPERTIES = frozenset(map(name, ("w:rPr", "w:trPr", "w:tcPr", "w:numPr")))
_SHOWN = 3
_AS_TEXT = {name("w:delText"): name("w:t"), name("w:delInstrText"): name("w:instrText")}


def refuse(root: Element, places: Places) -> None:
    """Raise Unreadable if a document has tracked changes: how many, and where the first are."""
    found = [it for it in each(root, *_CONTENT) if text_of(it).strip()]
    if not found:
        found = [*each(root, *_CONTENT)]
    if not found:
        return
    sentences = [
        say_n(
            "it has {n} tracked change: say --changes accept or --changes reject",
            "it has {n} tracked changes: say --changes accept or --changes reject",
            len(found),
        )
    ]
    for it in found[:_SHOWN]:
        told = N_("the inserted “{text}”") if it.tag in _NEW else N_("the deleted “{text}”")
        sentences.append(placed(say(told, text=place_of(text_of(it))), [places.before(it)]))
    raise Unreadable.listing(sentences)


def settle(root: Element, choice: str, report: Report, places: Places) -> None:
    """Accept or reject all changes; words that go are told."""
    gone = _OLD if choice == "accept" else _NEW
    stays = _NEW if choice == "accept" else _OLD
    parents = parents_of(root)
    for element in list(root.iter()):
        parent = parents.get(element)
        if parent is None or element.tag not in gone | stays:
            continue
        if parent.tag in _PROPERTIES:
            _settle_mark(element, parent, parents, element.tag in gone)
        elif element.tag in gone:
            text = " ".join(text_of(element).split())
            if text and element.tag not in _MOVED:
                told = (
                    N_("the deleted “{text}”")
                    if choice == "accept"
                    else N_("the inserted “{text}”")
                )
                report.left_out(say(told, text=text), places.before(element))
            parent.remove(element)
        else:
            _as_text(element)
            unwrap(element, parent)
            for child in element:
                parents[child] = parent


def _settle_mark(
    element: Element, parent: Element, parents: dict[Element, Element], gone: bool
) -> None:
    """A change of a paragraph's end, a row or a cell: mammoth joins and drops what `w:del` says."""
    parent.remove(element)
    if not gone:
        return
    if parent.tag == name("w:tcPr"):
        cell = parents[parent]
        for text in each(cell, "w:t", "w:delText"):
            text.text = ""
    else:
        parent.append(Element(name("w:del")))


def _as_text(element: Element) -> None:
    for it in element.iter():
        it.tag = _AS_TEXT.get(it.tag, it.tag)
