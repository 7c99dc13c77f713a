"""Blocks are read where they may stand; all that is wrong with them is told with its line."""

from __future__ import annotations

import re
import textwrap
import time

import pytest

from mailer.letter import markdown
from mailer.letter.blocks import kinds, names
from tests.mailer.letter.blocks.told import faults
from tests.mailer.letter.rendered import html, text
from tests.paths import ROOT

WHOLE = {
    "box": "::: {} Titre\nTexte.\n:::",
    "lead": "::: {}\nTexte.\n:::",
    "quote": "::: {} Autrice\nTexte.\n:::",
    "image": "::: {} a.png\nalt: Une image\n:::",
    "button": "::: {} https://example.org Lire\n:::",
    "votes": "::: {}\npour: 1\n:::",
    "agenda": "::: {}\n2026-12-01 | Fête\n:::",
    "signature": "::: {}\nnom: Une autrice\n:::",
    "contents": "::: {}\n:::\n\n## Un titre",
}
KINDS = {
    "box": kinds.Box,
    "lead": kinds.Lead,
    "quote": kinds.Quotation,
    "image": kinds.Figure,
    "button": kinds.Button,
    "votes": kinds.Votes,
    "agenda": kinds.Agenda,
    "signature": kinds.Signature,
    "contents": kinds.Contents,
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in WHOLE for name in names.BLOCKS[kind]]
)
def test_french_and_english_names_mean_the_same(kind: str, name: str) -> None:
    body = WHOLE[kind].format(name)
    assert faults(body) == []
    assert any(isinstance(it, KINDS[kind]) for it in markdown.read(body).blocks.values())


@pytest.mark.parametrize("name", ["encadré", "ENCADRE", "Encadré", "Box"])
def test_accents_and_capitals_make_no_difference(name: str) -> None:
    assert faults(f"::: {name} Titre\nTexte.\n:::") == []


def test_columns_stand_within_more_colons() -> None:
    for outer, inner in (("colonnes", "colonne"), ("columns", "column")):
        column = f"::: {inner}\nTexte.\n:::\n"
        assert faults(f":::: {outer}\n{column}{column}::::") == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("::: encadrer\nx\n:::", '1: there is no block "encadrer": did you mean "encadre"?'),
        ("a\n\n::: bx\nx\n:::", '3: there is no block "bx": did you mean "box"?'),
        ("::: {.note}\nx\n:::", '1: there is no block "{.note}": there are encadre, chapeau'),
        ("::: encadre\nx", '1: the block "encadre" is not closed: write a line ":::" below it'),
        (":::: encadre\nx\n:::", 'the block "encadre" is not closed: write a line "::::"'),
        (":::", '1: ":::" closes no block here'),
        ("::: encadre\n:::", '1: the block "encadre" is empty'),
        ("::: chapeau Titre\nx\n:::", '1: column 13: nothing can stand behind "chapeau"'),
        ("- a\n  ::: box\n  x\n  :::", '2: "box" cannot stand in a list, a quotation'),
        ("> ::: box\n> x\n> :::", '1: "box" cannot stand in a list, a quotation'),
        (":::: box\n::: box\nx\n:::\n::::", '2: "box" cannot stand in "box"'),
        (":::: quote\n::: image a.png\n:::\n::::", '2: "image" cannot stand in "quote"'),
        ("::: colonne\nx\n:::", '1: "colonne" stands in columns only'),
        (":::: columns\n::: column\nx\n:::\n::::", "1: there is 1 column here: make them two"),
        (":::: columns\nx\n\n::: column\nx\n:::\n::: column\ny\n:::\n::::", "2: only columns"),
        (
            "::: columns\n::: column\nx\n:::\n:::",
            '2: "column" is not closed within "columns": write more colons',
        ),
        ("::: box\n<div>\n:::", "1: HTML within this block ends it, or does not end"),
        ("::: box\nx\n</div>\n:::", "1: HTML within this block ends it, or does not end"),
        ("::: votes </div>\npour: 1\n:::", "1: HTML within this block ends it"),
        ("<table><tr><td>\n\n::: box\nx\n:::\n\n</td></tr></table>", "within HTML such as <td>"),
        ("<div>\n::: box\nx\n:::\n</div>", "2: a block cannot begin here: put an empty line"),
        ("::: box\n```\n:::\n```\n:::", "2: this code is not closed within its block"),
        ("::: image\nalt: x\n:::", '1: write the name of the picture behind "image"'),
        ("::: bouton Lire\n:::", '1: write an address and words behind "bouton"'),
        ("::: bouton https://e.org\n:::", '1: write an address and words behind "bouton"'),
        ("::: bouton https://e.org Lire\nx\n:::", '2: nothing can stand in "bouton"'),
        ("::: sommaire\n:::\n\n# T", '1: no heading "## …" stands below these contents'),
        (
            "::: sommaire\n:::\n\n## A\n\n::: contents\n:::\n\n## B",
            "6: the contents stand above already: once is enough",
        ),
        ("::: {{ list.name }}\nx\n:::", '1: there is no block "{{ list.name }}": there are'),
        (":::encadre: Titre\nx\n:::", '1: no colon can stand behind "encadre"'),
        ("::: signature\nfonction: x\n:::", "1: nobody signs here"),
        ("::: signature Une\nnom: x\n:::", '1: column 15: nothing can stand behind "signature"'),
        ("::: agenda\n:::", "1: the agenda has no dates"),
        ("::: votes\npour: 0\ncontre: 0\n:::", "1: nobody votes here"),
        ("::: votes\n:::", "1: nobody votes here"),
    ],
)
def test_a_block_that_is_none_is_told_with_its_line(body: str, told: str) -> None:
    assert any(told in fault for fault in faults(body)), faults(body)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a[^b]", "1: [^b] has no footnote: write a line [^b]: … below"),
        ("a\n\n[^b]: c", "3: no text refers to this footnote: write [^b] where it belongs"),
        ("a[^1] [^1]\n\n[^1]: n\n[^1]: m", "4: another footnote is called [^1], too"),
        ("a[^1]\n\n[^1]: n\n\n    [^2]: m", "5: a footnote cannot stand in another one"),
        ("a\n\n[^deux mots]: b", "3: [^deux mots] is no name of a footnote"),
        ("a[^1]\n\n[^1]: ::: box\n    x\n    :::", '3: "box" cannot stand in a list, a quotation'),
    ],
)
def test_footnotes_whose_words_would_vanish_are_faults(body: str, told: str) -> None:
    assert any(told in fault for fault in faults(body)), faults(body)


