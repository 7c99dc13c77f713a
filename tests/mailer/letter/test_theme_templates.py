"""A theme's templates show values and choose; what could run long, read more or load is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mailer.letter import specimen, theme_files
from mailer.letter.press import press
from mailer.letter.theme import ThemePlaces, load_theme, ours
from mailer.letter.theme_templates import faults
from mailer.letter.theme_toml import ThemeError
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import KEY, LINKS, MARIE

HEAD = '{% extends "common/letter.html.j2" %}\n{% block masthead %}\n'
TAIL = "\n{% endblock %}\n"


@pytest.fixture
def places(tmp_path: Path) -> ThemePlaces:
    folder = tmp_path / "themes" / "nous"
    folder.mkdir(parents=True)
    (folder / "theme.toml").write_text('based_on = "lettre"\n')
    return ThemePlaces(None, tmp_path / "themes")


def with_file(places: ThemePlaces, text: str, name: str = "letter.html.j2") -> ThemePlaces:
    assert places.folder is not None
    file = places.folder / "nous" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return places


def refused(places: ThemePlaces) -> list[str]:
    with pytest.raises(ThemeError) as error:
        load_theme("nous", places)
    return [line.replace(f"{places.folder}/", "") for line in error.value.lines("en")]


@pytest.mark.parametrize("name", ours())
def test_our_own_themes_keep_to_what_a_theme_may(name: str) -> None:
    assert [*faults(theme_files.ours(name), theme_files.MAINS)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{% for n in range(10 ** 9) %}{% endfor %}", "loops over something else"),
        ("{{ range(9) }}", "calls something: a template may call tell, spaced, super"),
        ("{% for n in content %}{% endfor %}", "loops over something else"),
        ('{% for n in "abc" %}{% endfor %}', "loops over something else"),
        ("{% for n in footer.lines recursive %}{% endfor %}", "loops over something else"),
        ("{{ 10 ** 9 ** 9 }}", '"pow" is nothing that a template may do'),
        ('{{ "a" * 999999999 }}', '"mul" is nothing that a template may do'),
        ('{{ "%999999999d" % 1 }}', '"mod" is nothing that a template may do'),
        ('{{ "%999999999d" | format(1) }}', 'there is no filter "format"'),
        ('{{ letter.title | center(999999999) }}', 'there is no filter "center"'),
        ("{{ letter.title | safe }}", 'there is no filter "safe"'),
        ("{{ content | upper }}", '"upper" would spoil content: show it as it is'),
        (
            '{{ tell("x {a}", a=list_title) | title }}',
            '"title" would spoil list_title: show it as it is',
        ),
        ("{% autoescape false %}{{ letter.title }}{% endautoescape %}", "is nothing that a"),
        ("{% set a = 1 %}", '"assign" is nothing that a template may do'),
        ("{% macro a() %}{{ a() }}{% endmacro %}", '"macro" is nothing that a template may do'),
        ('{% import "letter.txt.j2" as x %}', '"import" is nothing that a template may do'),
        ("{% filter upper %}x{% endfilter %}", '"filterblock" is nothing that a template may do'),
        ("{{ letter.body }}", 'there is no value "letter.body": there are number, title'),
        ("{{ letter.__class__ }}", 'there is no value "letter.__class__"'),
        ("{{ letter.title.__class__ }}", '".__class__" of something that has no values'),
        ('{{ letter["__class__"] }}', '"getitem" is nothing that a template may do'),
        ("{{ ().__class__ }}", '".__class__" of something that has no values'),
        ("{{ identity.sender }}", 'there is no value "identity.sender"'),
        ("{{ letter.title.upper() }}", "calls something"),
        ("{{ self.masthead() }}", "calls something"),
        ("{{ config }}", 'there is no value "config"'),
        ('{% include "../secret" %}', "names a file that the theme has not"),
        ("{% include letter.title %}", "names a file that the theme has not"),
        ('{% include "nowhere.css" ignore missing %}', "names a file that the theme has not"),
        ("{% if %}", "is no Jinja: "),
        ("{{ letter.title", "is no Jinja: "),
        ('<script src="a.js"></script>', '"<script" would run or load something'),
        ('<img alt="" src="https://e.org/pixel.png">', "would run or load something"),
        ('<p onclick="x()">', '"onclick=" would run or load something'),
        ('<link rel="stylesheet" href="https://e.org/a.css">', '"<link" would run or load'),
    ],
)  # fmt: skip
def test_what_a_template_may_not_is_told_with_its_line(
    places: ThemePlaces, text: str, fault: str
) -> None:
    with_file(places, HEAD + "<tr><td>\n" + text + TAIL)
    first, *_ = refused(places)
    assert first.startswith(("nous/letter.html.j2:4: ", "nous/letter.html.j2:5: "))
    assert fault in first


@pytest.mark.parametrize(
    "text",
    [
        """<img alt="" src="{{ "htt" ~ "ps://e.org/a.png" }}">""",
        '<img alt="" src="&#104;ttps://e.org/a.png">',
        '<img alt="" src="ht\ntps://e.org/a.png">',
        '<img alt="" srcset="a.png 1x, https://e.org/a.png 2x">',
        '<meta http-equiv="refresh" content="0;url=https://e.org/">',
        '<svg><image href="https://e.org/a.png"></image></svg>',
        '<a href="java&#115;cript:x()">x</a>',
        '<p style="background: u\\72l(https://e.org/a.png)">x</p>',
        '<!--[if mso]><v:fill src="&#104;ttps://e.org/a.png" /><![endif]-->',
        "<{{ 'script' }}>x</{{ 'script' }}>",
    ],
)
def test_what_a_template_puts_together_is_seen_in_the_page(places: ThemePlaces, text: str) -> None:
    theme = load_theme("nous", with_file(places, HEAD + f"<tr><td>{text}</td></tr>" + TAIL))
    with pytest.raises(ThemeError) as error:
        specimen.pressed(theme, specimen.INVENTED)
    (line,) = error.value.lines("en")
    assert "letter.html.j2: cannot be used: " in line
    assert "would run or load something" in line


