"""Columns in a browser; `test_proofs.py` looks at every block in every theme and program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mailer.letter import as_shown, specimen
from mailer.letter.theme import load_theme
from tests.browser import how_to_launch
from tests.mailer.letter.rendered import KEY, LINKS, MARIE

pytestmark = pytest.mark.proof

THEMES = ("lettre", "bulletin", "sobre")
BESIDE = """
() => {
  const halves = [...document.querySelectorAll('div.half')];
  const [one, two] = halves.map(it => it.getBoundingClientRect());
  return [one.top === two.top, two.left - one.right, one.width, two.width];
}
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**how_to_launch())
        yield chromium
        await chromium.close()


def page(theme: str) -> str:
    return specimen.pressed(load_theme(theme), specimen.INVENTED).preview(MARIE, LINKS, KEY)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.asyncio(loop_scope="module")
async def test_columns_fall_into_one_by_themselves(browser: Any, theme: str) -> None:
    """Also without <style>: no media rule is needed."""
    whole = page(theme)
    for view, shown in (("whole", whole), ("without style", as_shown.without_style(whole))):
        tab = await browser.new_page()
        await tab.set_content(shown)
        for width, together in ((320, False), (390, False), (480, False), (600, True), (700, True)):
            await tab.set_viewport_size({"width": width, "height": 800})
            same_line, gap, one, two = await tab.evaluate(BESIDE)
            assert same_line is together, (view, width)
            assert abs(one - two) < 1
            assert not together or gap >= 20
            assert together or one >= width - 45, (view, width, one)
        await tab.close()
