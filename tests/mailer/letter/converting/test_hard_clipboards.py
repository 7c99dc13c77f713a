"""HTML that is hostile, huge or broken: it becomes plain Markdown, and what goes is told."""

from __future__ import annotations

import base64
import time

import pytest

from mailer.letter import importing
from mailer.letter.import_report import Fate
from mailer.letter.importing import Imported, Wish
from pli.errors import PliError


def pasted(html: str) -> Imported:
    return importing.read(importing.as_html(html), Wish("image"))


def body_of(made: Imported) -> str:
    return made.text.split("---\n", 2)[2].lstrip("\n")


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ('<p onclick="a()">Un <img src=x onerror="a()"> mot</p>', "Un mot\n"),
        ('<p><a href="javascript:a()">lien</a> <a href="data:text/html,x">là</a></p>', "lien là\n"),
        ('<p><a href=" java\nscript:a()">lien</a></p>', "lien\n"),
        ("<p>a</p><svg onload=a()><script>b()</script><text>dit</text></svg>", "a\n"),
        ("<p>a<script>b()</script><style>p {}</style><iframe src=x>c</iframe></p>", "a\n"),
        ("<!--[if mso]><p>rien</p><![endif]--><p>a<![if !x]>b<![endif]></p>", "ab\n"),
        ("<!--[if !mso]><!--><p>montré</p><!--<![endif]-->", "montré\n"),
        ("<p>{{ subscriber.first_na</p>", "\\{{ subscriber.first_na\n"),
        ("<p>::: encadre</p><p># a</p><p>- b</p>", "\\::: encadre\n\n\\# a\n\n- b\n"),
        ("<p dir=rtl>שלום</p><p>e\u0301 👨‍👩‍👧 👨\u200d</p>", "שלום\n\ne\u0301 👨‍👩‍👧 👨\u200d\n"),
        ("<p>a<b>b<i>c</b>d</i><p>e", "a**b<em>c</em>**_d_\n\ne\n"),
    ],
)
def test_what_could_run_goes_and_words_stay(html: str, wanted: str) -> None:
    body = body_of(pasted(html))
    if "{{" not in html:
        assert body == wanted
    # Half an expression stays the words it is, whichever way it is written.
    assert body.replace("\\", "").replace("&#123;", "{") == wanted.replace("\\", "")


def test_a_table_of_sixty_columns_is_one() -> None:
    row = "<tr>" + "".join(f"<td>c{n}</td>" for n in range(60)) + "</tr>"
    body = body_of(pasted(f"<table>{row * 5}</table>"))
    assert [line.count("|") for line in body.splitlines()] == [61] * 7


@pytest.mark.proof
def test_ten_thousand_paragraphs_and_thirty_megabytes_take_seconds() -> None:
    begun = time.process_time()
    body = body_of(pasted("".join(f"<p>Alinéa {n}</p>" for n in range(10_000))))
    assert body.count("\n\n") == 9_999
    data = base64.b64encode(b"\x89PNG" + bytes(22_000_000)).decode()
    made = pasted(f'<p>a</p><p><img alt="b" src="data:image/png;base64,{data}"></p>')
    assert body_of(made).startswith("a\n")
    assert time.process_time() - begun < 30
    with pytest.raises(PliError):
        pasted("<div>" * 5_000 + "a")


def test_two_hundred_notes_are_two_hundred_notes() -> None:
    marks = "".join(f'a<a href="#n{n}" id="r{n}">{n}</a> ' for n in range(1, 201))
    notes = "".join(f'<p><a href="#r{n}" id="n{n}">{n}</a> Note {n}.</p>' for n in range(1, 201))
    made = pasted(f"<p>{marks}</p>{notes}")
    assert body_of(made).count("\n[^") == 200
    assert "[^200]: Note 200." in body_of(made)
    assert made.report.of(Fate.LEFT_OUT) == []
