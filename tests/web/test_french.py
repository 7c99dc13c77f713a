"""Everything that pages and reports say is said in French, too."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

from pli.files import shipped
from pli.language import translations

HOUSE = Path(__file__).parents[2]
TEMPLATES = shipped("templates")
FILES = [
    *(TEMPLATES / "public").glob("*.j2"),
    *(TEMPLATES / "office").glob("*.j2"),
    *(TEMPLATES / "reports").glob("*.j2"),
    *(HOUSE / "web").glob("*.py"),
    *(HOUSE / "mailer" / f"{name}.py" for name in ("reports", "reasons", "balance")),
    *(HOUSE / "commands" / f"{name}.py" for name in ("reporting", "report_table")),
]
KEYWORDS = {"N_": None, "_": None, "ngettext": (1, 2)}


def messages(file: Path) -> Iterator[str | tuple[str, ...]]:
    method = "python" if file.suffix == ".py" else babel_extract
    for _, message, *_rest in extract_from_file(method, str(file), keywords=KEYWORDS):
        yield message


@pytest.mark.parametrize("file", FILES, ids=lambda it: it.name)
def test_every_message_has_its_french_with_the_same_holes(file: Path) -> None:
    catalogue = translations("fr")
    for message in messages(file):
        if isinstance(message, tuple):
            french = catalogue.ngettext(*message, 2)
            assert french not in message, message
            continue
        french = catalogue.gettext(message)
        if message not in ("HTML", "Source", "Pages"):
            assert french != message, message
        if "%(" not in message:
            assert holes(french) == holes(message), message
        assert french.count("%(") == message.count("%(")


def holes(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}
