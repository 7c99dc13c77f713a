"""Every text that a person sees has its French, in every room and every catalogue."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from gettext import c2py
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from commands.french_click import MODULES
from pli.catalogue import PLURALS
from pli.catalogue import messages as read_by_us
from pli.files import shipped
from pli.language import LOCALE, translations
from tests.paths import ROOT

MARKS = {"N_": None, "_": None, "say": None, "say_n": (1, 2), "gettext": None, "ngettext": (1, 2)}
LETTER_MARKS = MARKS | {"tell": None}
ROOMS = {
    **{
        room: [*ROOT.glob(f"{room}/**/*.py")]
        for room in ("pli", "subscribers", "accounts", "mailer", "web")
    },
    "commands": [ROOT / "cli.py", *ROOT.glob("commands/**/*.py")],
    "templates": [*shipped("templates").glob("**/*.j2")],
}
CATALOGUES = sorted((LOCALE / "fr").glob("*.po"))

METHODS = {".py": "python", ".j2": "jinja2.ext:babel_extract"}


def extracted(files: Iterable[Path]) -> dict[tuple[str, ...], str]:
    """Every marked text, with its plural, and where it first stands."""
    found: dict[tuple[str, ...], str] = {}
    for file in sorted(files):
        marks = LETTER_MARKS if file.suffix == ".j2" else MARKS
        for line, text, *_ in extract_from_file(METHODS[file.suffix], str(file), keywords=marks):
            found.setdefault(forms(text), f"{file.name}:{line}")
    return found


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def holes(text: str) -> set[str]:
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return named | set(re.findall(r"%\((\w+)\)", text))


def messages(catalogue: Path) -> list[Message]:
    with catalogue.open("rb") as file:
        return [message for message in read_po(file, locale="fr") if message.id]


@cache
def texts_of(room: str) -> dict[tuple[str, ...], str]:
    return extracted(ROOMS[room])


@cache
def texts_of_click() -> dict[tuple[str, ...], str]:
    return extracted(Path(str(module.__file__)) for module in (*MODULES, click))


@cache
def french_texts() -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        forms(message.id): forms(message.string)
        for catalogue in CATALOGUES
        for message in messages(catalogue)
        if not message.fuzzy
    }


@pytest.mark.parametrize("room", ROOMS)
def test_everything_a_room_tells_has_its_french(room: str) -> None:
    known = french_texts()
    missing = [
        f"{place}: {text}"
        for text, place in texts_of(room).items()
        if not all(known.get(text, [""]))
    ]
    assert not missing, "\n".join([f"{len(missing)} texts without French:", *missing])


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda it: it.stem)
def test_our_reader_finds_in_a_catalogue_what_babel_finds(catalogue: Path) -> None:
    of_babel = {forms(it.id)[0]: forms(it.string) for it in messages(catalogue)}
    assert dict(read_by_us(catalogue.read_text("utf-8"))) == of_babel


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda it: it.stem)
def test_a_number_has_the_form_that_the_catalogue_says(catalogue: Path) -> None:
    with catalogue.open("rb") as file:
        told = c2py(read_po(file).plural_expr)
    assert [PLURALS["fr"](n) for n in range(200)] == [told(n) for n in range(200)]


def test_a_number_chooses_its_form_and_what_has_no_french_stays_english() -> None:
    french = translations("fr")
    one, many = (
        "Takes {nargs} values but 1 was given.",
        "Takes {nargs} values but {len} were given.",
    )
    assert french.ngettext(one, many, 1) != french.ngettext(one, many, 2)
    assert french.ngettext("a cow", "cows", 1) == "a cow"
    assert french.ngettext("a cow", "cows", 2) == "cows"
    assert french.gettext("a cow") == "a cow"


def test_a_line_that_is_no_catalogues_is_refused() -> None:
    with pytest.raises(ValueError, match="msgctxt"):
        list(read_by_us('msgctxt "menu"\nmsgid "a"\nmsgstr "b"\n'))


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda it: it.stem)
def test_every_translation_belongs_to_a_text_that_is_told(catalogue: Path) -> None:
    if catalogue.stem == "click":
        told = {*texts_of_click()}
    else:
        told = {text for room in ROOMS for text in texts_of(room)}
    assert [message.id for message in messages(catalogue) if forms(message.id) not in told] == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda it: it.stem)
def test_a_translation_has_the_same_holes(catalogue: Path) -> None:
    differing = [
        french
        for message in messages(catalogue)
        for english, french in zip(forms(message.id), forms(message.string), strict=True)
        if holes(english) != holes(french)
    ]
    assert differing == []


def test_one_text_has_one_french() -> None:
    found = defaultdict(set)
    for catalogue in CATALOGUES:
        for message in messages(catalogue):
            found[forms(message.id)].add(forms(message.string))
    assert {english: french for english, french in found.items() if len(french) > 1} == {}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda it: it.stem)
def test_french_keeps_its_signs_on_the_line_with_their_words(catalogue: Path) -> None:
    loose = [
        french
        for message in messages(catalogue)
        for french in forms(message.string)
        if re.search(r" [:;!?»]|« |\w[;!]|«\w|\w'\w", french)
    ]
    assert loose == []
