"""Columns and endless words in a browser; `test_proofs.py` looks at every block in each view."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mailer.letter import as_shown, specimen
from mailer.letter.press import press
from mailer.letter.theme import load_theme
from tests.browser import how_to_launch
from tests.factories import IDENTITY, letter
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


WORD = "Anticonstitutionnellement" * 4
LINK = "https://example.org/" + "un-chemin-sans-fin/" * 8
ENDLESS = f"""# {WORD}

:::: box {WORD} {"titre " * 50}
{WORD} {LINK}

| A{WORD} | {LINK} | c | d |
|---|---|---|---|
| {WORD} | 1 | 2 | 3 |

::: quote {WORD}
{WORD}
:::
::::

::: contents {WORD}
:::

## {WORD}[^1]

::: image a.png
alt: {WORD}
caption: {WORD} {LINK}
credit: {WORD}
width: 2000
:::

::: button https://example.org {WORD}
:::

::::: columns
:::: column
- - - - {WORD}

| A{WORD} | {LINK} | c |
|---|---|---|
| {WORD} | 1 | 2 |
::::
:::: column
::: box {WORD}
{LINK}
:::
::: image a.png
alt: x
width: 2000
:::
::::
:::::

::: votes {WORD}
for: 999999999
against: 1
abstention: 999999998
unit: {WORD}
:::

::: agenda {WORD}
2026-12-01 18:00-20:00 | {WORD} | {LINK} {WORD}
2026-09-30 | مرحبا بكم في الاجتماع 😀 | مرحبا
:::

::: signature
name: {WORD}
function: {LINK}
picture: a.png
:::

::: signature
name: {WORD}
picture: a.png
width: 900
:::

[^1]: {WORD} {LINK}
"""
"""Every block with words, addresses and pictures that are wider than any window."""
OVERFLOWING = """
() => [...document.querySelectorAll('body *')]
  .filter(it => it.getBoundingClientRect().right > window.innerWidth + 0.5 && it.offsetParent)
  .map(it => it.tagName + '.' + it.className)
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


BOX = """
() => {
  const title = document.querySelector('.boxed');
  const style = getComputedStyle(title);
  const cell = title.closest('td.box');
  const above = title.getBoundingClientRect().top - cell.getBoundingClientRect().top;
  return [above - parseFloat(getComputedStyle(cell).paddingTop), style.borderTopWidth,
    style.paddingTop, style.fontSize];
}
"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_heading_of_a_box_looks_the_same_below_any_other(
    browser: Any, theme: str
) -> None:
    """A box below the title of the letter has an h2, which is set apart from text, and ruled."""
    for above in ("# T", "# T\n\n## U", "# T\n\n## U\n\n### V"):
        written = letter(f"{above}\n\n::: box Titre\nx\n:::")
        mail = press(written, load_theme(theme), IDENTITY).preview(MARIE, LINKS, KEY)
        tab = await browser.new_page()
        for view in (mail, as_shown.without_style(mail), as_shown.as_orange(mail)):
            await tab.set_content(view)
            for width in (320, 390, 700):
                await tab.set_viewport_size({"width": width, "height": 800})
                assert await tab.evaluate(BOX) == [0, "0px", "0px", "18px"], (above, width)
        await tab.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.asyncio(loop_scope="module")
async def test_words_without_end_widen_no_block(browser: Any, theme: str) -> None:
    mail = press(letter(ENDLESS), load_theme(theme), IDENTITY).preview(MARIE, LINKS, KEY)
    for view in (mail, as_shown.without_style(mail), as_shown.as_orange(mail)):
        tab = await browser.new_page()
        await tab.set_content(view)
        for width in (320, 390, 700):
            await tab.set_viewport_size({"width": width, "height": 800})
            assert await tab.evaluate("document.documentElement.scrollWidth") <= width
            assert await tab.evaluate(OVERFLOWING) == [], width
        await tab.close()
