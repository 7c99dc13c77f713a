"""The editor cuts a text as the server does, so that it may do so where no server answers."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from typing import Any

import pytest

from mailer.letter import cutting, head
from tests.paths import ROOT
from tests.web.office.editor.node import by_node

pytestmark = pytest.mark.proof

SPECIMENS = ("tests/specimens/word", "tests/specimens/clipboard", "tests/specimens/hard")
FOLDERS = ("templates/letters", *SPECIMENS, "docs")
PIECES = (
    "# Titre", "Texte de {{ subscriber.first_name or '*x*' }}.", "- un\n- deux", "1) un",
    "> cité", "::: encadre A\nb\n:::", ":::: colonnes\n::: colonne\na\n:::\n::::", "::: inconnu\na",
    "| a | b |\n| - | - |\n| c | d |", "```\n::: x\n```", "    code", "---", "{.lead}\nGrand",
    "{.lead}", "[1]: https://example.org", "[^1]: note\n\n    suite", "<div>\na\n</div>",
    "<!-- c -->",
    "::: image a.png\nalt: b\n:::", "Titre\n=====", "a\\\nb", "::: votes\npour: 1", "<date> dit",
    "\u00a0", "{% a %}", "{{ a", "  - x\n\n    y", "***", "[^1] et [x][1]",
)  # fmt: skip
GAPS = ("\n\n", "\n", "\n\n\n", "\r\n\r\n", "\n \n", "\n\t\n")


def letters() -> list[str]:
    """Every Markdown file of these folders, as a body."""
    found = [
        head.split(it.read_text("utf-8"))[1]
        for folder in FOLDERS
        for it in sorted((ROOT / folder).rglob("*.md"))
    ]
    for folder in FOLDERS:
        assert [*(ROOT / folder).rglob("*.md")], folder
    assert len(found) > 40
    return found


def mixed() -> list[str]:
    """Texts of pieces that stand beside each other by chance, the same at each run."""
    chance = random.Random(18)
    return [
        chance.choice(("", "\n", "\n\n"))
        + "".join(
            chance.choice(PIECES) + chance.choice(GAPS) for _ in range(chance.randrange(1, 7))
        )
        for _ in range(1_500)
    ]


def by_editor(texts: list[str]) -> list[list[dict[str, Any]]]:
    """What the editor makes of texts."""
    cut: list[list[dict[str, Any]]] = json.loads(
        by_node("tests/cut_all.js", given=json.dumps(texts))
    )
    return cut


@pytest.mark.parametrize("texts", [letters(), mixed()], ids=["letters", "mixed"])
def test_both_cuts_are_the_same(texts: list[str]) -> None:
    differ = [
        (text, ours, theirs)
        for text, ours in zip(texts, by_editor(texts), strict=True)
        if ours != (theirs := [asdict(it) for it in cutting.cut(text)])
    ]
    assert not differ, f"{len(differ)} of {len(texts)}: {differ[0]}"
