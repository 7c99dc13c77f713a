"""What each block looks like in the mail's HTML and in its plain text."""

from __future__ import annotations

import re

import pytest

from mailer.letter.blocks import bar
from mailer.letter.blocks.kinds import Votes, Way
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE, THEME, html, pressed, text

NNBSP = "\u202f"
WHOLE = THEME.tokens.shape.column - 40
"""The width of a picture that stands in no block, in pixels."""
VOTES = "::: votes Avis\npour: 59\ncontre: 0\nabstention: 23\n:::"
AGENDA = "::: agenda Rendez-vous\n2026-12-01 18:00-20:00 | Gare d'Aubrac | Réunion\n:::"


def content(body: str) -> str:
    """The author's part of the mail's HTML, without styles."""
    page = html(body).partition('<td class="content"')[2].partition('class="footer"')[0]
    return re.sub(r""" (?:style|bgcolor)=(?:"[^"]*"|'[^']*')""", "", page)


def test_a_box_is_a_table_of_one_cell_with_its_heading() -> None:
    body = "# T\n\n::: box À *retenir*\nUn mot.\n:::"
    page = content(body)
    assert '<table role="presentation" cellpadding="0" cellspacing="0" border="0"' in page
    assert '<h2 class="boxed">À <em>retenir</em></h2>' in page
    assert "| À retenir\n| ---------\n|\n| Un mot.\n" in text(
        "# T\n\n::: box À *retenir*\nUn mot.\n:::"
    )


def test_an_introduction_is_the_class_lead() -> None:
    page = content("::: lead\nUn.\n\nDeux.\n:::")
    assert page.count('<p class="lead">') == 2


def test_a_quotation_has_its_author_in_cite() -> None:
    body = "::: quote Une autrice, *élue*\nUn mot.\n\nUn autre.\n:::"
    page = content(body)
    assert re.search(r"<blockquote>.*<p>Un mot\.</p>.*<p class=\"author\">", page, re.S)
    assert "<cite>Une autrice, <em>élue</em></cite>" in page
    assert "> Un mot.\n>\n> Un autre.\n>\n> — Une autrice, élue\n" in text(body)


def test_a_picture_has_its_words_its_caption_and_its_credit() -> None:
    body = (
        "::: image ma photo.png\nalt: Une gare\ncaption: Le *train*\ncredit: © Une autrice\n"
        "width: 200\n:::"
    )
    page = content(body)
    assert 'alt="Une gare"' in page
    assert 'width="200"' in page
    assert '<span class="caption">Le <em>train</em></span><br>' in page
    assert '<span class="credit">© Une autrice</span>' in page
    assert "[Une gare]\nLe train\n© Une autrice\n" in text(body)
    made = pressed(body)
    assert len(made.pictures) == 1
    assert f"cid:{made.pictures[0].content_id}" in page
    assert "cid:" not in made.web(LIST)


def test_pictures_of_blocks_are_loaded_like_all_others() -> None:
    body = "::: image a b.png\nalt: x\n:::\n\n::: signature\nnom: N\nimage: sous/c.png\n:::"
    assert sorted(letter(body).images) == ["a b.png", "sous/c.png"]


def test_a_button_is_the_same_button_as_in_a_line() -> None:
    block = content("::: button https://example.org/a?b=c&d Lire *ici*\n:::")
    line = content("[Lire *ici*](https://example.org/a?b=c&d){.button}")
    link = r'<a (?=[^>]*href="https://example\.org/a\?b=c&amp;d")(?=[^>]*class="button")[^>]*>'
    for page in (block, line):
        assert re.search(rf"{link}Lire <em>ici</em></a>", page)
        assert page.count("v:roundrect") == 2
    said = text("::: button https://example.org/a?b=c&d Lire *ici*\n:::")
    assert "Lire ici <https://example.org/a?b=c&d>\n" in said


