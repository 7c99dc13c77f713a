"""Letter 294, laid out as a Word file, comes back whole."""

from __future__ import annotations

import re

from mailer.letter import importing
from mailer.letter.import_report import Fate
from mailer.letter.importing import Wish
from tests.mailer.letter.word.documents import laid_out
from tests.real_letter import REAL, needs_real_letter


def words(text: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"\(#\)|\*", "", text))


@needs_real_letter
def test_letter_294_comes_back_from_word_with_every_word() -> None:
    source = REAL.read_text()
    made = importing.read(laid_out(source), Wish("lettre-294"))
    front, body = made.text.split("---\n", 2)[1:]
    assert words(body) == words(source)
    assert "number: 294\n" in front
    assert "date: 2025-10-14\n" in front
    assert made.report.of(Fate.LEFT_OUT) == []


@needs_real_letter
def test_its_headings_in_capitals_are_proposed_as_headings() -> None:
    made = importing.read(laid_out(REAL.read_text()), Wish("lettre-294"))
    headings = re.findall(r"^#+ (.+)$", made.text, re.MULTILINE)
    capitals = [
        " ".join(it.split())
        for it in re.split(r"\n\s*\n", REAL.read_text())
        if it.strip().isupper() and len(it) <= 120
    ]
    assert len(capitals) >= 4
    assert set(capitals) - set(headings) == set(), headings
    told = [it for it in made.report.lines(Fate.CHANGED) if "heading" in it.tell("en")]
    assert len(told) == len(headings)