@pytest.mark.parametrize(
    "body",
    [
        "::: image {{ list.name }}.png\nalt: x\n:::",
        "![x]({{list.name}}.png)",
        "::: signature\nnom: N\nimage: {{ list.name }}.png\n:::",
        "::: button https://e.org/{{ list.name }} Lire\n:::",
    ],
)
def test_an_expression_in_an_address_is_one_fault(body: str) -> None:
    [fault] = faults(body)
    assert "{{ list.name }} stands in an address: it must be the same for all" in fault


@pytest.mark.parametrize(
    "body",
    [
        "::: votes {{ list.name }}\npour: x\n:::",
        "::: votes\npour: {{ list.name }}\n:::",
        "::: agenda\n{{ list.name }} | a | b\n:::",
        "::: signature\nfonction: {{ list.name }}\n:::",
        "::: image\nalt: {{ list.name }}\n:::",
    ],
)
def test_an_expression_in_a_block_with_a_fault_is_not_told_besides(body: str) -> None:
    assert len(faults(body)) == 1, faults(body)


def test_one_mistake_is_told_once() -> None:
    for body in (
        "::: encadrer\nx\n\ny\n:::",
        "> ::: box\n> x\n> :::",
        "- ::: box\n  x\n  :::",
        "::: box\nx\n\n::: box\ny\n:::",
        "::: columns\n::: column\nx\n:::\n::: column\ny\n:::\n:::",
        "- a\n  ::: votes\n  pour: 1\n  :::",
        "::: encadre: Titre\nx\n:::",
    ):
        assert len(faults(body)) <= 2, faults(body)
    assert len(faults("::: box\nx")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "Voici ::: trois fois deux points",
        "`code\n::: box`",
        "```\n::: box\n```",
        "    ::: box",
        "\\::: box",
        ":::-) sourire",
        "| a | b |\n|---|---|\n| ::: box | c |",
        "<p>::: box</p>",
    ],
)
def test_what_only_looks_like_a_fence_is_text_in_both_parts(body: str) -> None:
    assert faults(body) == []
    for part in (html(body), text(body)):
        assert ":::" in part


def test_a_paragraph_ends_where_a_block_begins() -> None:
    page = text("Avant\n::: encadre\nDedans\n:::\nAprès")
    assert "Avant\n\n| Dedans\n\nAprès" in page


