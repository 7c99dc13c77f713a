"""Word's view of the blocks, in every theme: each within a table, all markup balanced."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import pytest

from mailer.letter import specimen
from mailer.letter.theme import load_theme
from tests.mailer.letter.rendered import KEY, LINKS, MARIE

THEMES = ("lettre", "bulletin", "sobre")
VOID = frozenset(("br", "hr", "img", "meta", "link", "input", "w:anchorlock"))
SHOWN_TO_WORD = re.compile(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", re.S)
HIDDEN_FROM_WORD = re.compile(r"<!--\[if !mso\]><!-->(.*?)<!--<!\[endif\]-->", re.S)
# A text in each block of the specimen.
INSIDE = {
    "lead": "voici une introduction",
    "contents": "Dans cette lettre",
    "box": "Le guichet reste ouvert",
    "quote": "On nous dit que le service",
    "figure": "que la région voulait supprimer",
    "votes": "63 ",
    "button": "Lire l'avis adopté",
    "left column": "Une permanence se tient",
    "right column": "Un élu répond",
    "agenda": "Réunion publique sur les horaires",
    "signature": "Secrétaire du comité",
    "notes": "point 4 de l'ordre du jour",
}


@cache
def page(theme: str) -> str:
    """A member's copy of the specimen."""
    return specimen.pressed(load_theme(theme), specimen.INVENTED).html(MARIE, LINKS, KEY)


def for_word(source: str) -> str:
    return SHOWN_TO_WORD.sub(r"\1", HIDDEN_FROM_WORD.sub("", source))


def for_others(source: str) -> str:
    return SHOWN_TO_WORD.sub("", HIDDEN_FROM_WORD.sub(r"\1", source))


class Balance(HTMLParser):
    """Follows what is open; `tables` says how many tables are open at each text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tables: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.tables.append((data, self.open.count("table")))


def read(source: str) -> Balance:
    balance = Balance()
    balance.feed(source)
    balance.close()
    return balance


@pytest.mark.parametrize("theme", THEMES)
def test_conditional_comments_are_balanced(theme: str) -> None:
    source = page(theme)
    left = HIDDEN_FROM_WORD.sub("", SHOWN_TO_WORD.sub("", source))
    for sign in ("<![endif]", "[if ", "<!--", "-->"):
        assert sign not in left, left[left.index(sign) - 80 : left.index(sign) + 80]
    assert all("<!--" not in found for found in SHOWN_TO_WORD.findall(source))
    assert len(SHOWN_TO_WORD.findall(source)) >= 10


@pytest.mark.parametrize("theme", THEMES)
def test_markup_is_balanced_for_word_and_for_all_others(theme: str) -> None:
    for view in (for_word, for_others):
        balance = read(view(page(theme)))
        assert balance.wrong == []
        assert balance.open == []


@pytest.mark.parametrize("theme", THEMES)
def test_each_block_has_a_table_of_its_own_in_word(theme: str) -> None:
    balance = read(for_word(page(theme)))
    said = "Un paragraphe avec des"
    [around] = {depth for text, depth in balance.tables if said in text}
    for name, words in INSIDE.items():
        depths = {depth for text, depth in balance.tables if words in text}
        assert depths, name
        assert min(depths) > around or name == "button", (name, depths, around)
    button = page(theme).partition('class="action"')[2].partition("</div>")[0]
    assert button.partition(">")[2].startswith("<!--[if mso]><table")


@pytest.mark.parametrize("theme", THEMES)
def test_what_only_word_reads_survives_the_inlining(theme: str) -> None:
    source = page(theme)
    styles = "".join(re.findall(r"""style=(?:"[^"]*"|'[^']*')""", source)).replace(" ", "")
    for declaration in ("mso-table-lspace:0", "mso-table-rspace:0", "mso-line-height-rule:exactly"):
        assert declaration in styles
    assert "mso-hide:all" in styles


def test_columns_have_half_of_words_table_each() -> None:
    shown = "".join(SHOWN_TO_WORD.findall(page("lettre")))
    assert '</td><td width="24"></td><td' in shown
