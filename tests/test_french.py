"""Everything that a person can be told is said in French, too, with the same holes."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from pli.language import translations
from tests.paths import ROOT

FILES = sorted(
    file
    for folder in ("commands", "mailer", "pli", "subscribers", "templates", "web")
    for file in (ROOT / folder).rglob("*")
    if file.name == "cli.py" or file.suffix in (".py", ".j2")
)
PYTHON = {"N_": None, "_": None, "say_n": (1, 2)}
TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2), "tell": None}
SAME_IN_FRENCH = {"Date", "HTML", "Pages", "Source", "machine", "segment", "version"}


def messages(file: Path) -> Iterator[str | tuple[str, ...]]:
    if file.suffix == ".py":
        found = extract_from_file("python", str(file), keywords=PYTHON)
    else:
        found = extract_from_file("jinja2.ext:babel_extract", str(file), keywords=TEMPLATES)
    for _, message, *_rest in found:
        yield message


def holes(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}


def words(text: str) -> str:
    """What of a message is language, and neither a hole nor a sign."""
    return "".join(it for part, *_ in string.Formatter().parse(text) for it in part if it.isalpha())


@pytest.mark.parametrize("file", FILES, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_message_has_its_french_with_the_same_holes(file: Path) -> None:
    catalogue = translations("fr")
    missing: list[str | tuple[str, ...]] = []
    for message in messages(file):
        if isinstance(message, tuple):
            one, many = message
            french = [catalogue.ngettext(one, many, n) for n in (1, 2)]
            missing += [message] if french == [one, many] else []
            assert holes(french[1]) <= holes(many), message
            continue
        french_ = catalogue.gettext(message)
        if french_ == message and message not in SAME_IN_FRENCH and words(message):
            missing.append(message)
        if "%(" not in message:
            assert holes(french_) == holes(message), message
        assert french_.count("%(") == message.count("%(")
    assert missing == []


def test_enough_is_looked_at_to_find_what_is_missing() -> None:
    assert sum(1 for file in FILES for _ in messages(file)) > 500
