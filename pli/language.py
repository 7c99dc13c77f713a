"""Sentences for people, independent of the language in which people read them.

A package makes a Sentence. The command line and the web know the reader, and so the language.
English is the source; the files `locale/fr/*.po` hold the French.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pli.catalogue import PLURALS, Catalogue

LANGUAGES = ("fr", "en")

LOCALE = Path(__file__).parent / "locale"


def N_(text: str) -> str:
    """Mark a text that is translated later, when it is shown."""
    return text


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; without one, as for English, texts stay as they are."""
    if language not in PLURALS:
        return gettext.NullTranslations()
    return Catalogue(language, sorted((LOCALE / language).glob("*.po")))


def terminal_language(environment: Mapping[str, str] = os.environ) -> str:
    """The language of the terminal's user, by POSIX's order of variables."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"


@runtime_checkable
class Told(Protocol):
    """What can be told in a language: a Sentence, or a value that languages write differently."""

    def tell(self, language: str) -> str:
        """The text in one language."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to tell a person: an English text with {fields}, and their values.

    A value may itself be Told: a Sentence, an hour. With `plural`, the value `n` decides between
    `text` and `plural`. A number in a hole such as {now:n} is told in groups, as the language has
    them: 1 204.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str | None = None

    def tell(self, language: str) -> str:
        """The sentence in one language."""
        catalogue = translations(language)
        values = {name: _told(value, language) for name, value in self.values.items()}
        text = (
            catalogue.ngettext(self.text, self.plural, self.values["n"])
            if self.plural
            else catalogue.gettext(self.text)
        )
        return text.format_map(values) if values else text

    def __str__(self) -> str:
        return self.tell("en")


class _Grouped(int):
    """A number that the format "n" tells as a language does."""

    language = "en"

    def __format__(self, spec: str) -> str:
        if spec != "n":
            return super().__format__(spec)
        # Imported here: few sentences need it, and every command tells some.
        from babel.numbers import format_decimal

        return format_decimal(int(self), locale=self.language)


def _told(value: Any, language: str) -> Any:
    if isinstance(value, Told):
        return value.tell(language)
    if type(value) is int:
        grouped = _Grouped(value)
        grouped.language = language
        return grouped
    return value


def as_document(sentence: Sentence) -> dict[str, Any]:
    """A sentence as JSON, with those that stand in it: they are told in the reader's language."""
    values = {
        name: as_document(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    kept: dict[str, Any] = {"text": sentence.text, "values": values}
    return kept | {"plural": sentence.plural} if sentence.plural else kept


def as_sentence(kept: Mapping[str, Any]) -> Sentence:
    """A sentence that was kept as JSON, to be told."""
    values = {
        name: as_sentence(value) if isinstance(value, dict) else value
        for name, value in kept["values"].items()
    }
    return Sentence(kept["text"], values, kept.get("plural"))


def say(text: str, /, **values: Any) -> Sentence:
    """Make a Sentence; the extraction of messages looks for this name."""
    return Sentence(text, values)


def say_n(text: str, plural: str, n: int, /, **values: Any) -> Sentence:
    """Make a Sentence with a plural; the extraction of messages looks for this name."""
    return Sentence(text, {"n": n, **values}, plural)
