"""Each Word file of ours becomes the letter and the report that lie beside its name."""

from __future__ import annotations

import io
import os
import re
import zipfile

import pytest

from mailer.letter import importing, markdown
from mailer.letter.import_report import Fate
from mailer.letter.importing import Imported, Wish
from tests.mailer.letter.word import documents, odd_documents
from tests.paths import ROOT

FOLDER = ROOT / "tests" / "specimens" / "word"
TEXT = re.compile(r"<(?:w:t|w:delText|m:t)(?: [^>]*)?>([^<]*)<")
MADE = {**documents.MADE, **odd_documents.MADE}
PARTS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
CELL = re.compile(r"</?(?:td|th|br|p|li)[^>]*>")
SIGNS = re.compile(r"\\(?=[\W_])|\*|~~|</?\w[^>]*>")


def imported(name: str) -> Imported:
    return importing.read(MADE[name](), Wish("lettre", changes="accept"))


def told(made: Imported) -> str:
    lines = [f"{fate.value}: {it.tell('en')}" for fate in Fate for it in made.report.lines(fate)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", params=sorted(MADE))
def specimen(request: pytest.FixtureRequest) -> tuple[str, Imported]:
    return request.param, imported(request.param)


def test_a_word_file_becomes_its_letter(specimen: tuple[str, Imported]) -> None:
    name, made = specimen
    if os.environ.get("PLI_WRITE_SPECIMENS"):
        (FOLDER / f"{name}.md").write_text(made.text)
        (FOLDER / f"{name}.txt").write_text(told(made))
    assert made.text == (FOLDER / f"{name}.md").read_text()


def test_its_report_tells_what_became_of_the_rest(specimen: tuple[str, Imported]) -> None:
    name, made = specimen
    assert told(made) == (FOLDER / f"{name}.txt").read_text()


def test_the_letter_has_no_fault_and_its_pictures_are_there(
    specimen: tuple[str, Imported],
) -> None:
    _, made = specimen
    parsed = markdown.read(made.text.split("---\n", 2)[2])
    assert parsed.faults == []
    assert {it for _, it in parsed.images()} == set(made.pictures)


def test_no_word_is_missing_from_both_letter_and_report(specimen: tuple[str, Imported]) -> None:
    name, made = specimen
    with zipfile.ZipFile(io.BytesIO(MADE[name]())) as archive:
        parts = [archive.read(it).decode() for it in PARTS if it in archive.namelist()]
    words = re.findall(r"\w+", " ".join(TEXT.findall(" ".join(parts))))
    there = SIGNS.sub("", CELL.sub(" ", made.text)).casefold() + told(made).casefold()
    assert words
    assert [it for it in words if it.casefold() not in re.findall(r"\w+", there)] == []
    assert "the words" not in told(made), "a rule says what became of each word"