def test_columns_stand_beside_each_other_with_no_space_between() -> None:
    body = ":::: columns\n::: column\nUn.\n:::\n::: column\nDeux.\n:::\n::::"
    page = html(body)
    first, _, second = page.partition('class="half"')[2].partition('class="half"')
    assert "calc(" in first
    assert "min-width:47.5%" in first.replace(" ", "")
    between = first.partition("</div>")[2]
    assert not re.search(r">\s+<", re.sub(r"<!--.*?-->", "", between))
    assert "Un." in first
    assert "Deux." in second
    assert "Un.\n\nDeux.\n" in text(body)


def test_pictures_and_buttons_in_a_column_are_no_wider_than_the_column() -> None:
    inside = "![x](https://e.org/a.png)\n\n[" + "mot " * 30 + "](https://e.org){.button}\n"
    body = f":::: columns\n::: column\n{inside}:::\n::: column\n{inside}:::\n::::"
    page = html(body)
    widths = [int(it) for it in re.findall(r'<img[^>]*width="(\d+)"', page)]
    drawn = [int(it) for it in re.findall(r"v-text-anchor:middle;width:(\d+)px", page)]
    assert widths
    assert max(widths) <= WHOLE / 2
    assert f"max-width:{WHOLE}px" in page.replace("max-width: ", "max-width:")
    assert max(drawn) <= WHOLE / 2
    assert max(int(it) for it in re.findall(r'<img[^>]*width="(\d+)"', html(inside))) == WHOLE


def test_votes_are_a_table_and_one_sentence() -> None:
    page = content(VOTES)
    assert f"Avis{NNBSP}: pour 59, contre 0, abstention 23 (82 voix en tout).\n" in text(VOTES)
    assert '<p class="title">Avis</p>' in page
    assert re.search(r"<caption>82 <span>voix</span> en tout</caption>", page)
    for label, number in (("Pour", 59), ("Contre", 0), ("Abstention", 23)):
        head = rf'scope="row"[^>]*><span[^>]*>[^<]*</span>\u00a0{label}</th>'
        row = rf"{head}<td[^>]*>{number} <span>voix"
        assert re.search(row, page), label


def test_votes_in_english_and_with_another_unit() -> None:
    body = "::: votes\nfor: 1 200\nagainst: 3\nunit: ballots\n:::"
    assert "Vote: for 1,200, against 3 (1,203 ballots in all)." in text(body, language="en")
    assert f"Vote{NNBSP}: pour 1{NNBSP}200, contre 3 (1{NNBSP}203 ballots en tout)." in text(body)


def test_the_bar_differs_by_figure_and_pattern_and_is_not_heard_beside_the_table() -> None:
    page = html(VOTES)
    drawn = page.partition('<table class="bar"')[2].partition("</table>")[0]
    assert 'aria-hidden="true"' in drawn
    cells = re.findall(r'<td class="(\w+)"([^>]*)>([^<]*)</td>', drawn)
    assert [(name, said) for name, _, said in cells] == [("for", "59"), ("abstention", "23")]
    borders = [re.search(r"border: ?([^;\"]*)", style)[1] for _, style, _ in cells]  # type: ignore[index]
    assert "solid" in borders[0]
    assert "dashed" in borders[1]
    assert "repeating-linear-gradient" in cells[1][1]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((59, 0, 23), ["59", "23"]),
        ((1000, 1, 1), ["1\u202f000", "1", "1"]),
        ((1,), ["1"]),
        ((999_999_999, 999_999_999, 999_999_999), ["\xa0", "\xa0", "\xa0"]),
    ],
)
def test_a_bar_is_whole_and_shows_the_figures_that_fit(
    numbers: tuple[int, ...], said: list[str]
) -> None:
    votes = Votes(tuple(zip(Way, numbers, strict=False)))
    cells = list(bar.drawn(votes, "fr").iter("td"))
    widths = [int(it.get("width", "").rstrip("%")) for it in cells]
    assert sum(widths) == 100
    assert min(widths) >= 3
    assert [it.text for it in cells] == said


def test_dates_are_a_table_and_a_list() -> None:
    page = content(AGENDA)
    assert "<caption>Rendez-vous</caption>" in page
    assert re.search(
        r'scope="row"[^>]*>mardi 1er décembre 2026<br>18:00–20:00</th>'
        r"<td[^>]*><strong>Réunion</strong><br><span>Gare d'Aubrac</span></td>",
        page,
    )
    written = "Rendez-vous\n\n• mardi 1er décembre 2026, 18:00–20:00 – Réunion, Gare d'Aubrac\n"
    assert written in text(AGENDA)
    assert "• Tuesday, 1 December 2026, 18:00–20:00 – Réunion" in text(AGENDA, language="en")


