from __future__ import annotations

import re

import pytest

from mailer.letter.press import press
from mailer.links import Links
from tests.factories import IDENTITY, KEYS, letter
from tests.mailer.letter.rendered import KEY, LIST, MARIE, THEME, html, pressed, text

NBSP = "\u202f"


def visible(page: str) -> str:
    """The text of a page, without tags and white space."""
    from html import unescape

    body = page.partition("<body")[2].partition(">")[2]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_what_is_personal_stands_in_both_parts_and_is_escaped_in_html() -> None:
    person = MARIE._replace(first_name="<b>Zoé & Co")
    assert "Bonjour &lt;b&gt;Zoé &amp; Co" in html("Bonjour {{ subscriber.first_name }}", person)
    assert "Bonjour <b>Zoé & Co" in text("Bonjour {{ subscriber.first_name }}", person)
    assert "élue" in text("{{ subscriber.mandat }}")


def test_the_frame_says_who_writes_why_and_how_to_leave() -> None:
    links = Links(KEYS, IDENTITY.public_url, IDENTITY.domain)
    unsubscribe = links.unsubscribe(5, 3, 17, KEY)
    for edition in (html("Bonjour."), text("Bonjour.")):
        for line in (
            "Comité du Val-d'Orme",
            "3 place du Marché, 99000 Aubrac-sur-Orme",
            "02 99 00 00 00",
            "comite@orme.example.org",
            f"la liste «{NBSP}La liste d",
            unsubscribe,
            "https://lettres.orme.example.org/l/membres/294",
            "Lettre n°",
            "24 novembre 2026",
        ):
            assert line in edition.replace("\n", " ").replace("&#x27;", "'"), line


def test_an_english_letter_has_an_english_frame_and_no_french_spaces() -> None:
    page = text("Why not ?", language="en")
    assert "Unsubscribe:" in page
    assert "24 November 2026" in page.replace("November 24, 2026", "24 November 2026")
    assert "Why not ?" in page


def test_french_spaces_are_narrow_and_bound_but_code_and_addresses_stay() -> None:
    body = "« Oui ! » dit-il : 10 % ? 31 000 ; fin\n\n`a ; b` <https://example.org/a;b?c=d!e>"
    for edition in (html(body), text(body)):
        assert (
            f"«{NBSP}Oui{NBSP}!{NBSP}» dit-il{NBSP}: 10{NBSP}%{NBSP}? 31{NBSP}000{NBSP}; fin"
            in edition
        )
        assert "a ; b" in edition
        assert "https://example.org/a;b?c=d!e" in edition


def test_what_an_author_may_not_write_does_not_come_through() -> None:
    body = (
        "<script>alert(1)</script><style>p{}</style><iframe src='https://e.org'></iframe>"
        '<form action="https://e.org"><input></form>'
        '<p onclick="x()" style="position:fixed" id="i" class="page">ok</p>\n\n'
        "[a](javascript:alert(1)) <a href='vbscript:x'>b</a> <a href='//evil.org'>c</a>"
    )
    page = html(body)
    content = page.partition("<body")[2]
    for word in ("alert(1)</", "<style", "<iframe", "<form", "onclick", "fixed", 'id="i"'):
        assert word not in content
    targets = re.findall(r'(?:href|src)="([^"]*)"', content)
    assert {target.partition(":")[0] for target in targets} <= {"https", "mailto", "tel", "cid"}


def test_a_link_that_leads_nowhere_is_text_and_one_to_http_shows_its_address() -> None:
    body = "[Internet](#) et [le site](http://example.org/x)"
    assert "<a" not in html(body).partition("<h1")[2].partition("footer")[0].partition("<p")[2]
    assert "Internet et le site (http://example.org/x)" in visible(html(body)).replace(" (", " (")
    assert "Internet et le site (http://example.org/x)" in text(body)


