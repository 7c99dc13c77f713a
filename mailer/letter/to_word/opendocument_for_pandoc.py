"""Puts what pandoc loses of an OpenDocument text to where pandoc keeps it, or tells it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from mailer.letter.import_report import Report, place_of
from mailer.letter.to_word import opendocument_changes as changes
from mailer.letter.to_word.opendocument_xml import (
    DRAW,
    OASIS,
    OFFICE,
    STYLE,
    TABLE,
    TEXT,
    remove,
    text_of,
    unwrap,
)
from mailer.letter.word.xml import parents_of
from pli.language import N_, say

_BOLD = "PliHeading"
_WEIGHT = f"{{{OASIS}:xsl-fo-compatible:1.0}}font-weight"
_SECTIONS = frozenset(
    f"{TEXT}{it}"
    for it in ("section", "table-of-content", "alphabetical-index", "index-body", "index-title")
)
_BLOCKS = frozenset((*(f"{TEXT}{it}" for it in ("p", "h", "list")), f"{TABLE}table"))
_NO_FIELDS = frozenset(
    f"{TEXT}{it}"
    for it in (
        *("a", "span", "p", "h", "list-header", "meta", "note-citation", "ruby-base", "ruby-text"),
        *("tracked-changes", "index-title-template", "ruby", "linenumbering-separator"),
    )
)
"""Elements with words of their own that are no fields."""
_HIDDEN_FIELDS = frozenset(f"{TEXT}{it}" for it in ("hidden-text", "hidden-paragraph"))


def keep(content: Element, styles: Element | None, choice: str | None, report: Report) -> None:
    """Prepare a document for pandoc 2.17 and later; raises Unreadable for tracked changes.

    `choice` says what becomes of these.
    """
    changes.settle(content, choice, report)
    _drop_hidden(content, styles, report)
    _lift_boxes(content, report)
    _open_heading_rows(content)
    _open_sections(content)
    _open_fields(content, report)


def _drop_hidden(content: Element, styles: Element | None, report: Report) -> None:
    """Take hidden text out, which pandoc would show."""
    hidden = {
        style.get(f"{STYLE}name")
        for root in (content, styles)
        if root is not None
        for style in root.iter(f"{STYLE}style")
        if any(it.get(f"{TEXT}display") == "none" for it in style)
    }
    parents = parents_of(content)
    for element in list(content.iter()):
        if (
            element.get(f"{TEXT}style-name", "") in hidden
            or element.tag in _HIDDEN_FIELDS
            or (element.tag == f"{TEXT}section" and element.get(f"{TEXT}display") == "none")
        ):
            if text := " ".join(text_of(element).split()):
                report.left_out(say(N_("the hidden text “{text}”"), text=text))
            remove(element, parents)


def _lift_boxes(content: Element, report: Report) -> None:
    """Put what a text box holds behind its paragraph: pandoc reads no box."""
    parents = parents_of(content)
    # From the innermost box on, so that a box within a box is lifted out of both.
    for box in reversed([it for it in content.iter() if it.tag.startswith(DRAW)]):
        inside = [it for it in box if it.tag in _BLOCKS]
        if not inside:
            continue
        anchor = box
        while anchor.tag not in (f"{TEXT}p", f"{TEXT}h") and parents[anchor] in parents:
            anchor = parents[anchor]
        parent = parents[anchor]
        at = list(parent).index(anchor) + 1
        parent[at:at] = inside
        for child in inside:
            box.remove(child)
            parents[child] = parent
        told = N_("a text box became paragraphs")
        report.changed(say(told), place_of(text_of(anchor)))


def _open_heading_rows(content: Element) -> None:
    """Make a table's heading rows plain ones, in bold: pandoc 2.17 loses their words."""
    parents = parents_of(content)
    for rows in list(content.iter(f"{TABLE}table-header-rows")):
        for paragraph in [*rows.iter(f"{TEXT}p")]:
            _make_bold(paragraph)
        unwrap(rows, parents)
    automatic = content.find(f"{OFFICE}automatic-styles")
    if automatic is None:
        automatic = Element(f"{OFFICE}automatic-styles")
        content.insert(0, automatic)
    style = Element(f"{STYLE}style", {f"{STYLE}name": _BOLD, f"{STYLE}family": "text"})
    style.append(Element(f"{STYLE}text-properties", {_WEIGHT: "bold"}))
    automatic.append(style)


def _open_sections(content: Element) -> None:
    """Put the paragraphs of sections and indexes in their place: pandoc 2.17 loses them."""
    parents = parents_of(content)
    for section in list(content.iter()):
        if section.tag in _SECTIONS:
            unwrap(section, parents)


def _open_fields(content: Element, report: Report) -> None:
    """Make plain text of fields, such as a date: pandoc leaves most of them out."""
    for element in content.iter():
        if (
            element.tag.startswith(TEXT)
            and element.tag not in _NO_FIELDS
            and (element.text or "").strip()
        ):
            kind = element.tag.removeprefix(TEXT).upper()
            report.changed(say(N_("a field ({kind}) became the text that it showed"), kind=kind))
            element.tag = f"{TEXT}span"
            element.attrib.clear()


def _make_bold(paragraph: Element) -> None:
    span = Element(f"{TEXT}span", {f"{TEXT}style-name": _BOLD})
    span.text, paragraph.text = paragraph.text, None
    span.extend(list(paragraph))
    paragraph[:] = [span]
