"""An author is told of Markdown that was not understood; bare addresses become links."""

from __future__ import annotations

import time

import pytest

from mailer.letter import markdown, preflight
from mailer.letter.press import press
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import THEME, html, text


def notes(body: str) -> list[str]:
    return [f"{it.line}: {it.sentence}" for it in markdown.read(body).notes]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "a\n\n![Photo](photo manif.png)",
            '2: "![Photo](" is shown as it is',
        ),
        ("![Photo] (photo.png)", '0: "![Photo] (" is shown'),
        ("[a](https://e.org/mon fichier.pdf)", '0: "[a](" is shown'),
        ("a\n[b] (https://e.org)", '1: "[b] (" is shown as it is written: this is no link'),
        ("[a][nulle part]", '0: "[a][nulle part]" is shown'),
        ("Du ** gras ** ici", '0: "**" is shown'),
        ("et **Vote :**contre", '0: "**" is shown'),
        ("du __ gras __ ici", '0: "__" is shown'),
        ("~~ barré ~~", '0: "~~" is shown'),
        ("un * mot * ici", "is shown as it is written"),
        ("#Titre collé", '0: "#" is shown as it is written: this is no heading'),
        ("##Titre", '0: "##" is shown'),
        ("| a | b |\n| c | d |", '0: "| a | b |" is shown as it is written: this is no table'),
        ("a\n\n<div>\n**Attention**\n</div>", '3: "**" is shown'),
        ("<div>\n> cité\n</div>", "this is no quotation"),
        ("texte ```code", '"```" is shown'),
        ("# x {.lead}", '"{.lead}" is shown'),
        ("Ordre du jour :\n• Un\n• Deux", "1: this line runs on behind the one before"),
        ("Points :\n– Un\n– Deux", "1: this line runs on"),
        ("Marie Durand\nSecrétaire\n12 rue des Lilas", "1: this line runs on"),
        ("> Marie Durand\n> Secrétaire", "1: this line runs on"),
    ],
)
def test_markdown_that_was_not_understood_is_told_with_its_line(body: str, told: str) -> None:
    assert [it for it in notes(body) if told in it], notes(body)


def test_every_sign_of_a_line_is_told_from_left_to_right_and_the_same_once() -> None:
    told = notes("Voir [a](x y.pdf), [b] (https://e.org), ** gras ** et ** gris **")
    assert [it.split(" is shown")[0] for it in told] == ['0: "[a]("', '0: "[b] ("', '0: "**"']


@pytest.mark.parametrize(
    "body",
    [
        "**gras** et *italique*, __gras__",
        "Prix* et 2 * 3 = 6",
        "Nom : ____________",
        "snake__case et un_mot",
        "`**code**` et `[a] (b)`",
        "```\n** a **\n| b |\n#c\n```",
        "#GreveGenerale",
        "n° 12 (voir [1])",
        "- un\n- deux",
        "Marie Durand\\\nSecrétaire  \n12 rue des Lilas",
        "Une phrase assez longue pour remplir une ligne entière du fichier, comme on en\n"
        "écrit. Elle continue ici.",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a | b",
        "Bonjour,\nvoici la suite",
        "[lien](https://e.org/a_(b)) et [x][y]\n\n[y]: https://e.org",
    ],
)
def test_what_is_meant_as_it_stands_is_not_told(body: str) -> None:
    assert notes(body) == []


@pytest.mark.parametrize(
    ("written", "href", "shown"),
    [
        ("https://www.example.org/page?x=1&y=2", "https://www.example.org/page?x=1&amp;y=2", ""),
        ("www.example.org", "https://www.example.org", ""),
        ("HTTPS://Example.org/A", "https://Example.org/A", ""),
        ("contact@example.org", "mailto:contact@example.org", ""),
        ("prénom.nom+a@example.org", "mailto:", ""),
        ("(https://example.org/a_(b))", "https://example.org/a_(b)", "https://example.org/a_(b)"),
        ("www.example.org/x.", "https://www.example.org/x", "www.example.org/x"),
        ("«www.example.org»", "https://www.example.org", "www.example.org"),
    ],
)
def test_a_bare_address_is_a_link(written: str, href: str, shown: str) -> None:
    page = html(f"Site : {written}, voilà.\n\n**x {written}**")
    assert f'href="{href}' in page
    if shown:
        assert f">{shown}</a>" in page
    assert "voilà." in page
    assert written.strip("()«».") in text(f"Site : {written}")


@pytest.mark.parametrize(
    "body",
    [
        "`www.example.org`",
        "www.",
        "a@b",
        "un fichier.pdf et M. X",
        "@compte",
        "http://example.org/",
        "{{ subscriber.first_name }}@example.org",
        "10:30",
        "awww.example.org",
    ],
)
def test_what_is_no_sure_address_stays_text(body: str) -> None:
    assert "a" not in {it.tag for it in markdown.read(body).tree.iter()}


@pytest.mark.parametrize(
    ("target", "href"),
    [
        ("www.example.org", "https://www.example.org"),
        ("example.org/page", "https://example.org/page"),
        ("contact@example.org", "mailto:contact@example.org"),
        ("HTTPS://example.org/", "https://example.org/"),
        ("MAILTO:a@example.org", "mailto:a@example.org"),
        ("//example.org/x", "https://example.org/x"),
    ],
)
def test_a_target_that_lacks_only_its_scheme_is_completed(target: str, href: str) -> None:
    assert f'href="{href}"' in html(f"[le site]({target})")


def test_an_http_address_in_any_case_is_shown_instead_of_linked() -> None:
    for target in ("http://example.org/", "HTTP://example.org/", "Http://example.org/"):
        assert "ancien site (http://example.org/)" in text(f"[ancien site]({target})")


def test_a_file_that_no_reader_has_still_leads_nowhere() -> None:
    written = letter("# x\n\n[le compte rendu](rapport.pdf)")
    found = preflight.check(written, press(written, THEME, IDENTITY), IDENTITY)
    assert ["leads nowhere" in str(it.told) for it in found] == [True]


def test_a_link_without_words_is_told() -> None:
    assert notes("a\n\n[](https://e.org)") == [
        '2: the link to "https://e.org" has no words, so nobody sees it'
    ]
    assert notes("[![logo](https://e.org/a.png)](https://e.org)") == []


def test_the_rules_take_linear_time() -> None:
    for piece in ("[a] ", "a@", "www.", "**", "* a ", "{.a ", "a.b.", "(((", "https://", "- a\n"):
        begun = time.monotonic()
        markdown.read(piece * 1_500)
        assert time.monotonic() - begun < 10, piece
