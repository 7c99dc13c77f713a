"""Straight apostrophes and quotes become typographic ones where a letter asks for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter.letter import LetterError, parse_letter
from mailer.letter.quotes import set_in_text
from mailer.recipient import Recipient
from tests.factories import FRONT
from tests.mailer.letter.rendered import MARIE, html, text

N = "\u202f"


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("l'été d'aujourd'hui", "l’été d’aujourd’hui"),
        ("L'État", "L’État"),
        ('"Bonjour"', f"«{N}Bonjour{N}»"),
        ('il a dit "oui", puis "non".', f"il a dit «{N}oui{N}», puis «{N}non{N}»."),
        ('l\'"avis"', f"l’«{N}avis{N}»"),
        ('("avis")', f"(«{N}avis{N}»)"),
        ('"Il a dit "oui" hier"', f"«{N}Il a dit “oui” hier{N}»"),
        ('« Il a dit "oui" hier »', "« Il a dit “oui” hier »"),
        ('un écran de 15" et de 17"', 'un écran de 15" et de 17"'),
        ('un "mot sans fin', 'un "mot sans fin'),
        ('" seul "', '" seul "'),
        ("5' de pause, 5'30 en tout", "5' de pause, 5'30 en tout"),
        ("en '68", "en ’68"),
        ("un 'mot' cité", "un ‘mot’ cité"),
        ("rock'n'roll", "rock’n’roll"),
        ("''", "''"),
        (" ' ", " ' "),
        ("l'adresse https://example.org/l'avis", "l’adresse https://example.org/l'avis"),
        ("l'été de www.example.org/l'avis", "l’été de www.example.org/l'avis"),
        ("l'adresse o'neil@example.org", "l’adresse o'neil@example.org"),
        ('"zoe@example.org"', f"«{N}zoe@example.org{N}»"),
        ('"en 2026"', f"«{N}en 2026{N}»"),
        ('"Quoi ?"', f"«{N}Quoi ?{N}»"),
    ],
)
def test_french_signs(written: str, becomes: str) -> None:
    assert set_in_text(written, "fr") == becomes
    assert set_in_text(becomes, "fr") == becomes


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("don't", "don’t"),
        ("the members' vote", "the members’ vote"),
        ('"Yes," she said.', "“Yes,” she said."),
        ('"She said "yes" twice"', "“She said ‘yes’ twice”"),
        ("She said 'yes.'", "She said ‘yes.’"),
        ("'tis", "’tis"),
        ("the '90s", "the ’90s"),
        ("the 1990's", "the 1990’s"),
        ("6'2\" tall", "6'2\" tall"),
    ],
)
def test_english_signs(written: str, becomes: str) -> None:
    assert set_in_text(written, "en") == becomes


def strict(body: str, recipient: Recipient = MARIE) -> str:
    """The text part of a letter that asks for typographic signs."""
    return text(body, recipient, typography="strict")


def test_a_quote_may_begin_within_one_element_and_end_in_another() -> None:
    assert f"«{N}*Bonjour*{N}»".replace("*", "") in strict('"*Bonjour*"')
    assert f"l’été «{N}à deux{N}»" in strict('l\'**été** "à *deux*"')


def test_a_quote_does_not_reach_beyond_its_paragraph() -> None:
    said = strict('Un "début\n\nune fin" là.\n\n- "point\n- deux"')
    assert '"début' in said
    assert 'fin"' in said
    assert f"«{N}" not in said.partition("-----")[0]


def test_code_and_addresses_stay_and_count_as_words() -> None:
    body = (
        "Voir l'`l'index` de \"`a = 'b'`\".\n\n"
        "<https://example.org/l'avis> et [l'avis](https://example.org/l'avis)\n\n"
        '    d\'abord "x"\n'
    )
    said = strict(body)
    for words in ("l’l'index", f"«{N}a = 'b'{N}»", "l’avis <https://example.org/l'avis>"):
        assert words in said.replace("`", "")
    assert 'd\'abord "x"' in said
    assert html(body, typography="strict").count("https://example.org/l'avis") == 3


def test_an_expression_is_read_as_it_was_and_counts_as_a_word() -> None:
    body = 'L\'avis d\'{{ subscriber.first_name or "quelqu\'un" }} : "{{ list.title }}".'
    said = strict(body, MARIE._replace(first_name=""))
    assert "L’avis d’quelqu'un" in said
    assert f"«{N}La liste d'été{N}»" in said


def test_what_shows_for_a_picture_is_set_too() -> None:
    assert "[L’été]" in strict("![L'été](a.png)")


def test_signs_stay_as_they_are_unless_the_letter_asks() -> None:
    assert 'l\'été "oui"' in text('l\'été "oui"')


def test_the_front_matter_asks_and_its_sentences_are_set() -> None:
    asked = FRONT.replace("---\n", "---\ntypography: strict\n", 1)
    read = parse_letter(asked + "Texte.\n")
    assert read.typography == "strict"
    assert read.subject == "Lettre n° 294 : l’été"
    assert read.preheader == "Une phrase vraie, assez longue pour la boîte de réception."
    assert parse_letter(FRONT + "Texte.\n").subject == "Lettre n° 294 : l'été"


def test_another_word_for_it_is_a_fault() -> None:
    for line in ("typography: oui", "typographie: strict"):
        with pytest.raises(LetterError, match="typograph") as refused:
            parse_letter(FRONT.replace("---\n", f"---\n{line}\n", 1) + "Texte.\n")
        assert len(refused.value.lines("en")) == 1


@given(st.text(alphabet="ab1 '\"«»().,\n\ufffc", max_size=40), st.sampled_from(["fr", "en"]))
def test_nothing_but_signs_changes(written: str, language: str) -> None:
    became = set_in_text(written, language)
    straight = became
    for sign in "‘’":
        straight = straight.replace(sign, "'")
    plain = written.replace('"', "").replace("'", "")
    left = "".join(it for it in straight if it not in "“”\"'" + N)
    assert left.replace("«", "").replace("»", "") == plain.replace("«", "").replace("»", "")