@pytest.mark.parametrize(
    "text",
    [
        "p { background: u\\72l(https://e.org/a.png) }",
        "p { background: u\\000072 l(https://e.org/a.png) }",
        "p { background: ur/**/l('https://e.org/a.png') }",
        '@\\69mport "https://e.org/a.css";',
        'p { background-image: image-set("https://e.org/a.png" 1x) }',
    ],
)
@pytest.mark.parametrize("name", ["inlined.css", "kept.css", "dark.css"])
def test_what_a_style_sheet_hides_is_seen_in_the_page(
    places: ThemePlaces, name: str, text: str
) -> None:
    ours = load_theme("lettre").files[name]
    theme = load_theme("nous", with_file(places, f"{text}\n{ours}", name))
    with pytest.raises(ThemeError) as error:
        specimen.pressed(theme, specimen.INVENTED)
    assert "would run or load something" in error.value.lines("en")[0]


def test_what_an_author_writes_is_no_fault_of_the_theme() -> None:
    title = "url( @import <script src=https://e.org/> onclick=x"
    written = letter("![x](https://e.org/a.png)\n\n`<script>`", title=title)
    assert "https://e.org/a.png" in press(written, load_theme("lettre"), IDENTITY).html(
        MARIE, LINKS, KEY
    )


def test_loops_stand_within_each_other_twice_at_most(places: ThemePlaces) -> None:
    twice = (
        "{% for line in footer.lines %}{% for words, target in footer.links %}{{ words }}"
        "{{ line }}{{ loop.index }}{% endfor %}{% endfor %}"
    )
    load_theme("nous", with_file(places, HEAD + twice + TAIL))
    thrice = "{% for other in footer.lines %}" + twice + "{% endfor %}"
    (line,) = refused(with_file(places, HEAD + thrice + TAIL))
    assert "loops stand within each other more than 2 deep" in line


def test_what_includes_itself_is_refused(places: ThemePlaces) -> None:
    with_file(places, '{% include "b.j2" %}', "a.j2")
    with_file(places, '{% include "a.j2" %}', "b.j2")
    lines = refused(with_file(places, HEAD + '{% include "a.j2" %}' + TAIL))
    assert lines == ["nous/letter.html.j2:1: includes itself: letter.html.j2 → a.j2 → b.j2 → a.j2"]


def test_includes_that_grow_without_end_are_refused_at_once(places: ThemePlaces) -> None:
    for n in range(20):
        with_file(places, f'{{% include "{n + 1}.j2" %}}' * 10, f"{n}.j2")
    with_file(places, "{{ letter.title }}" * 10, "20.j2")
    begun = time.monotonic()
    lines = refused(with_file(places, HEAD + '{% include "0.j2" %}' + TAIL))
    assert time.monotonic() - begun < 20
    assert lines == ["nous/letter.html.j2:1: comes to too much: include less, and loop less"]


