"""No author can write one of our placeholders, and none is left where it must not stand."""

from __future__ import annotations

import re

import pytest

from mailer.letter import markdown
from mailer.letter.letter import LetterError, parse_letter
from mailer.letter.placeholders import Placeholders
from tests.factories import FRONT
from tests.mailer.letter.rendered import LIST, MARIE, html, pressed, text


@pytest.fixture
def known_stem(monkeypatch: pytest.MonkeyPatch) -> str:
    """Fix the random stem of placeholders, as if an author had guessed it."""
    monkeypatch.setattr("mailer.letter.placeholders._drawn", lambda: "xguessz")
    return "xguessz"


def test_each_pressing_draws_words_of_its_own() -> None:
    assert len({Placeholders().take() for _ in range(50)}) == 50


@pytest.mark.parametrize("word", ["&#120;Pli0x", "&#x78;Pli1x", "xPli0x", "xPli99x", "xPliq0x"])
def test_words_that_look_like_ours_are_text(word: str) -> None:
    assert re.search(r"le code est xPliq?\d+x\.", text(f"Bonjour, le code est {word}."))


def test_an_address_with_a_word_like_ours_is_the_same_in_all_copies() -> None:
    body = (
        "[avis](https://tiers.example.net/a?u=&#120;Pli0x)\n\n"
        "![photo](https://tiers.example.net/p.png?u=&#120;Pli0x)"
    )
    page = html(body, MARIE)
    assert 'href="https://tiers.example.net/a?u=xPli0x"' in page
    assert 'src="https://tiers.example.net/p.png?u=xPli0x"' in page
    assert "/u/" not in page.partition("tiers.example.net")[2].partition("</p>")[0]
    assert "xPli0x" in pressed(body).web(LIST)


@pytest.mark.parametrize(
    "body",
    [
        "[a](https://e.org/?u={})",
        "![a](https://e.org/?u={})",
        '<a href="https://e.org/{}">x</a>',
        '<p lang="{}">x</p>',
        "mot {} mot",
        "`{}`",
        '![a {} b](a.png "{}")',
        "<b>{}</b>",
    ],
)
def test_even_a_guessed_word_is_a_fault_with_its_line(known_stem: str, body: str) -> None:
    forged = body.replace("{}", f"&#120;{known_stem[1:]}7x")
    if "`" in body:  # in code, an entity stays as it is written
        forged = body.replace("{}", "ok")
        assert not markdown.read(forged).faults
        return
    faults = markdown.read(f"a\n\n{forged}").faults
    assert [(line, str(fault)) for line, fault in faults] == [
        (2, "a word that only Pli may write stands here: take it away")
    ]


def test_a_guessed_word_stops_a_letter(known_stem: str) -> None:
    with pytest.raises(LetterError, match=r"lettre.md:10: a word that only Pli may write"):
        parse_letter(f"{FRONT}a\n\n[x](https://e.org/&#120;{known_stem[1:]}0x)")


def test_an_expression_in_a_text_for_those_who_see_no_picture_is_filled() -> None:
    assert 'alt="Pour Marie"' in html("![Pour {{ subscriber.first_name }}](a.png)")


@pytest.mark.parametrize("attribute", ["lang", "dir", "class", "style", "width"])
def test_an_expression_in_any_other_attribute_is_a_fault(attribute: str) -> None:
    with pytest.raises(LetterError, match="stands in an HTML tag"):
        parse_letter(f'{FRONT}<p {attribute}="{{{{ subscriber.first_name }}}}">x</p>')
