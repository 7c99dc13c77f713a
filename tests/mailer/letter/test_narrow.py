"""No letter is wider than its window, with the style sheet or without: words break, tables fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from mailer.letter import as_shown, markdown, narrow
from mailer.letter.press import press
from tests.browser import how_to_launch
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE, THEME, pressed
from tests.mailer.letter.views import TOO_WIDE

pytestmark = pytest.mark.proof

WORD = "anticonstitutionnellement" * 3
ADDRESS = (
    "https://forms.example.org/d/e/" + "1FAIpQLSdXxYyZz0123456789" * 4 + "/viewform?usp=sf_link"
)
MAILBOX = "secretariat.general.union.departementale.loire@organisation-syndicale.example.org"
VOTES = (
    "| Organisation | Voix obtenues | Pourcentage | Sièges titulaires | Sièges suppléants |\n"
    "|---|---:|---:|---:|---:|\n"
    "| Confédération | 1 234 | 45,2 % | 12 | 12 |\n"
    "| Autre organisation | 987 | 36,1 % | 9 | 9 |\n"
)


def columns(n: int, text: str) -> str:
    return f"|{'Organisation|' * n}\n|{'---|' * n}\n|{f'{text}|' * n}\n"


BODIES = {
    "words and addresses everywhere": (
        f"# {WORD}\n\n## {ADDRESS}\n\n{MAILBOX}\n\n- {ADDRESS}\n  - {WORD}\n\n> {WORD}\n>\n"
        f"> > {ADDRESS}\n\n[{WORD}{WORD}](https://e.org){{.button}}\n\n`{'c' * 200}`\n\n"
        f"```\n{'c' * 200}\n```\n\n<dl><dt>{WORD}</dt><dd>{ADDRESS}</dd></dl>\n\n"
        f"<figure><figcaption>{WORD}</figcaption></figure>"
    ),
    "five columns": VOTES,
    "five columns of long words": columns(5, f"<{ADDRESS}>"),
    "eight columns": columns(8, "Confédération"),
    "ten columns": columns(10, "Confédération"),
    "thirty columns": columns(30, "Confédération"),
    "five columns of long numbers": (
        f"|{'Sièges|' * 5}\n|{'--:|' * 5}\n|{'1 234 567,89 €|' * 5}\n|{f'{ADDRESS}|' * 5}\n"
    ),
    "a button and a long address in cells": (
        f"| Nom | Avis |\n|---|---|\n| Marie | {'mot ' * 80} |\n| {WORD} | {ADDRESS} |\n"
        f"| {MAILBOX} | [{WORD}](https://e.org){{.button}} |\n"
    ),
    "personal words in cells": (
        "| {{ subscriber.email }} | {{ subscriber.last_name }} | Pourcentage | Voix | Voix |\n"
        "|---|---|---|---|---|\n| {{ subscriber.email }} | a | b | c | d |\n"
    ),
    "pictures in cells": f"{columns(4, '![x](https://e.org/a.png){width=300}')}| {WORD} |||",
    "lists, quotations and code in cells": (
        f"<table><tr><td><ul><li>{WORD}<ul><li>Pourcentage</li></ul></li></ul></td><td>"
        f"<blockquote>{WORD}</blockquote></td><td><pre>{ADDRESS}</pre></td><td>a</td>"
        f"<td><dl><dd>{WORD}</dd></dl></td></tr></table>"
    ),
    "cells over columns and rows": (
        f"<table><tr><td rowspan=2>{WORD}</td><td colspan=3>{ADDRESS}</td></tr>"
        "<tr><td>Pourcentage</td><td>Pourcentage</td><td>Pourcentage</td><td>x</td></tr>"
        f"<tr><td colspan=900>{WORD}</td></tr><caption>{ADDRESS}</caption></table>"
    ),
    "tables in tables": (
        f"<table><tr><td>a<table><tr><td>{WORD}</td><td>{ADDRESS}</td><td>mot mot</td></tr>"
        f"</table></td><td>{WORD}</td><td>c</td></tr></table>"
    ),
    "lists in lists, quotations in quotations": (
        "".join(f"{'  ' * n}- x\n" for n in range(25))
        + f"{'  ' * 25}- {WORD}\n\n\n"
        + "\n>\n".join(f"{'> ' * n}niveau {n} {WORD}" for n in range(1, 21))
    ),
}
LINES = """
() => Object.fromEntries([...document.querySelectorAll('table.data td, table.data th')].map(it => {
  const range = document.createRange();
  range.selectNodeContents(it);
  const tops = [...range.getClientRects()].map(box => Math.round(box.top));
  return [it.textContent.trim(), new Set(tops).size];
}))
"""
READER = MARIE._replace(
    last_name="d'Artagnan-Montesquiou", email=f"marie.{'x' * 50}@example.org", list=replace(
        LIST, title=WORD
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**how_to_launch())
        yield chromium
        chromium.close()


def too_wide(browser: Any, page: str) -> dict[str, list[str]]:
    """By window, what does not fit into it."""
    found = {}
    tab = browser.new_page()
    for kind, html in (("with style", page), ("without style", as_shown.without_style(page))):
        tab.set_content(html)
        for width in (320, 360, 700):
            tab.set_viewport_size({"width": width, "height": 800})
            wide = tab.evaluate(TOO_WIDE)
            if wide or tab.evaluate("document.documentElement.scrollWidth") > width:
                found[f"{width} {kind}"] = wide
    tab.close()
    return found


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_no_mail_is_wider_than_its_window(browser: Any, body: str) -> None:
    page = pressed(f"# Essai\n\n{body}").preview(READER, LINKS, KEY)
    assert too_wide(browser, page) == {}


def test_neither_is_its_frame_nor_the_web_version(browser: Any) -> None:
    sender = replace(
        IDENTITY, committee="Confédération" * 6, address=WORD, email=MAILBOX, phone="0" * 60
    )
    made = press(letter(VOTES, number=2**31 - 1, title=WORD), THEME, sender)
    assert too_wide(browser, made.preview(READER, LINKS, KEY)) == {}
    assert too_wide(browser, made.web(LIST)) == {}


def test_a_short_word_beside_prose_stays_whole(browser: Any) -> None:
    body = f"| Nom | Avis | Voix |\n|---|---|--:|\n| Marie | {'mot ' * 90} | 12 345,6 € |\n"
    page = pressed(f"# Essai\n\n{body}").preview(MARIE, LINKS, KEY)
    for html in (page, as_shown.without_style(page)):
        for width in (320, 700):
            tab = browser.new_page(viewport={"width": width, "height": 800})
            tab.set_content(html)
            lines = tab.evaluate(LINES)
            assert [lines[it] for it in ("Nom", "Marie", "12\u202f345,6\u202f€")] == [1, 1, 1]
            tab.close()


def tables(body: str) -> list[Element]:
    parsed = markdown.read(body)
    narrow.fit(parsed.tree, parsed.placeholders, 536, {})
    return [*parsed.tree.iter("table")]


def least(cell: Element) -> int:
    found = re.search(r"min-width:(\d+)px", cell.get("style", ""))
    return int(found[1]) if found else 0


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 10])
@pytest.mark.parametrize("text", ["a", "Confédération", WORD])
def test_what_the_columns_ask_for_fits_the_narrowest_window(n: int, text: str) -> None:
    (table,) = tables(columns(n, text))
    asked = [least(cell) for cell in table.iter("td")]
    padding = {"few": 10, "many": 8, "crowded": 2}[table.get("class", "")]
    assert sum(asked) + n * padding <= 280
    assert min(asked) >= min(6, 280 / n - padding - 1)


def test_numbers_stay_on_one_line_where_there_is_room() -> None:
    (table,) = tables("| a | b |\n|--:|--:|\n| 1 234,5 € | " + "1 234 567,89 € " * 3 + " |")
    short, long = table.iter("td")
    assert short.get("class") == "figures"
    assert "figures" not in long.get("class", "")


def test_more_columns_than_any_window_has_room_for_are_stacked() -> None:
    (table,) = tables(columns(30, "x"))
    assert table.get("class") == narrow.STACKED


def test_only_words_longer_than_a_wide_window_allows_may_break_there() -> None:
    (table,) = tables(VOTES)
    assert not [it for it in table.iter() if "long" in it.get("class", "").split()]
    (table,) = tables(columns(5, WORD))
    assert all("long" in it.get("class", "") for it in table.iter("td"))