def test_a_signature_has_a_small_picture_beside_the_name_or_a_wide_one_above() -> None:
    small = content("::: signature\nnom: Une autrice\nfonction: Secrétaire\nimage: a.png\n:::")
    assert re.search(r'<td class="portrait"[^>]*><img', small)
    assert 'width="96"' in small
    wide = content("::: signature\nnom: Une autrice\nimage: a.png\nwidth: 200\n:::")
    assert re.search(r'<td class="signed"[^>]*><img[^>]*width="200"', wide)
    body = "::: signature\nnom: Une autrice\nfonction: Secrétaire\nimage: a.png\nalt: Sa main\n:::"
    assert "[Sa main]\nUne autrice\nSecrétaire\n" in text(body)


def test_footnotes_are_gathered_at_the_end_without_anchors() -> None:
    body = (
        "Un mot[^b] et un autre[^a], puis le premier[^b].\n\n[^a]: Note *a*.\n[^b]: Note b.\n\nFin."
    )
    page = content(body)
    assert page.count('<sup class="note">[1]</sup>') == 2
    assert page.count('<sup class="note">[2]</sup>') == 1
    assert "href" not in page
    said = text(body)
    assert "Un mot[1] et un autre[2], puis le premier[1].\n\nFin.\n" in said
    assert "Notes\n\n[1] Note b.\n\n[2] Note a.\n" in said


def test_words_of_blocks_get_french_spaces_and_bare_addresses_links() -> None:
    body = (
        "::: box Oui !\n« Non » ?\n:::\n\n::: votes Pour : qui ?\npour: 1\n:::\n\n"
        "::: image a.png\nalt: x\ncaption: voir www.example.org ; fin\n:::"
    )
    for part in (html(body), text(body)):
        assert f"Oui{NNBSP}!" in part
        assert f"«{NNBSP}Non{NNBSP}»{NNBSP}?" in part
        assert f"Pour{NNBSP}: qui{NNBSP}?" in part
    assert 'href="https://www.example.org"' in html(body)


def test_expressions_stand_in_all_words_of_blocks_but_in_no_address() -> None:
    name = "{{ subscriber.first_name }}"
    body = (
        f"::: box Pour {name}\n{name}\n:::\n\n::: quote {name}\nx\n:::\n\n"
        f"::: image a.png\nalt: vu par {name}\ncaption: de {name}\ncredit: à {name}\n:::\n\n"
        f"::: button https://e.org Lire, {name}\n:::\n\n"
        f"::: votes {name}\npour: 2\nunit: de {name}\n:::\n\n"
        f"::: agenda {name}\n2026-12-01 | chez {name} | fête de {name}\n:::\n\n"
        f"::: signature\nnom: {name}\nfonction: amie de {name}\n:::"
    )
    made = pressed(body)
    page, said = made.html(MARIE, LINKS, KEY), made.text(MARIE, LINKS, KEY)
    assert "{{" not in page + said
    assert page.count("Marie") >= 16
    assert said.count("Marie") >= 14
    assert 'alt="vu par Marie"' in page


def test_a_block_turns_with_the_direction_of_the_html_around_it() -> None:
    body = '<div dir="rtl">\n\n::: box عنوان\nمرحبا 😀 بكم\n:::\n\n</div>'
    page = content(body)
    assert re.search(r'<div dir="rtl">.*<h2 class="boxed">عنوان</h2>.*مرحبا 😀 بكم', page, re.S)
    assert "| مرحبا 😀 بكم" in text(body)


def test_the_web_version_has_the_blocks_as_well() -> None:
    page = pressed(f"{VOTES}\n\n{AGENDA}").web(LIST)
    assert IDENTITY.committee.split("'")[0] in page
    assert "82 <span" in page
    assert "mardi 1er décembre 2026" in page
