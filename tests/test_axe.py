"""What axe is asked by tests, it truly looks at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import axe
from tests.browser import how_to_launch

GOOD = """<!DOCTYPE html><html lang="fr"><head><title>Lettre</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'"></head>
<body><main><h1>Lettre</h1><p>Bonjour</p>{more}</main></body></html>"""


@pytest.fixture
async def page() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**how_to_launch())
        yield await chromium.new_page()
        await chromium.close()


@pytest.mark.proof
async def test_axe_tells_each_kind_of_fault_and_is_silent_where_there_is_none(page: Any) -> None:
    await page.set_content(GOOD.format(more=""))
    assert await axe.violations(page) == []
    for fault, rule in (
        ('<img src="data:,">', "image-alt"),
        ('<p style="color: #bbb; background: #fff">faint</p>', "color-contrast"),
        ("<input>", "label"),
        ('<button style="width: 9px; height: 9px; padding: 0">a</button>' * 3, "target-size"),
        ("<h3>too deep</h3>", "heading-order"),
    ):
        await page.set_content(GOOD.format(more=fault))
        found = await axe.violations(page)
        assert [it.split()[0] for it in found] == [rule] * len(found)
        assert found
        assert await axe.violations(page, off=(rule,)) == []
        assert await axe.violations(page, within="h1") == []
