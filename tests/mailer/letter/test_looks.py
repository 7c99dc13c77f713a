"""The demo's letter as a browser shows it; pictures to look at go into build/screenshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailer.letter.letter import read_letter
from mailer.letter.press import Pressed, press
from tests.mailer.letter.desk import IDENTITY, KEY, LINKS, LIST, MARIE, THEME

HOUSE = Path(__file__).parents[3]
SCREENSHOTS = HOUSE / "build" / "screenshots"
CHROMIUM = Path("/usr/bin/chromium")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium: apt install chromium"
)

OVERFLOWING = """
() => [...document.querySelectorAll('body *')]
  .filter(it => it.getBoundingClientRect().right > window.innerWidth + 0.5 && it.offsetParent)
  .map(it => it.tagName + '.' + it.className)
"""
CONTRASTS = """
() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).slice(0, 3).map(it => {
      it /= 255; return it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = it => {
    for (; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  for (const it of document.querySelectorAll('body *')) {
    const text = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!text || !it.offsetParent) continue;
    const [a, b] = [light(getComputedStyle(it).color), light(ground(it))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(it.tagName + '.' + it.className + ' ' + ratio.toFixed(2));
  }
  return faint;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pressed() -> Pressed:
    written = read_letter(HOUSE / "commands" / "demo" / "lettre.md")
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
