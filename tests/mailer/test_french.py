from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract, extract_from_file
from babel.messages.pofile import read_po

from pli.language import LOCALE

HOUSE = Path(__file__).parents[2]
ROOMS = [
    *("expressions", "frontmatter", "images", "letters", "manuscript", "preflight", "theming"),
]
KEYWORDS = {"N_": None, "_": None, "tell": None}


def told() -> Iterator[tuple[str, str]]:
    """Everything that letters and their commands can tell a person, and where it stands."""
    for file in (
        *(HOUSE / "mailer" / f"{room}.py" for room in ROOMS),
        HOUSE / "commands/letters.py",
    ):
        for line, text, *_ in extract_from_file("python", str(file), keywords=KEYWORDS):
            yield f"{file.name}:{line}", str(text)
    for file in (HOUSE / "templates" / "letters").rglob("*.j2"):
        with file.open("rb") as opened:
            for line, text, *_ in extract("jinja2.ext:babel_extract", opened, keywords=KEYWORDS):
                yield f"{file.name}:{line}", str(text)


def test_everything_about_letters_can_be_told_in_french() -> None:
    with (LOCALE / "fr" / "mailer.po").open("rb") as file:
        french = {str(message.id): str(message.string) for message in read_po(file)}
    missing = [(place, text) for place, text in told() if not french.get(text)]
    assert missing == []


@pytest.mark.parametrize("name", ["{source}", "{key}", "{n}"])
def test_a_translation_fills_the_same_holes(name: str) -> None:
    with (LOCALE / "fr" / "mailer.po").open("rb") as file:
        for message in read_po(file):
            assert (name in str(message.id)) == (name in str(message.string)), message.id
