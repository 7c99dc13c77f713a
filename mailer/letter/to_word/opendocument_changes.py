"""Tracked changes of an OpenDocument text: pandoc takes all of them for accepted, silently."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from mailer.letter.import_report import Report, place_of
from mailer.letter.to_word.opendocument_xml import TEXT, remove, text_of
from mailer.letter.word.refusing import Unreadable
from mailer.letter.word.xml import parents_of
from pli.language import N_, Sentence, say, say_n

_ID = f"{TEXT}change-id"
_SHOWN = 3


def settle(content: Element, choice: str | None, report: Report) -> None:
    """Accept the changes of a document if `choice` is "accept"; raises Unreadable else."""
    changes = [*content.iter(f"{TEXT}insertion"), *content.iter(f"{TEXT}deletion")]
    if not changes:
        return
    if choice is None:
        raise Unreadable.listing(_told(content))
    if choice == "reject":
        raise Unreadable(N_("only LibreOffice rejects the changes of an .odt: reject them there"))
    for deletion in content.iter(f"{TEXT}deletion"):
        if text := " ".join(text_of(deletion).split()):
            report.left_out(say(N_("the deleted “{text}”"), text=text))
    parents = parents_of(content)
    for it in list(content.iter(f"{TEXT}tracked-changes")):
        remove(it, parents)


def _told(content: Element) -> list[Sentence]:
    """How many changes there are, and the first of them."""
    inserted = _inserted(content)
    found = []
    for region in content.iter(f"{TEXT}changed-region"):
        for it in region:
            if it.tag == f"{TEXT}deletion":
                found.append(say(N_("the deleted “{text}”"), text=place_of(text_of(it))))
            elif it.tag == f"{TEXT}insertion":
                text = next(
                    (inserted[key] for key in region.attrib.values() if key in inserted), ""
                )
                found.append(say(N_("the inserted “{text}”"), text=place_of(text)))
    many = say_n(
        "it has {n} tracked change: say --changes accept or --changes reject",
        "it has {n} tracked changes: say --changes accept or --changes reject",
        len(found),
    )
    return [many, *found[:_SHOWN]]


def _inserted(content: Element) -> Mapping[str, str]:
    """The inserted text of each change, by its id."""
    open_ids: set[str] = set()
    texts: dict[str, str] = {}

    def add(text: str | None) -> None:
        for it in open_ids:
            texts[it] = texts.get(it, "") + (text or "")

    def walk(element: Element) -> None:
        if element.tag == f"{TEXT}change-start":
            open_ids.add(element.get(_ID, ""))
        elif element.tag == f"{TEXT}change-end":
            open_ids.discard(element.get(_ID, ""))
        add(element.text)
        for child in element:
            if child.tag != f"{TEXT}tracked-changes":
                walk(child)
            add(child.tail)

    walk(content)
    return texts
