"""A letter is pressed whole, or refused with a line: nothing is cut off, nothing takes for ever."""

from __future__ import annotations

import io
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mailer.letter import expressions, markdown, preflight, press
from mailer.letter.expressions import ExpressionError
from mailer.letter.layout import Layout
from mailer.letter.letter import LetterError, parse_letter, read_letter
from mailer.letter.limits import DEEPEST, LARGEST, USUAL, LetterLimits
from tests.factories import FRONT, IDENTITY, PIXEL, letter
from tests.mailer.letter.picture_bytes import heavy_picture
from tests.mailer.letter.rendered import KEY, LINKS, MARIE, THEME, html, pressed, text

DEEP = [
    ("<div>" * 150 + "fond" + "</div>" * 150, "elements"),
    ("<span>" * 150 + "fond" + "</span>" * 150, "elements"),
    ("<p>" + "<b><i>" * 80 + "fond" + "</i></b>" * 80 + "</p>", "elements"),
    (">" * 60 + " fond", "elements"),
    (">" * 2_000 + " fond", "elements"),
    ("\n".join("  " * n + "- a" for n in range(80)), "elements"),
    ("\n".join("  " * n + "- a" for n in range(300)), "elements"),
    ("> - " * 70 + "fond", "elements"),
    ("<ul><li>" * 90 + "fond", "elements"),
    ("<div></b>" * 3_000 + "fond", "elements"),
    ("<table><tr><td>" * 60 + "fond", "elements"),
    ("*a " * 6_000 + "b" + "*" * 6_000, "too many lines, brackets or stars"),
    ("![" * 1_500 + "x" + "](a)" * 1_500, "too many lines, brackets or stars"),
    ("![" * 400 + "x" + "](a)" * 400, ""),
    ("[" * 1_900 + "x", ""),
    ("x\n" * 30_000, "too many lines, brackets or stars"),
]


@pytest.mark.parametrize(("body", "fault"), DEEP)
def test_what_is_too_deep_is_a_fault_with_its_line_or_whole(body: str, fault: str) -> None:
    begun = time.monotonic()
    try:
        read = parse_letter(f"{FRONT}Avant.\n\n{body}\n\nAprès.")
    except LetterError as refused:
        (line,) = refused.lines("en")
        assert fault
        assert fault in line
        assert int(line.split(":")[1]) >= 10
    else:
        assert not fault
        page = press.press(read, THEME, IDENTITY).html(MARIE, LINKS, KEY)
        assert "Après." in page
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("sizes", [USUAL, replace(USUAL, depth=DEEPEST)])
@pytest.mark.parametrize(
    ("opening", "closing", "weight"),
    [("<div>", "</div>", 1), ("<span>", "</span>", 1), ("> ", "", 4), ("<ul><li>", "", 2)],
)
def test_as_deep_as_a_letter_may_be_it_is_whole(
    opening: str, closing: str, weight: int, sizes: LetterLimits
) -> None:
    many = (sizes.depth - 2) // weight
    body = opening * many + "fond" + closing * many + "\n\nAprès."
    written = parse_letter(FRONT + body, sizes=sizes)
    made = press.press(written, THEME, IDENTITY)
    for part in (made.html(MARIE, LINKS, KEY), made.text(MARIE, LINKS, KEY)):
        assert part.index("fond") < part.index("Après.") < part.index("/u/")
        assert IDENTITY.phone in part
    assert "Après." in made.web()


def test_a_page_whose_end_a_tool_cut_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(page: str) -> str:
        return page[: page.index("footer")]

    monkeypatch.setattr("mailer.letter.layout._inlined", cut_off)
    with pytest.raises(LetterError, match="the end of the letter is lost"):
        pressed("Bonjour.")


def test_a_text_without_its_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text_of = Layout.text
    monkeypatch.setattr(
        Layout, "text", lambda it, content: text_of(it, content).partition("-----")[0]
    )
    with pytest.raises(LetterError, match="the end of the letter is lost"):
        pressed("Bonjour.")


def test_a_letter_frozen_by_an_older_version_that_is_too_deep_does_not_leave() -> None:
    frozen = replace(letter("x"), body="<div>" * 500 + "fond")
    with pytest.raises(LetterError, match="stand within each other"):
        press.press(frozen, THEME, IDENTITY)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 200 + "subscriber.first_name" + ")" * 200,
        "[" * 100 + "1" + "]" * 100,
        "not " * 120 + "subscriber.email",
        "1 if 1 else " * 35 + "2",
        "subscriber.email" + "|upper" * 70,
    ],
)
def test_parts_of_an_expression_within_each_other_are_few(source: str) -> None:
    with pytest.raises(ExpressionError, match="within each other"):
        expressions.names(source)


