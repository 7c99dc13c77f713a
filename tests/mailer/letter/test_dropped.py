"""An author is told, with the line, what Markdown or the sanitiser takes out of a letter."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter import markdown
from mailer.letter.letter import LetterError, parse_letter
from tests.examples import examples
from tests.factories import FRONT
from tests.mailer.letter.rendered import html, text


def notes(body: str) -> list[str]:
    read = markdown.read(body)
    assert not read.faults
    return [f"{it.line}: {it.sentence}: {it.remedy}" for it in read.notes]


def faults(body: str) -> list[str]:
    with pytest.raises(LetterError) as refused:
        parse_letter(FRONT + body)
    return refused.value.lines("en")


def test_words_between_angle_brackets_are_shown_and_told() -> None:
    body = "Répondre à <responsable> avant le <date>.\n\n<INTRO>\n\n**Suite** </fin>"
    for part in (html(body).replace("&lt;", "<").replace("&gt;", ">"), text(body)):
        assert "Répondre à <responsable> avant le <date>." in part
        assert "<INTRO>" in part
        assert "</fin>" in part
    assert "<strong>Suite</strong>" in html(body).replace(' style="font-weight:bold"', "")
    told = notes(body)
    assert [it.partition(" is no HTML")[0] for it in told] == [
        "0: <responsable>",
        "0: <date>",
        "2: <INTRO>",
        "4: </fin>",
    ]


def test_words_between_angle_brackets_stay_inside_html() -> None:
    body = "<div>\n<p>Cher <nom de famille>,</p>\n</div>"
    assert "Cher <nom de famille>," in text(body)
    assert notes(body)[0].startswith("1: <nom de famille> is no HTML")


@pytest.mark.parametrize("body", ["`<nom>`", "```\n<nom>\n```", "a < b", "a <b c", "<3", "\\<nom>"])
def test_what_is_no_tag_is_no_note(body: str) -> None:
    assert notes(body) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<font color=red>x</font>", "<font> is taken out, and what it holds is plain text"),
        ("a\n\n<center>x</center>", "2: <center> is taken out"),
        ("La <section> CGT", "0: <section> is taken out"),
        ("x <script>y()</script>", "<script> is taken out, with all that it holds"),
        ("<style>\np { color: red }\n</style>", "<style> is taken out, with all"),
        ("<video src=a></video>", "<video> is taken out"),
        (
            "[x](https://e.org){.boutton}",
            'the class "boutton" is not known here: did you mean "but',
        ),
        ("{.button}\nx", 'the class "button" has no effect on <p>: it belongs to <a>'),
        ('<p class="leed">x</p>', 'the class "leed" is not known here: did you mean "lead"'),
        ("![a](https://e.org/a.png){witdh=3}", 'the attribute "witdh" is not known here: did you'),
        ('<img alt=a src="https://e.org/a" widht=3>', 'the attribute "widht" is not known'),
        ('<p class="MsoNormal" align="x">y</p>', "taken out: class MsoNormal, align"),
        ('<p style="color:red;margin:0">x</p>', "taken out: style color, style margin"),
        ("# x {#ancre}\n\na", "shown as it is written"),
        ("a\n\n[b]: https://e.org", '2: the line "[b]: …" is taken out'),
        ("\tcode", "0: four spaces or a tab make this a block of code"),
    ],
)
def test_what_is_taken_out_is_told_once(body: str, told: str) -> None:
    found = [it for it in notes(body) if told in it]
    assert len(found) == 1, notes(body)


def test_pasted_looks_are_one_note() -> None:
    body = "".join(f'<p class="c{n}" onclick="x" style="color:red">y</p>\n' for n in range(40))
    (told,) = notes(body)
    assert told.endswith("class c7, …: write Markdown, or look at the preview")


def test_what_a_letter_may_hold_is_no_note() -> None:
    body = (
        "# a\n\n{.lead}\nx [b](https://e.org){.button}\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
        '<p lang="ar" dir="rtl">y</p>\n\n```python\nz\n```\n\n~~s~~ <sup>1</sup>\n'
    )
    assert notes(body) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("a[^1].\n\n[^2]: INSEE", "[^1] has no footnote"),
        ("a[^note].\n\n[^la note]: Une longue note, page 12.", "is no name of a footnote"),
        ("a\n\n<!-- note\n\nb", "lettre.md:10: a comment is not closed"),
        ("a\n\n<script>\n\nb", "<script> takes out all that follows"),
        ("Le <title> de la lettre\n\nb", "lettre.md:8: <title> takes out all that follows"),
        ("<div>\n<p\n\nb", "is not closed"),
        ("<textarea>a\n\nb", "<textarea> takes out all that follows"),
        ("<plaintext>\n\nb", "<plaintext> takes out all that follows"),
    ],
)
def test_words_that_would_vanish_are_a_fault(body: str, fault: str) -> None:
    assert any(fault in line for line in faults(body))


@pytest.mark.parametrize(
    "hiding",
    [
        "hidden",
        'style="display:none"',
        'style="DISPLAY : None !important"',
        'style="color:red;visibility:hidden"',
        'style="mso-hide:all"',
        'style="font-size:0"',
        'style="font-size:0px"',
        'style="opacity:0.0"',
        'style="max-height:0;overflow:hidden"',
    ],
)
@pytest.mark.parametrize("tag", ["p", "span", "div"])
def test_hidden_text_is_in_neither_part_and_told(hiding: str, tag: str) -> None:
    body = f"Avant <{tag} {hiding}>note <b>interne</b></{tag}> après."
    for part in (html(body), text(body)):
        assert "interne" not in part
        assert "Avant" in part
        assert "après." in part
    assert any('hidden text is taken out: "note interne"' in it for it in notes(body))


def test_a_hidden_expression_is_no_fault_and_told_as_it_is_written() -> None:
    (told,) = notes("a <span hidden>{{ subscriber.email }}</span>")
    assert '"{{ subscriber.email }}"' in told
    assert "marie@example.org" not in html("a <span hidden>{{ subscriber.email }}</span>")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('<span style="font-weight:700">x</span>', "<span><strong>x</strong></span>"),
        ('<span style="font-weight:bold">x</span>', "<strong>x</strong>"),
        ('<span style="font-weight:400">x</span>', "<span>x</span>"),
        ('<b style="font-weight:normal">x</b>', "<span>x</span>"),
        ('<b style="font-weight:700">x</b>', "<b>x</b>"),
        ('<span style="text-decoration:line-through">x</span>', "<s>x</s>"),
        ('<span style="text-decoration:line-through underline">x</span>', "<s>x</s>"),
        ('<span style="font-style:italic">x</span>', "<em>x</em>"),
        ("<strike>x</strike>", "<s>x</s>"),
        ('<div style="font-weight:bold"><p>x</p></div>', "<p><strong>x</strong></p>"),
        ('<p style="font-weight:600">x</p>', "<p><strong>x</strong></p>"),
        ('<p dir="rtl" lang="ar">x</p>', '<p dir="rtl" lang="ar">x</p>'),
    ],
)
def test_what_pasted_styles_mean_is_kept(body: str, shown: str) -> None:
    tree = markdown.read(body).tree
    for element in tree.iter():
        element.attrib.pop("data-line", None)
    assert shown in tostring(tree, encoding="unicode")


def test_a_direction_reaches_the_copy() -> None:
    assert 'dir="rtl"' in html('<p dir="rtl" lang="ar">نص !</p>')


SCRAPS = (
    *("un ", "deux ", "<b>", "</b>", "<p>", "</p>", "<table>", "<td>", "</table>", "\n\n", "\n"),
    *("<div>", "</div>", "<mot>", "<select>", "<svg>", "<font>", "<ul>", "<li>", "<!-- -->"),
    *("<title>", "</title>", "<style>", "</style>", "<math>", "</p", "- ", "> ", "<option>"),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from(SCRAPS), max_size=20).map("".join))
def test_no_word_vanishes_untold(body: str) -> None:
    read = markdown.read(body)
    shown = "".join(read.tree.itertext())
    told = read.faults or any("taken out" in str(it.sentence) for it in read.notes)
    assert told or all(shown.count(word) >= body.count(word) for word in ("un", "deux"))
