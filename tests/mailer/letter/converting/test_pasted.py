"""What people paste from other programs becomes the same plain Markdown."""

from __future__ import annotations

import pytest

from mailer.letter import importing
from mailer.letter.import_report import Fate
from mailer.letter.importing import Imported, Wish

WORD = """<html xmlns:o="urn:x"><head><style>p.MsoNormal {margin:0}</style></head><body>
<!--StartFragment--><h1>Le vote<o:p></o:p></h1>
<p class=MsoNormal>Un <b style='mso-bidi-font-weight:normal'>mot</b> et <span
style='font-style:italic'>un autre</span>.<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18pt;mso-list:l0 level1 lfo1'><![if
!supportLists]><span style='mso-list:Ignore'>·<span style='font:7pt "Times"'>&nbsp;&nbsp;
</span></span><![endif]>point</p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18pt;mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·<span>&nbsp; </span></span>second</p>
<table class=MsoNormalTable><tr><td><p class=MsoNormal><b>Jour</b></p></td><td><p
class=MsoNormal><b>Lieu</b></p></td></tr><tr><td><p class=MsoNormal>lundi</p></td><td><p
class=MsoNormal>gare</p></td></tr></table><!--EndFragment--></body></html>"""
LIBREOFFICE = """<!DOCTYPE html><html><head><title></title></head><body lang="fr-FR">
<h1 class="western">Le vote</h1>
<p style="line-height: 115%">Un <b>mot</b> et <font face="Liberation Serif"><i>un autre</i></font>.
</p><ul><li><p style="margin-bottom: 0cm">point</p></li><li><p>second</p></li></ul>
<table width="643"><col width="310"><col width="311"><thead><tr valign="top"><th><p>Jour</p></th>
<th><p>Lieu</p></th></tr></thead><tbody><tr><td><p>lundi</p></td><td><p>gare</p></td></tr></tbody>
</table></body></html>"""
GOOGLE = """<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1"><h1
dir="ltr"><span style="font-weight:400">Le vote</span></h1><p dir="ltr"><span>Un </span><span
style="font-weight:700">mot</span><span> et </span><span style="font-style:italic">un autre</span
><span>.</span></p><ul><li dir="ltr" aria-level="1"><p dir="ltr"><span>point</span></p></li><li
dir="ltr"><p dir="ltr"><span>second</span></p></li></ul><div><table><colgroup><col/></colgroup>
<tbody><tr><td><p><span style="font-weight:700">Jour</span></p></td><td><p><span
style="font-weight:700">Lieu</span></p></td></tr><tr><td><p>lundi</p></td><td><p>gare</p></td></tr>
</tbody></table></div></b>"""
OUTLOOK = """<div class="WordSection1"><h1>Le vote</h1><div><p class="MsoNormal">Un
<strong>mot</strong> et <em>un autre</em>.<u></u><u></u></p></div><ul
type="disc"><li class="MsoListParagraph">point</li>
<li class="MsoListParagraph">second</li></ul><table border="1"><tbody><tr><td>
<p><b>Jour</b></p></td><td><p><b>Lieu</b></p></td></tr><tr><td>lundi</td>
<td>gare</td></tr></tbody></table></div>"""
PAGE = """<article><header><h1 id="t">Le <span>vote</span></h1></header><script>x()</script>
<nav></nav><p>Un <strong>mot</strong> et <i>un autre</i>.</p><ul class="x"><li>point
<li>second</ul><table>
<tr><th>Jour<th>Lieu<tr><td>lundi<td>gare</table><style>p {}</style></article>"""
BODY = """# Le vote

Un **mot** et *un autre*.

- point
- second

| Jour | Lieu |
| --- | --- |
| lundi | gare |
"""


def pasted(html: str) -> Imported:
    return importing.read(html.encode(), Wish("lettre"))


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(WORD, id="Word"),
        pytest.param(LIBREOFFICE, id="LibreOffice"),
        pytest.param(GOOGLE, id="Google Docs"),
        pytest.param(OUTLOOK, id="Outlook"),
        pytest.param(PAGE, id="web page"),
    ],
)
def test_every_programs_clipboard_gives_the_same_letter(html: str) -> None:
    made = pasted(html)
    assert made.text.split("---\n", 2)[2].lstrip("\n") == BODY
    assert made.report.of(Fate.LEFT_OUT) == []


def test_a_picture_that_came_without_its_file_is_told() -> None:
    made = pasted('<p>Texte <img src="file:///C:/a.png" alt="la salle"></p>')
    assert [it.tell("en") for it in made.report.lines(Fate.LEFT_OUT)] == [
        "the picture “la salle”, whose file did not come along: add it from its file"
    ]


def test_hidden_text_is_left_out_and_told() -> None:
    made = pasted('<p>Vu <span style="display:none">caché</span></p>')
    assert "caché" not in made.text
    assert [it.tell("en") for it in made.report.lines(Fate.LEFT_OUT)] == ["the hidden text “caché”"]


@pytest.mark.parametrize(
    "html", ["<li>un<ol start=3><li>a</ol>", "<li>un</li><ol start=3><li>a</ol>"]
)
def test_a_list_within_a_list_stays_one_though_it_begins_at_three(html: str) -> None:
    made = pasted(f"<ol start=5>{html}</ol>")
    assert made.text.endswith("5. un\n   1. a\n")
