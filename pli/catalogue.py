"""Reads a language's texts from the `.po` files that translators write.

Babel reads such files, too, but ten times as slowly, and every French command would wait. This
reader knows only what our files have: comments, msgid, msgid_plural, msgstr. A test compares the
results of both readers.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

_LINE = re.compile(r'(?:(?P<keyword>msgid|msgid_plural|msgstr)(?:\[\d\])? )?(?P<text>".*")')

PLURALS: Mapping[str, Callable[[int], int]] = {"fr": lambda n: int(n > 1)}
"""Which plural form a language uses for a number, as `Plural-Forms` in its files says."""


class Catalogue(gettext.NullTranslations):
    """One language's texts; a text without a translation stays as it is."""

    def __init__(self, language: str, files: Iterable[Path]) -> None:
        super().__init__()
        self._form_of = PLURALS[language]
        self._forms = {
            text: forms for file in files for text, forms in messages(file.read_text("utf-8"))
        }

    def gettext(self, message: str) -> str:
        """The text in this language."""
        return self._forms.get(message, (message,))[0]

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The text in this language, in the plural form for `n`."""
        forms = self._forms.get(msgid1)
        return forms[self._form_of(n)] if forms else super().ngettext(msgid1, msgid2, n)


def messages(file: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each translated text of a file with its forms; without the header, whose text is ""."""
    parts: list[tuple[str, str]] = []
    for line in (*file.splitlines(), 'msgid ""'):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"no line of a catalogue: {line}")
        keyword, text = found["keyword"], json.loads(found["text"])
        if keyword is None:
            before, begun = parts.pop()
            parts.append((before, begun + text))
            continue
        if keyword == "msgid":
            yield from _message(parts)
            parts = []
        parts.append((keyword, text))


def _message(parts: list[tuple[str, str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    forms = tuple(text for keyword, text in parts if keyword == "msgstr")
    if parts and parts[0][1] and all(forms):
        yield parts[0][1], forms