@pytest.mark.parametrize(
    "source", ["1e999", "[1e999]", "subscriber.age > 1e400", "1e308", "2 if 1e999 else 3"]
)
def test_a_number_that_no_copy_can_show_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError, match="cannot be written"):
        expressions.names(source)


@pytest.mark.parametrize("name", ["inf", "nan", "-1e999"])
def test_infinity_has_no_name(name: str) -> None:
    with pytest.raises(ExpressionError):
        expressions.names(name)


def test_few_parentheses_are_read() -> None:
    assert expressions.compiled("((1.5 if (2) else (3)))", "fr")({}) == "1,5"


def faults(body: str, **sizes: Any) -> list[str]:
    with pytest.raises(LetterError) as refused:
        parse_letter(FRONT + body, load_image=lambda _: PIXEL, sizes=replace(USUAL, **sizes))
    return refused.value.lines("en")


def test_a_long_text_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert "has 200 kB of text" not in faults("x" * 250_000)[0]
    (tmp_path / "a.md").write_bytes(b"\xff" * 300_000)
    with pytest.raises(LetterError, match=r"a\.md:1: the letter has 300 kB of text: .* 200 kB"):
        read_letter(tmp_path / "a.md")


def test_pictures_are_counted_and_weighed_and_the_rest_is_not_loaded() -> None:
    loaded: list[str] = []

    def load(name: str) -> bytes:
        loaded.append(name)
        return heavy_picture(bytes([len(loaded)]))

    body = "\n\n".join(f"![x]({n}.png)" for n in range(100))
    with pytest.raises(LetterError, match="may weigh 5000 kB"):
        parse_letter(FRONT + body, load_image=load)
    assert len(loaded) == 31
    assert "more than 3 pictures" in faults(body, pictures=3)[0]


def test_the_pixels_of_all_pictures_are_judged_before_they_are_decoded() -> None:
    def load(name: str) -> bytes:
        written = io.BytesIO()
        Image.new("RGB", (1_000, 1_000), (int(name.removesuffix(".png")), 0, 0)).save(
            written, "PNG"
        )
        return written.getvalue()

    body = "\n\n".join(f"![x]({n}.png)" for n in range(12))
    with pytest.raises(LetterError) as refused:
        parse_letter(FRONT + body, load_image=load, sizes=replace(USUAL, pixels=1_000_000))
    assert refused.value.lines("en")[0] == (
        "lettre.md:28: the pictures up to here have 11 million pixels: make them smaller than 10"
    )


def test_the_pixels_of_a_picture_are_read_from_its_header() -> None:
    bomb = PIXEL[:16] + struct.pack(">II", 50_000, 50_000) + PIXEL[24:]
    with pytest.raises(LetterError, match=r"2500 million pixels: make it smaller than 50"):
        parse_letter(FRONT + "![x](a.png)", load_image=lambda _: bomb)


def test_a_whole_copy_is_weighed() -> None:
    written = letter("# x\n\n" + "mot " * 30_000)
    made = press.press(written, THEME, IDENTITY)
    light = [*preflight.check(written, made, IDENTITY)]
    heavy = preflight.check(written, made, IDENTITY, replace(USUAL, weight=100_000))
    assert not preflight.errors(light)
    (error,) = preflight.errors(heavy)
    assert "and may weigh 100 kB" in str(error.told)


def test_what_a_setting_may_not_exceed_is_larger_than_the_usual() -> None:
    for name in ("text", "depth", "pictures", "pixels", "weight"):
        assert getattr(LARGEST, name) > getattr(USUAL, name)


def test_tags_are_read_in_linear_time() -> None:
    for body in (
        "<a " * 20_000,
        '<a x="' * 20_000,
        "<!--" * 20_000,
        "</" * 30_000,
        "<o:p " * 20_000,
    ):
        begun = time.monotonic()
        markdown.read(body)
        assert time.monotonic() - begun < 10


def test_a_quotation_in_a_quotation_is_whole() -> None:
    body = "\n>\n".join(f"{'> ' * n}niveau {n}." for n in range(1, 21))
    for part in (html(body), text(body)):
        assert all(f"niveau {n}." in part for n in range(1, 21))
