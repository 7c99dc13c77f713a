from __future__ import annotations

import pytest

from mailer.letter import markdown, plain_text


def written(body: str) -> str:
    return plain_text.written(markdown.read(body).tree)


def test_headings_are_underlined_and_paragraphs_wrapped() -> None:
    said = written("# Titre\n\n## Suite\n\n" + "mot " * 60)
    assert said.startswith("Titre\n=====\n\nSuite\n-----\n\nmot mot")
    assert max(map(len, said.split("\n"))) <= 76


def test_an_ordered_list_keeps_its_start_and_what_stands_within() -> None:
    assert written("3. trois\n4. quatre\n   - dedans\n   - encore") == (
        "3. trois\n4. quatre\n   • dedans\n   • encore"
    )
    assert written("1. un\n\n   suite\n\n2. deux") == "1. un\n\n   suite\n\n2. deux"


def test_addresses_stay_whole_and_in_clear() -> None:
    url = "https://example.org/" + "a-long-path/" * 12
    said = written(f"Voir [la page]({url}) et <{url}> ou [nous](mailto:a@e.org), <a@e.org>.")
    assert said.split("\n").count(f"<{url}>") == 1
    assert url in said.split("\n")
    assert "nous <a@e.org>, a@e.org." in said


def test_a_table_has_columns_where_they_fit_and_lines_where_not() -> None:
    assert written("| Nom | Voix |\n|---|--:|\n| A | 10 |\n| Bé | 2 |") == (
        "Nom  Voix\n---  ----\nA      10\nBé      2"
    )
    wide = "| Nom | Avis |\n|---|---|\n| A | " + "mot " * 30 + "|\n| B | non |"
    said = written(wide)
    assert said.startswith("Nom: A\nAvis: mot mot")
    assert said.endswith("Nom: B\nAvis: non")
    assert max(map(len, said.split("\n"))) <= 76


def test_quotations_code_images_and_rules_have_their_own_look() -> None:
    assert written("> un\n>\n> > deux") == "> un\n>\n> > deux"
    assert written("```\na  ; b\n\n  c\n```") == "    a  ; b\n\n      c"
    assert written("![Un vote](a.png) ![](b.png)") == "[Un vote]"
    assert written("un\n\n---\n\ndeux") == "un\n\n* * *\n\ndeux"
    assert written("un  \ndeux") == "un\ndeux"


def test_nothing_an_author_wrote_is_lost() -> None:
    body = "Loose **bold** *it* `code` <b>x</b><div>in a div</div> &amp; &lt;p&gt; l'été œuf"
    assert " ".join(written(body).split()) == "Loose bold it code x in a div & <p> l'été œuf"


def test_no_break_spaces_are_kept_and_never_broken() -> None:
    said = written("mot " * 18 + "fin\u202f! suite")
    assert "fin\u202f! suite" in said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "• a\n  • b\n• c"),
        ("<ul><ul><li>b</li></ul></ul>", "  • b"),
        (
            "<ol start=3>avant<li>a</li>entre<li>b</li>après</ol>",
            "  avant\n3. a\n  entre\n4. b\n  après",
        ),
        ("<ol><li>a</li><p>entre</p><li>b</li></ol>", "1. a\n  entre\n2. b"),
        ("<b><ol><li>a</li><li>b</li></ol></b>", "1. a\n2. b"),
        ("+ 5 % pour tous\n+ 100 € de prime", "• 5 % pour tous\n• 100 € de prime"),
        ("- 5 % de moins", "• 5 % de moins"),
    ],
)
def test_lists_say_all_that_they_hold(body: str, said: str) -> None:
    assert written(body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("~~annulé~~ maintenu", "~~annulé~~ maintenu"),
        ("<del>annulé </del>maintenu", "~~annulé~~ maintenu"),
        ("120 m<sup>2</sup>, 10<sup>-3</sup>", "120 m^2, 10^-3"),
        ("x<sup>n + 1</sup>", "x^(n + 1)"),
        (
            "1<sup>er</sup> mai, 2<sup>e</sup>, n<sup>o</sup> 3, XX<sup>ème</sup>",
            "1er mai, 2e, no 3, XXème",
        ),
        ("<q>non</q>", "“non”"),
        ("<s><p>un</p><p>deux</p></s>", "~~un~~\n\n~~deux~~"),
        ("<s></s>a<sup></sup>", "a"),
    ],
)
def test_struck_raised_and_quoted_words_have_signs(body: str, said: str) -> None:
    assert written(body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "<table><tr><th>Nom</th><th>Jours</th></tr><tr><td><p>Alice</p><p>Trésorière</p></td>"
            "<td><ul><li>lundi</li><li>mardi</li></ul></td></tr></table>",
            "Nom                Jours\n-----------------  ------------\n"
            "Alice, Trésorière  lundi, mardi",
        ),
        ("<table><tr><td>un<br>deux.<br>trois</td></tr></table>", "un, deux. trois"),
        (
            "<table><tr><td><table><tr><td>Dedans.</td><td>B</td></tr></table></td><td>après</td></tr></table>",
            "Dedans.  B\n\naprès",
        ),
        ("<table><caption>Titre</caption><tr><td>a</td></tr></table>", "Titre\n\na"),
        ("<table><tr><th>seul</th></tr></table>", "seul\n----"),
        (
            f"<table><tr><th>seul {'mot ' * 20}</th></tr></table>",
            f"seul {'mot ' * 17}mot\nmot mot".strip(),
        ),
        ("<table><tr><td><h2>Grand</h2></td></tr></table>", "Grand\n-----"),
    ],
)
def test_cells_are_parted_and_said_once(body: str, said: str) -> None:
    assert written(body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("www.example.org", "www.example.org"),
        ("[www.example.org](https://www.example.org/)", "www.example.org"),
        ("[example.org/a](https://example.org/a)", "example.org/a"),
        ("[le site](www.example.org)", "le site <https://www.example.org>"),
        ("[nous](contact@example.org)", "nous <contact@example.org>"),
        ("<contact@example.org>, contact@example.org", "contact@example.org, contact@example.org"),
        ("[](https://example.org)", "https://example.org"),
        (
            "<div><a href='https://example.org'><div>un</div><div>deux</div></a></div>",
            "un\n\ndeux\n\nhttps://example.org",
        ),
    ],
)
def test_a_bare_address_is_not_doubled(body: str, said: str) -> None:
    assert written(body) == said


def test_blocks_in_headings_and_inline_elements_are_parted() -> None:
    assert written("<h1><div>un</div><div>deux</div></h1>") == "un\ndeux\n===="
    assert written("<div><span>a<p>b</p>c</span></div>") == "a\n\nb\n\nc"
    assert written("<pre>a<br>b  c</pre>") == "    a\n    b  c"
