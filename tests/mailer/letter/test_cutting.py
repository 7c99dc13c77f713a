"""The cut into top blocks: joined they are the body, byte for byte, whatever the body is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter import head
from mailer.letter.cutting import cut
from pli.files import shipped
from tests.paths import ROOT

LETTERS = sorted(
    [*(ROOT / "tests" / "specimens").rglob("*.md"), *(shipped("templates")).rglob("*.md")]
)
PIECES = st.sampled_from(
    [
        *(
            "# Titre\n",
            "un mot ",
            "\n",
            "\n\n",
            "\r\n",
            "\r",
            "- a\n",
            "  - b\n",
            "1. c\n",
            "> d\n",
        ),
        *("::: encadre Titre\n", ":::\n", "::::\n", ":::: colonnes\n", "```\n", "    code\n"),
        *(
            "{.lead}\n",
            '{{ subscriber.x or "y" }}',
            "{{ ",
            "}}",
            "[a]: https://e.org\n",
            "[^1]: n\n",
        ),
        *("| a | b |\n|---|---|\n| 1 | 2 |\n", "<div>\n", "</div>\n", "<script>\n", "***\n", "\t"),
        *("\u2028", "\x85", "\x0b", "\ufeff", "é", "👨‍👩‍👧", "\0", "==\n", "--\n"),
    ]
)
BODIES = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))


@given(BODIES)
def test_any_body_is_its_blocks_joined(body: str) -> None:
    found = cut(body)
    assert "".join(it.source for it in found) == body
    assert all(it.source for it in found)
    lines = [it.line for it in found]
    assert lines == sorted(set(lines))
    assert not lines or lines[0] == 0
    again = [it.source for it in cut(body)]
    assert again == [it.source for it in found]


def test_blocks_have_their_kinds_and_their_empty_lines() -> None:
    box = "::: encadre Titre\ntexte\n\n- a\n:::\n\n"
    body = "\n{.lead}\nDebut\n\n" + box + "[r]: https://e.org\n\nfin {{ x }}\n"
    assert [(it.kind, it.line) for it in cut(body)] == [
        ("gap", 0),
        ("attributes", 1),
        ("box", 4),
        ("definitions", 10),
        ("paragraph", 12),
    ]


@pytest.mark.parametrize("letter", LETTERS, ids=lambda it: it.name)
def test_every_letter_of_ours_is_its_blocks(letter: object) -> None:
    text = letter.read_bytes().decode()  # type: ignore[attr-defined]
    _, body = head.split(text)
    found = cut(body)
    assert "".join(it.source for it in found) == body
    assert {it.kind for it in found}.isdisjoint({"other", "whole"})


def test_ten_thousand_blocks_are_cut_and_deep_ones_at_once_become_one() -> None:
    assert len(cut("Un mot *ou* deux\n\n" * 10_000)) == 10_000
    deep = "> " * 5_000 + "x\n"
    assert "".join(it.source for it in cut(deep)) == deep
    wide = "|" + " a |" * 60 + "\n|" + "---|" * 60 + "\n|" + " 1 |" * 60 + "\n"
    assert [it.kind for it in cut(wide)] == ["table"]
