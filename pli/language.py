"""Sentences that people read, kept apart from the language they are told in.

A room says *what* is to be told; the roof (cli, web) knows to whom and so in which language.
English is the source; `locale/fr/SUBJECT.po` holds the French of one subject.
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
    """Mark a text for translation where it is told later."""
    return text


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one language; English, and any we do not speak, is the source itself."""
    if language not in PLURALS:
        return gettext.NullTranslations()
    return Catalogue(language, sorted((LOCALE / language).glob("*.po")))


def terminal_language(environment: Mapping[str, str] = os.environ) -> str:
    """The language of whoever sits at the terminal, by POSIX's order of variables."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"


@runtime_checkable
class Told(Protocol):
    """What is told in a language: a Sentence, or a value that languages write differently."""

    def tell(self, language: str) -> str:
        """In one language."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to tell a person: the English text with {holes}, and what goes into them.

    A value may itself be told: a Sentence, an hour. With `plural` and a value named `n`, the number
    decides.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str | None = None

    def tell(self, language: str) -> str:
        """The sentence in one language."""
        catalogue = translations(language)
        values = {
            name: value.tell(language) if isinstance(value, Told) else value
            for name, value in self.values.items()
        }
        text = (
            catalogue.ngettext(self.text, self.plural, self.values["n"])
            if self.plural
            else catalogue.gettext(self.text)
        )
        return text.format_map(values) if values else text

    def __str__(self) -> str:
        return self.tell("en")


def say(text: str, /, **values: Any) -> Sentence:
    """Make a Sentence; the extraction of messages knows this name."""
    return Sentence(text, values)


def say_n(text: str, plural: str, n: int, /, **values: Any) -> Sentence:
    """Make a Sentence that counts; the extraction of messages knows this name."""
    return Sentence(text, {"n": n, **values}, plural)
