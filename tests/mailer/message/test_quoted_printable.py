from __future__ import annotations

import quopri

from hypothesis import given
from hypothesis import strategies as st

from mailer.message.quoted_printable import quoted

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\r")
texts = st.text(letters, max_size=300)


@given(st.lists(texts, min_size=1, max_size=6))
def test_pieces_quoted_apart_are_the_whole_text_together(pieces: list[str]) -> None:
    octets = b"".join(map(quoted, pieces))
    decoded = quopri.decodestring(octets).replace(b"\r\n", b"\n").decode()
    assert decoded == "".join(pieces)


@given(st.lists(st.one_of(texts, st.sampled_from([".", "..", " ", "From x", "=" * 90, "é" * 90]))))
def test_every_line_keeps_its_measure_and_begins_harmlessly(pieces: list[str]) -> None:
    octets = b"".join(map(quoted, pieces))
    assert octets.isascii()
    assert b"\n" not in octets.replace(b"\r\n", b"")
    for line in octets.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


@given(texts, texts)
def test_a_personal_word_changes_none_of_its_neighbours(one: str, other: str) -> None:
    before, after = quoted("Bonjour "), quoted(", voici.\n")
    assert (before + quoted(one) + after).startswith(before)
    assert (before + quoted(other) + after).endswith(after)


def test_a_character_is_not_cut_by_a_soft_line_break() -> None:
    for line in quoted("é€" * 60 + "\n").split(b"\r\n"):
        quopri.decodestring(line.removesuffix(b"=")).decode()
