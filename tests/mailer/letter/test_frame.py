"""The frame of each theme: what every mail says of itself, and every table (H1 to H4, H11, H17)."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mailer.letter import specimen
from mailer.letter.press import Pressed
from mailer.letter.theme import load_theme, ours
from mailer.letter.theme_files import INLINED
from mailer.letter.theme_toml import ThemeError
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(params=ours(), scope="module")
def pressed(request: pytest.FixtureRequest) -> Pressed:
    return specimen.pressed(load_theme(request.param), specimen.INVENTED)


@pytest.fixture(scope="module")
def mail(pressed: Pressed) -> str:
    return pressed.html(MARIE, LINKS, KEY)


def style(attributes: dict[str, str], name: str) -> str:
    declared = re.findall(rf"(?:^|;)\s*{name}:\s*([^;]+)", attributes.get("style", ""))
    return str(declared[-1]) if declared else ""


def test_a_page_says_its_language_direction_charset_width_and_title(mail: str) -> None:
    assert mail.startswith("<!DOCTYPE html>")
    assert '<html lang="fr" dir="ltr"' in mail
    assert '<meta charset="utf-8">' in mail
    metas = {it.get("name"): it.get("content") for it in Elements(mail).of("meta")}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert "telephone=no" in str(metas["format-detection"])
    assert "x-apple-disable-message-reformatting" in metas
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert ":root { color-scheme: light dark; }" in mail
    assert re.search("<title>.+</title>", mail)
    assert "<o:PixelsPerInch>96</o:PixelsPerInch>" in mail


def test_a_mail_says_it_again_inside_and_a_page_of_the_web_has_a_main_part(
    mail: str, pressed: Pressed
) -> None:
    (frame,) = [it for it in Elements(mail).of("div") if it.get("role") == "article"]
    assert frame["aria-roledescription"] == "email"
    assert frame["aria-label"] == "Une lettre d'exemple\u202f: tout ce qui peut s'y trouver"
    assert (frame["lang"], frame["dir"]) == ("fr", "ltr")
    assert "<main" not in mail
    web = Elements(pressed.web(LIST))
    assert web.of("main") == [{"lang": "fr", "dir": "ltr"}]
    assert not [it for _, it in web.found if it.get("role") == "article"]


def test_a_table_has_data_or_no_meaning_at_all(mail: str) -> None:
    tables = Elements(mail).of("table")
    assert len(tables) > 8
    for table in tables:
        data = "data" in table.get("class", "").split()
        silent = table.get("role") == "presentation" or "aria-hidden" in table
        assert data != silent
        assert [table.get(it) for it in ("cellpadding", "cellspacing", "border")] == ["0", "0", "0"]


def test_text_is_large_with_room_between_its_lines_and_set_to_the_left(mail: str) -> None:
    cells = Elements(mail).of("td")
    (content,) = [it for it in cells if it.get("class") == "content"]
    assert int(style(content, "font-size").removesuffix("px")) >= 16
    assert float(style(content, "line-height")) >= 1.4
    assert style(content, "text-align") == "left"
    assert "justify" not in mail
    for paragraph in Elements(mail).of("p"):
        size = style(paragraph, "font-size")
        if paragraph.get("class", "") in ("", "lead"):
            assert not size or int(size.removesuffix("px")) >= 14


def test_nothing_of_a_theme_is_fetched(mail: str) -> None:
    for tag in ("script", "link", "iframe", "form", "object"):
        assert Elements(mail).of(tag) == []
    assert "@import" not in mail
    assert "url(" not in mail
    assert all(it["src"].startswith("cid:") for it in Elements(mail).of("img"))


@pytest.mark.parametrize(
    "rule",
    [
        "td.footer { display: none }",
        "table.column { visibility: hidden }",
        "a.door { opacity: 0 }",
        "p.doors { font-size: 0px }",
        "p.doors { max-height: 0; overflow: hidden }",
        "td.footer { mso-hide: all }",
    ],
)
def test_a_theme_that_hides_the_way_out_is_told(rule: str) -> None:
    theme = load_theme("lettre")
    hiding = replace(theme, files={**theme.files, INLINED: theme.files[INLINED] + rule})
    with pytest.raises(ThemeError) as raised:
        specimen.pressed(hiding, specimen.INVENTED)
    (line,) = raised.value.lines("en")
    assert line.endswith("inlined.css: cannot be used: hides the link to leave by: it must be seen")


def test_what_a_theme_hides_beside_the_way_out_is_its_own_affair() -> None:
    theme = load_theme("lettre")
    rule = "span.between { display: none }"
    hiding = replace(theme, files={**theme.files, INLINED: theme.files[INLINED] + rule})
    assert specimen.pressed(hiding, specimen.INVENTED)
