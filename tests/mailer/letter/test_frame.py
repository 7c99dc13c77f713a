"""The frame of each theme: what every mail says of itself, and every table (H1 to H4, H11, H17)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mailer.letter import specimen
from mailer.letter.press import Pressed
from mailer.letter.theme import load_theme, ours
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