def test_a_letter_is_shown_once_and_not_a_thousand_times(places: ThemePlaces) -> None:
    lines = refused(with_file(places, HEAD + "{{ content }}" * 5 + TAIL))
    assert lines == ["nous/letter.html.j2:1: comes to too much: include less, and loop less"]


@pytest.mark.parametrize(
    "text", ["@import 'https://e.org/a.css';", "td { background: url(a.png); }"]
)
def test_a_style_sheet_loads_nothing(places: ThemePlaces, text: str) -> None:
    (line,) = refused(with_file(places, f"/* */\n{text}\n", "dark.css"))
    assert line.startswith("nous/dark.css:2: ")
    assert "would run or load something" in line


@pytest.mark.parametrize(
    "text",
    [
        "td.content { color: red",
        "} td { ",
        "td { color: ; }",
        "@media { td {",
        "td.content p:nth-child(2) > a::before { content: '}' }",
        "<style>",
        "</style><p>",
        "\0",
        "td { color: rgb(1 2 3 / 50%) }",
    ],
)
def test_a_style_sheet_that_is_broken_gives_a_letter_or_a_line(
    places: ThemePlaces, text: str
) -> None:
    sheet = '{% include "common/base.css" %}\n' + text
    try:
        theme = load_theme("nous", with_file(places, sheet, "inlined.css"))
        page = specimen.pressed(theme, specimen.INVENTED).html(MARIE, LINKS, KEY)
    except ThemeError as error:
        (line,) = error.lines("en")
        assert "inlined.css" in line or "leaves out" in line
    else:
        assert "Se désinscrire" in page


def test_a_style_sheet_of_thousands_of_rules_is_refused_at_once(places: ThemePlaces) -> None:
    for n in range(10):
        with_file(places, "a{b:c}" * 10_000, f"{n}.css")
    sheet = "".join(f'{{% include "{n}.css" %}}' for n in range(10))
    theme = load_theme("nous", with_file(places, sheet, "inlined.css"))
    begun = time.monotonic()
    with pytest.raises(ThemeError) as error:
        specimen.pressed(theme, specimen.INVENTED)
    assert time.monotonic() - begun < 20
    (line,) = error.value.lines("en")
    assert line.endswith("inlined.css: cannot be used: is larger than 32 kB: shorten it")


@pytest.mark.parametrize("text", ["<a ", '<a x="', "<!--", "</", "<?"])
def test_a_frame_of_thousands_of_open_tags_is_refused_at_once(
    places: ThemePlaces, text: str
) -> None:
    theme = load_theme("nous", with_file(places, HEAD + text * 16_000 + TAIL))
    begun = time.monotonic()
    with pytest.raises(ThemeError) as error:
        specimen.pressed(theme, specimen.INVENTED)
    assert time.monotonic() - begun < 20
    assert "comes to too much: include less, and loop less" in error.value.lines("en")[0]


def test_a_theme_without_a_link_to_leave_by_is_refused(places: ThemePlaces) -> None:
    theme = load_theme("nous", with_file(places, "<p>{{ content }}</p>"))
    with pytest.raises(ThemeError) as error:
        specimen.pressed(theme, specimen.INVENTED)
    (line,) = error.value.lines("en")
    assert line.startswith("the theme nous leaves out a line of the footer or a link to leave by")


def test_an_error_of_a_template_has_its_file_and_line(places: ThemePlaces) -> None:
    theme = load_theme("nous", with_file(places, HEAD + "\n{{ letter.number > 'a' }}" + TAIL))
    with pytest.raises(ThemeError) as error:
        press(letter(), theme, IDENTITY)
    (line,) = error.value.lines("en")
    assert line.endswith(
        "nous/letter.html.j2:4: cannot be used: '>' not supported between instances of 'int' "
        "and 'str'"
    )


def test_a_file_of_a_theme_takes_the_place_of_a_common_one(places: ThemePlaces) -> None:
    with_file(places, "<tr><td>{{ unsubscribe }}</td></tr>", "common/footer.html.j2")
    theme = load_theme("nous", places)
    assert theme.files["common/footer.html.j2"].startswith("<tr><td>{{ unsub")
    assert theme.files["common/base.css"] == load_theme("lettre").files["common/base.css"]


def test_words_that_a_template_tells_read_no_attributes(places: ThemePlaces) -> None:
    text = '{{ tell("{a.__class__} {b}", a="x", b="y") }}'
    theme = load_theme("nous", with_file(places, HEAD + f"<tr><td>{text}</td></tr>" + TAIL))
    page = press(letter(), theme, IDENTITY).html(MARIE, LINKS, KEY)
    assert "{a.__class__} y" in page
