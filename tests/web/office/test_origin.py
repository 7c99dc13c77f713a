"""What a browser says of where a form comes from."""

from __future__ import annotations

from typing import Any

import pytest

from pli.keys import Keys
from tests.web.office.gallery import type_in
from tests.web.office.served import a_street


@pytest.mark.proof
async def test_a_browser_names_our_origin_with_each_form_and_no_page_to_other_sites(
    sqlite_url: str, keys: Keys
) -> None:
    """Safari before 16.4 says nothing else: a page that forbids all referrers makes it "null"."""
    async with a_street(sqlite_url, keys) as street, street.browser() as page:
        sent: list[Any] = []
        page.on("request", lambda it: sent.append(it) if it.method == "POST" else None)
        answer = await page.goto(f"{street.url}/office/sign-in")
        assert answer.headers["referrer-policy"] == "same-origin"
        await type_in(page, "nobody")
        assert [await it.header_value("origin") for it in sent] == [street.url]
