"""Headings that are only bold or in capitals: proposed as headings, and told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter.converting.inline import words
from mailer.letter.import_report import Report, place_of
from pli.language import N_, say

LONGEST = 120
_FOLLOWED = re.compile(r"[.;,:]\Z")


def guess(elements: Sequence[Element], report: Report) -> list[Element]:
    """Make headings of short lines that are bold or in capitals from end to end.

    The first one, of a document without a title, becomes the title; a line alone at the end of a
    document heads nothing, and stays.
    """
    titled = any(it.tag == "h1" for it in elements)
    deeper = any(it.tag in ("h2", "h3") for it in elements)
    found: list[Element] = []
    for at, element in enumerate(elements):
        if not _is_heading(element) or at + 1 == len(elements):
            found.append(element)
            continue
        made = Element("h3" if deeper else "h2")
        if not titled and not any(it.tag == "h1" for it in found) and at < 3:
            made.tag = "h1"
        made.text, made[:] = element.text, list(element)
        if _is_bold(element):
            made.text, made[:] = element[0].text, list(element[0])
        told = N_("“{text}” became a heading")
        report.changed(say(told, text=place_of(words(element))))
        found.append(made)
    return found


def _is_heading(element: Element) -> bool:
    if element.tag != "p" or element.attrib or element.find(".//img") is not None:
        return False
    text = words(element)
    if not 2 < len(text) <= LONGEST or element.find(".//br") is not None:
        return False
    letters = sum(it.isalpha() for it in text)
    capitals = text.isupper() and letters > 3
    return (capitals or _is_bold(element)) and (capitals or not _FOLLOWED.search(text))


def _is_bold(element: Element) -> bool:
    return (
        len(element) == 1
        and element[0].tag == "strong"
        and not (element.text or "").strip()
        and not (element[0].tail or "").strip()
    )
