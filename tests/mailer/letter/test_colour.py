"""Contrasts are WCAG's, dark twins keep their hues, and the nearest colour that passes is it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter import colour, palette
from mailer.letter.palette import Chosen

COLOURS = st.integers(0, 0xFFFFFF).map(lambda it: f"#{it:06x}")
PAPERS = st.sampled_from(["#ffffff", "#fdfaf3", "#f3f1ec", "#e8eeed"])


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        # Figures of WebAIM's contrast checker.
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_a_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert colour.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert colour.contrast(other, one) == colour.contrast(one, other)


@pytest.mark.parametrize(
    ("written", "lightness", "chroma", "hue"),
    [
        # Ottosson's and CSS Color 4's figures for sRGB red, green and blue.
        ("#ff0000", 0.628, 0.2577, 29.23),
        ("#00ff00", 0.8664, 0.2948, 142.5),
        ("#0000ff", 0.452, 0.3132, 264.05),
        ("#ffffff", 1.0, 0.0, None),
    ],
)
def test_oklch_is_that_of_css(
    written: str, lightness: float, chroma: float, hue: float | None
) -> None:
    found = colour.to_oklch(written)
    assert found.lightness == pytest.approx(lightness, abs=0.001)
    assert found.chroma == pytest.approx(chroma, abs=0.001)
    assert hue is None or found.hue == pytest.approx(hue, abs=0.1)


@given(COLOURS)
def test_a_colour_comes_back_from_oklch(written: str) -> None:
    back = colour.from_oklch(colour.to_oklch(written))
    pairs = [(int(written[at : at + 2], 16), int(back[at : at + 2], 16)) for at in (1, 3, 5)]
    assert all(abs(one - other) <= 1 for one, other in pairs)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("#9c2b3c", "#9c2b3c"),
        ("#9C2B3C", "#9c2b3c"),
        ("#abc", "#aabbcc"),
        ("#12", None),
        ("#9c2b3", None),
        ("9c2b3c", None),
        ("red", None),
        ("red; }", None),
        ("#fff; } * {", None),
        ("#ffffff\n", None),
        ("#fffffé", None),
        ("rgb(1 2 3)", None),
        ("", None),
        ("#٣٣٣", None),
    ],
)
def test_only_a_hexadecimal_colour_is_one(text: str, read: str | None) -> None:
    assert colour.parse(text) == read


@given(COLOURS, PAPERS)
def test_the_nearest_colour_passes_and_none_nearer_does(written: str, paper: str) -> None:
    found = colour.nearest(written, (paper,))
    assert colour.passes(found, (paper,))
    if colour.passes(written, (paper,)):
        assert found == written
        return
    lightness, chroma, hue = colour.to_oklch(written)
    moved = abs(colour.to_oklch(found).lightness - lightness)
    for step in range(1, 200):
        shift = moved * step / 200 - 0.004
        for nearer in (lightness - shift, lightness + shift):
            if shift > 0 and 0 <= nearer <= 1:
                tried = colour.from_oklch(colour.Oklch(nearer, chroma, hue))
                assert not colour.passes(tried, (paper,))


def test_grounds_that_allow_no_colour_get_black_or_white() -> None:
    assert colour.nearest("#777777", ("#ffffff", "#000000"), 7) in ("#000000", "#ffffff")


@given(COLOURS, PAPERS)
def test_every_text_of_a_palette_is_legible_in_light_and_in_dark(accent: str, ground: str) -> None:
    chosen = Chosen(accent, "#222222", "#ffffff", ground)
    for scheme in (chosen, palette.dark_twins(chosen)):
        made = palette.palette(scheme)
        for text in (made.ink, made.muted, made.accent_text):
            assert colour.passes(text, (made.paper, made.ground, made.soft))
        assert colour.contrast(made.on_accent, made.accent) >= 4.5


@given(COLOURS)
def test_a_dark_twin_keeps_its_hue(accent: str) -> None:
    chosen = Chosen(accent, "#222222", "#ffffff", "#f3f1ec")
    dark = palette.dark_twins(chosen)
    one, other = colour.to_oklch(accent), colour.to_oklch(dark.accent)
    if one.chroma > 0.04 and other.chroma > 0.04:
        assert abs((one.hue - other.hue + 180) % 360 - 180) < 4
    assert colour.to_oklch(dark.paper).lightness < 0.3
    assert colour.to_oklch(dark.ground).lightness < colour.to_oklch(dark.paper).lightness


def test_a_theme_that_is_dark_by_itself_has_no_other_twin() -> None:
    black = Chosen("#ffcc00", "#eeeeee", "#101010", "#000000")
    assert palette.dark_twins(black) == black