def test_headings_of_boxes_fit_below_the_heading_above_them() -> None:
    body = "# T\n\n::: box A\nx\n:::\n\n## U\n\n::: box B\nx\n:::\n\n### V\n\n::: box C\nx\n:::"
    tree = markdown.read(body).tree
    found = [(it.tag, "".join(it.itertext())) for it in tree.iter() if it.tag[0] == "h"]
    assert found == [("h1", "T"), ("h2", "A"), ("h2", "U"), ("h3", "B"), ("h3", "V"), ("h4", "C")]


def test_contents_name_the_headings_below_them_without_links_and_marks() -> None:
    body = (
        "## Avant\n\n::: contents\n:::\n\n## Un *mot* [lié](https://e.org)[^1]\n\n"
        "### Plus petit\n\n::: box Encadré\nx\n:::\n\n## Deux\n\n[^1]: n"
    )
    page = text(body)
    assert "• Un mot lié\n• Deux\n" in page
    listed = html(body).partition('class="contents"')[2].partition("</div>")[0]
    assert "Un <em>mot</em>" in listed
    for stranger in ("Avant", "Plus petit", "Encadré", "<a ", "[1]"):
        assert stranger not in listed


def test_no_author_writes_a_block_or_its_class() -> None:
    body = (
        '<div data-block="box" class="box">a</div>\n\n<p class="title boxed">b</p>\n\n'
        '<table class="bar" role="presentation"><tr><td class="for">c</td></tr></table>'
    )
    page = html(body)
    for name in (
        "data-block",
        "boxed",
        'class="box"',
        'class="bar"',
        'class="for"',
        'p class="title',
    ):
        assert name not in page.partition("<body")[2]
    parsed = markdown.read(body)
    assert dict(parsed.blocks) == {}
    assert not any("data-block" in it.attrib for it in parsed.tree.iter())


def test_a_letter_without_blocks_carries_no_style_of_theirs() -> None:
    page = html("# Titre\n\nUn texte.")
    for name in ("td.box", "div.votes", ".abstention", "div.contents", "table.signature"):
        assert name not in page
    assert ".abstention" in html("::: votes\npour: 1\n:::")
    assert "td.box" not in html("::: votes\npour: 1\n:::")


@pytest.mark.proof
def test_ten_thousand_lines_are_read_or_refused_in_time() -> None:
    begun = time.process_time()
    wrong = faults("::: votes\n" + "n'importe quoi\n" * 10_000 + ":::")
    assert len(wrong) == 11
    assert wrong[-1] == "11: there are 9990 more faults in this block"
    dates = faults("::: agenda\n" + "2026-12-01 18:00 | a | b\n" * 5_000 + ":::")
    assert dates == ["102: the agenda has more than 100 dates: put some on a web page"]
    assert faults("::: box\n" + "mot\n\n" * 10_000 + ":::") == []
    assert len(faults("::: box\n" * 10_000)) <= 11_000
    assert time.process_time() - begun < 20


@pytest.mark.proof
def test_a_thousand_contents_of_a_thousand_headings_are_told_in_time() -> None:
    begun = time.process_time()
    told = faults("::: sommaire\n:::\n\n" * 2_000 + "## x\n\n" * 2_000)
    assert len(told) == 1_999
    assert time.process_time() - begun < 20


def test_two_hundred_columns_are_one_fault() -> None:
    column = "::: colonne\nx\n:::\n"
    told = faults(f":::: colonnes\n{column * 200}::::")
    assert told == ["1: there are 200 columns here: make them two"]


def test_faults_are_told_in_french() -> None:
    nnbsp = "\u202f"
    assert faults("::: votes\npour: -3\n:::", "fr") == [
        f"2: colonne 7{nnbsp}: «{nnbsp}-3{nnbsp}» n’est pas un nombre de voix{nnbsp}: "
        "écrivez un nombre entier à partir de 0"
    ]
    (told,) = faults("::: agenda\n2026-12-01 18:00\n:::", "fr")
    assert "2026-12-01 18:00 | Lieu | Sujet" in told


def test_the_blocks_that_docs_show_are_read() -> None:
    page = (ROOT / "docs" / "letters.md").read_text("utf-8")
    section = page.partition("## Blocks\n")[2].partition("\n## ")[0]
    sources = re.findall(r"(?m)(?:^(?:    .*)?\n)+", section)
    bodies = [textwrap.dedent(it) for it in sources if it.strip()]
    assert len(bodies) >= len(names.BLOCKS)
    whole = "\n\n".join(bodies) + "\n\n## Un titre"
    assert faults(whole) == []
    found = {type(it) for it in markdown.read(whole).blocks.values()}
    assert found >= {*KINDS.values(), kinds.Columns, kinds.Note}
