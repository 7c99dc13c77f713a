"""A few pages of the office before axe in each run; test_looks.py has all of them, in all sizes."""

from __future__ import annotations

from accounts.rights import Right
from pli.keys import Keys
from tests import axe
from tests.web.office.gallery import enter
from tests.web.office.served import a_street


async def test_axe_finds_nothing_wrong_with_the_parts_of_the_offices_pages(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        olga = await street.town.hire("olga", *Right)
        async with street.browser(viewport={"width": 360, "height": 800}) as page:
            faults = []
            for place in ("house", "sign-in", "me", "sign-in/done"):
                if place == "me":
                    await enter(page, street, olga)
                await page.goto(f"{street.url}/office/{place}")
                for scheme in ("light", "dark"):
                    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    found = await axe.violations(page)
                    faults += [f"{place}, {scheme}: {it}" for it in found]
    assert faults == []