def test_essential_styles_are_inline_and_media_rules_keep_their_important() -> None:
    page = html("Bonjour.\n\n## Titre\n\n> Citation")
    assert re.search(r"<h2 style=[^>]*color:#9c2b3c", page)
    assert "@media (prefers-color-scheme: dark)" in page
    assert "padding: 8px 12px 32px !important" in page
    assert page.count("<!--[if mso]>") == page.count("<![endif]-->") - page.count(
        "<!--<![endif]-->"
    )
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="fr" dir="ltr"' in page


def test_the_title_is_the_heading_where_the_text_has_none() -> None:
    assert html("Bonjour.").count("<h1") == 1
    assert html("# Le sien\n\nBonjour.").count("<h1") == 1
    assert f"Un titre{NBSP}: et sa suite\n====" in text("Bonjour.")
    assert "Le sien\n=======" in text("# Le sien")
    assert "Un titre" not in text("# Le sien")


def test_a_button_is_one_in_word_too() -> None:
    page = html("[Lire l'avis](https://example.org/a--b?c=1&d=2){.button}")
    assert '<v:roundrect xmlns:v="urn:schemas-microsoft-com:vml"' in page
    assert 'href="https://example.org/a-&#45;b?c=1&amp;d=2"' in page
    assert 'href="https://example.org/a--b?c=1&amp;d=2" class="button"' in page
    shape = page.partition("<!--[if mso]><v:roundrect")[2].partition("<![endif]-->")[0]
    assert "--" not in shape


def test_a_table_says_which_cells_are_its_headings() -> None:
    page = html("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert page.count('<th scope="col"') == 2
    assert 'align="right"' in page


def test_a_local_image_travels_under_a_name_that_says_nothing() -> None:
    done = pressed("![Un point](congres-du-syndicat.png)")
    (picture,) = done.pictures
    page = done.html(MARIE, Links(KEYS, IDENTITY.public_url, IDENTITY.domain), KEY)
    assert f'src="cid:{picture.content_id}"' in page
    assert 'alt="Un point"' in page
    assert 'width="1"' in page
    assert "congres" not in page + picture.filename + picture.content_id
    assert "[Un point]" in text("![Un point](congres-du-syndicat.png)")


def test_the_web_version_is_whole_and_for_nobody_in_particular() -> None:
    body = 'Bonjour {{ subscriber.first_name or "camarade" }}\n\n![Un point](a.png)'
    page = pressed(body).web(LIST)
    assert "Bonjour camarade" in page
    assert "Marie" not in page
    assert "/u/" not in page
    assert "cid:" not in page
    assert 'src="data:image/png;base64,' in page
    assert "comite@orme.example.org" in page
    assert "preheader" not in page.partition("<body")[2]


def test_the_preheader_is_hidden_and_not_in_the_text_part() -> None:
    page = html("Bonjour.")
    assert re.search(
        r'<div class="preheader" style="display:none; max-height:0;[^"]*overflow:hidden', page
    )
    assert "&zwnj;&nbsp;" in page
    assert "assez longue" not in text("Bonjour.")


def test_no_braces_are_left_anywhere() -> None:
    body = "{{ subscriber.first_name }} `{{ list.title }}`\n\n```\n{{ campaign.number }}\n```"
    for edition in (html(body), text(body), pressed(body).web(LIST)):
        assert "{{" not in edition.partition("<body")[2] + edition * ("<body" not in edition)
        assert not re.search(r"x[a-z0-9]{10}z\d+x", edition)
        assert "294" in edition


def test_a_letter_that_holds_the_very_words_is_pressed_all_the_same() -> None:
    assert "xPli0x Marie xPliq1x" in text("xPli0x {{ subscriber.first_name }} xPliq1x")


@pytest.mark.parametrize("name", ["title", "preheader", "subject"])
def test_markup_in_the_front_matter_is_text(name: str) -> None:
    page = press(letter("x", **{name: "<b>&"}), THEME, IDENTITY).web(LIST)
    assert "<b>&" not in page
