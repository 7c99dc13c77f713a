"""What each program puts into the clipboard becomes the Markdown and the report beside its name.

LibreOffice's is what LibreOffice 7.4 wrote; the others are made by hand as these programs write.
"""

from __future__ import annotations

import os
import re
from html import unescape

import pytest

from mailer.letter import importing, markdown
from mailer.letter.import_report import Fate
from mailer.letter.importing import Imported, Wish
from tests.paths import ROOT

FOLDER = ROOT / "tests" / "specimens" / "clipboard"
NAMES = sorted(it.stem for it in FOLDER.glob("*.html"))
NOT_SHOWN = re.compile(r"(?s)<!--.*?-->|<(style|script|title|xml|button|select)\b.*?</\1>|<[^>]*>")
SIGNS = re.compile(r"\\(?=[\W_])|\*|~~|</?\w[^>]*>")


def pasted(html: str) -> Imported:
    return importing.read(importing.as_html(html), Wish("image"))


def body_of(made: Imported) -> str:
    return made.text.split("---\n", 2)[2].lstrip("\n")


def told(made: Imported) -> str:
    fates = (Fate.CHANGED, Fate.LEFT_OUT)
    lines = [f"{fate.value}: {it.tell('en')}" for fate in fates for it in made.report.lines(fate)]
    return "".join(f"{it}\n" for it in lines)


def test_each_program_has_its_specimen() -> None:
    assert {"word", "word_online", "libreoffice", "google_docs", "outlook", "web_page"} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_clipboard_becomes_its_letter_and_no_word_of_it_is_lost(name: str) -> None:
    html = (FOLDER / f"{name}.html").read_text("utf-8")
    made = pasted(html)
    if os.environ.get("PLI_WRITE_SPECIMENS"):
        (FOLDER / f"{name}.md").write_text(body_of(made), "utf-8")
        (FOLDER / f"{name}.txt").write_text(told(made), "utf-8")
    assert body_of(made) == (FOLDER / f"{name}.md").read_text("utf-8")
    assert told(made) == (FOLDER / f"{name}.txt").read_text("utf-8")
    parsed = markdown.read(body_of(made))
    assert parsed.faults == []
    assert {it for _, it in parsed.images()} == set(made.pictures)
    there = {*re.findall(r"\w+", SIGNS.sub("", body_of(made)) + told(made))}
    words = re.findall(r"[^\W\d_]{2,}", unescape(NOT_SHOWN.sub(" ", html)))
    assert len(words) > 20
    assert [it for it in words if it not in there] == []


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        pytest.param(
            '<p>A<sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup>.</p><hr>'
            '<div><p><a href="#ftnt_ref1" id="ftnt1">[1]</a><span> Un.</span></p></div>',
            "A[^1].\n\n[^1]: Un.\n",
            id="Google Docs, as a file",
        ),
        pytest.param(
            '<p>A<a href="#fn1" class="footnote-ref" id="fnref1"><sup>1</sup></a>, '
            'b<a href="#fn2" id="fnref2"><sup>2</sup></a>.</p><section class="footnotes"><hr><ol>'
            '<li id="fn1"><p>Un.</p><p>Suite.<a href="#fnref1">↩︎</a></p></li>'
            '<li id="fn2"><p>Deux.<a href="#fnref2">↩︎</a></p></li></ol></section>',
            "A[^1], b[^2].\n\n[^1]: Un.\n\n    Suite.\n\n[^2]: Deux.\n",
            id="pandoc, of two paragraphs",
        ),
        pytest.param(
            '<p>A<sup id="r-0"><a href="#n">[1]</a></sup> b<sup id="r-1"><a href="#n">[1]</a></sup>'
            '.</p><ol><li id="n">↑ <sup><a href="#r-0">a</a></sup> <sup><a href="#r-1">b</a></sup> '
            "Un.</li></ol>",
            "A[^1] b[^1].\n\n[^1]: ↑ Un.\n",
            id="a wiki, twice the same",
        ),
        pytest.param(
            '<table><tr><td colspan=2>A<a href="#f" id="r">1</a></td></tr><tr><td>b</td>'
            '<td>c</td></tr></table><div id="f"><p><a href="#r">1</a> Un.</p></div>',
            '<table>\n<tbody>\n<tr><td colspan="2">A<sup>[1]</sup></td></tr>\n'
            "<tr><td>b</td><td>c</td></tr>\n</tbody>\n</table>\n\n[^1]\n\n[^1]: Un.\n",
            id="in a table that only HTML can say",
        ),
        pytest.param(
            '<p>A<a href="#_ftn1" name="_ftnref1"><sup>[1]</sup></a>.</p>',
            "A<sup>\\[1\\]</sup>.\n",
            id="only the mark was copied",
        ),
        pytest.param(
            '<p><a href="#a" id="top">Titre</a></p><h2 id="a">Titre <a href="#top">1</a></h2>',
            "Titre\n\n## Titre 1\n",
            id="a table of contents is none",
        ),
    ],
)
def test_footnotes_of_other_programs_are_footnotes(html: str, wanted: str) -> None:
    assert body_of(pasted(html)) == wanted


def test_headings_go_down_where_a_letter_would_have_two_titles() -> None:
    assert body_of(pasted("<h1>Un</h1><p>a</p><h2>Deux</h2><p>b</p><h1>Trois</h1><p>c</p>")) == (
        "## Un\n\na\n\n### Deux\n\nb\n\n## Trois\n\nc\n"
    )


def test_a_picture_that_counts_who_looks_goes_and_an_emoji_is_a_sign() -> None:
    made = pasted(
        '<p>Oui <img src="https://a.example/e.png" alt="👍"> et<img src="https://a.example/t.gif" '
        'width=1 height=1>.</p><p><img src="https://a.example/vue.png"></p>'
    )
    assert body_of(made) == "Oui 👍 et.\n"
    assert told(made) == (
        "left out: the picture “vue.png”, whose file did not come along: add it from its file\n"
    )


def test_a_link_is_not_underlined_besides() -> None:
    html = '<p><a href="https://e.org/"><span style="text-decoration:underline">là</span></a></p>'
    assert body_of(pasted(html)) == "[là](https://e.org/)\n"


def test_a_table_without_a_heading_is_one_of_markdown_and_shows_none() -> None:
    html = "<table><tr><td>lundi</td><td><p>gare</p><p>guichet</p></td></tr></table>"
    body = body_of(pasted(html))
    assert body == "|  |  |\n| --- | --- |\n| lundi | gare<br>guichet |\n"
    tree = markdown.read(body).tree
    assert [it.tag for it in tree.iter() if it.tag in ("thead", "tr", "th", "td")] == [
        "tr",
        "td",
        "td",
    ]
