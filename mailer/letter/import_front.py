"""The front matter of a letter that was a document; FIXME stands for what is not known."""

from __future__ import annotations

import re
from datetime import date
from xml.etree.ElementTree import Element

from mailer.letter import dates
from mailer.letter.converting.inline import words
from mailer.letter.front_matter import FIXME
from mailer.letter.import_report import Report
from pli.harmless import as_spaces
from pli.language import N_, say

_HEADINGS = ("h1", "h2", "h3")
_NUMBER = re.compile(r"\bn[°ºo]\.?\s*(\d{1,6})\b", re.IGNORECASE)
_IN_NAME = re.compile(r"(?:lettre|n[°o]?|no)[ _.-]{0,3}(\d{1,6})(?!\d)", re.IGNORECASE)
_DATE = re.compile(
    r"\b(\d{1,2}(?:er)?\s+[^\W\d]{3,10}\s+\d{4}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}-\d{2}-\d{2})\b"
)
_HEAD = 8
"""Blocks of the beginning, in which a number or a date is the letter's own."""
_LONGEST_TITLE = 200


def front_matter(
    tree: Element,
    name: str,
    number: int | None,
    otherwise: int | None = None,
    *,
    report: Report,
) -> str:
    """The lines of a front matter, with a line of dashes above and below, and an empty one.

    `otherwise` is the letter's number where neither `number` nor the document tells one. `report`
    takes what was guessed: a date near the beginning may be that of a meeting.
    """
    head = [words(it) for it in list(tree)[:_HEAD]]
    title = _title(tree)
    found = number or _number([title or "", *head], name) or otherwise
    day, written = _date(head)
    if day:
        told = N_("the first date, “{text}”, became the letter's: look whether that is right")
        report.changed(say(told, text=written))
    named = title if title and _NUMBER.search(title) else f"Lettre n° {found} : {title}"
    subject = named if found and title else FIXME
    return "\n".join(
        (
            "---",
            f"number: {found or FIXME}",
            f"title: {_quoted(title)}",
            f"date: {day.isoformat() if day else FIXME}",
            f"subject: {_quoted(subject)}",
            f"preheader: {FIXME}",
            "---",
            "",
            "",
        )
    )


def _title(tree: Element) -> str | None:
    """The title of a document: its first heading of the highest level."""
    for tag in _HEADINGS:
        for element in tree.iter(tag):
            if text := words(element):
                return text[:_LONGEST_TITLE]
    return None


def _number(texts: list[str], name: str) -> int | None:
    for text in texts:
        if found := _NUMBER.search(text):
            return int(found[1]) or None
    return number_in(name)


def number_in(name: str) -> int | None:
    """The number of a letter in the name of its file."""
    found = _IN_NAME.search(name)
    return (int(found[1]) or None) if found else None


def _date(texts: list[str]) -> tuple[date | None, str]:
    """The first date, and how it is written."""
    for text in texts:
        for written in _DATE.findall(text):
            if day := dates.read(written.casefold()):
                return day, written
    return None, ""


def _quoted(text: str | None) -> str:
    if text is None or text == FIXME:
        return FIXME
    said = as_spaces(text).replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    escaped = said.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
