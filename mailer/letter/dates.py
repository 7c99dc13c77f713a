"""Reads and writes a date as people write it in a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from babel.dates import format_date, get_month_names

from pli.language import LANGUAGES


def read(text: str) -> date | None:
    """Reads `2025-10-14`, `14/10/2025`, `14.10.2025`, `14 octobre 2025` and `1er mai 2025`."""
    for parts in _parts(text):
        try:
            return date(*parts)
        except ValueError:
            continue
    return None


def _parts(text: str) -> Iterator[tuple[int, int, int]]:
    if iso := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII):
        yield int(iso[1]), int(iso[2]), int(iso[3])
    if french := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text, re.ASCII):
        yield int(french[3]), int(french[2]), int(french[1])
    if words := re.fullmatch(r"(\d{1,2})(?:er)?\s+(\w+)\s+(\d{4})", text):
        for language in LANGUAGES:
            for month, name in get_month_names("wide", locale=language).items():
                if name.casefold() == words[2].casefold():
                    yield int(words[3]), month, int(words[1])


def written(of: date, form: str, language: str) -> str:
    """A date in a form of Babel's ("long", or a pattern), in a language.

    French counts the first of a month, and no other day; Babel does not.
    """
    text = str(format_date(of, form, locale=language))
    if language == "fr" and of.day == 1:
        return re.sub(r"(?<!\d)1(?=\s)", "1er", text, count=1)
    return text
