"""A language's texts, read from the `.po` files that translators write.

Babel reads such files too, and ten times as slowly, which every French command would wait for. So
here is read only what our files have: comments, msgid, msgid_plural, msgstr. A test compares what
both readers find.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

_LINE = re.compile(r'(?:(?P<keyword>msgid|msgid_plural|msgstr)(?:\[\d\])? )?(?P<text>".*")')

PLURALS: Mapping[str, Callable[[int], int]] = {"fr": lambda n: int(n > 1)}
"""Which of its forms a language has for a number: what `Plural-Forms` says in its files."""


class Catalogue(gettext.NullTranslations):
    """One language's texts; a text that it does not have is told as it is."""

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
        """The text in this language, in the form that the number asks for."""
        forms = self._forms.get(msgid1)
        return forms[self._form_of(n)] if forms else super().ngettext(msgid1, msgid2, n)


def messages(file: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every text of a file that is translated, and its forms; the header has no text."""
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
