"""The demo's letter as a browser shows it; pictures to look at go into build/screenshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mailer.letter.letter import read_letter
from mailer.letter.press import Pressed, press
from tests.browser import CONTRASTS, SCREENSHOTS, how_to_launch
from tests.factories import IDENTITY
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE, THEME
from tests.paths import ROOT

pytestmark = pytest.mark.proof

OVERFLOWING = """
() => [...document.querySelectorAll('body *')]
  .filter(it => it.getBoundingClientRect().right > window.innerWidth + 0.5 && it.offsetParent)
  .map(it => it.tagName + '.' + it.className)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**how_to_launch())
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pressed() -> Pressed:
    written = read_letter(ROOT / "commands" / "demo" / "lettre.md")
    return press(written, THEME, replace(IDENTITY, committee="Comité régional"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 700])
def test_the_letter_fits_every_screen_and_can_be_read(
    browser: Any, pressed: Pressed, width: int, scheme: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, page in (
        ("mail", pressed.preview(MARIE, LINKS, KEY)),
        ("web", pressed.web(LIST)),
    ):
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        requested: list[str] = []
        tab.on("request", lambda request, seen=requested: seen.append(request.url))
        tab.set_content(page)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(OVERFLOWING) == []
        assert tab.evaluate(CONTRASTS) == []
        assert [url for url in requested if not url.startswith("data:")] == []
        tab.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
        tab.close()


def test_what_is_pressed_with_a_finger_is_large_enough(browser: Any, pressed: Pressed) -> None:
    tab = browser.new_page(viewport={"width": 360, "height": 800})
    tab.set_content(pressed.preview(MARIE, LINKS, KEY))
    for name, least in (("a.button", 44), ("a.door", 24)):
        for box in (it.bounding_box() for it in tab.locator(name).all()):
            assert box["height"] >= least
    tab.close()
