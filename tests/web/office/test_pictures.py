"""Makes the pictures of docs/office.md: `make pictures` writes them anew, from these pages."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from accounts import people
from accounts.models import Account
from accounts.rights import Right
from pli.actor import Actor
from pli.keys import Keys
from tests.paths import ROOT
from tests.web.office.gallery import enter, furnish
from tests.web.office.mails import invited
from tests.web.office.manuscripts import a_manuscript
from tests.web.office.served import Street, a_street, with_passkeys

pytestmark = pytest.mark.proof

MADE = ROOT / "build" / "pictures"
SHOWN = ROOT / "docs" / "office"
LARGEST = 40_000
"""Bytes of one picture."""
COLOURS = 48


async def test_each_picture_of_the_guide_is_made_from_the_page_that_it_shows(
    sqlite_url: str, keys: Keys
) -> None:
    MADE.mkdir(parents=True, exist_ok=True)
    for old in MADE.glob("*.png"):
        old.unlink()
    async with a_street(sqlite_url, keys) as street:
        town, url = street.town, street.url
        done, _running, _paused = await furnish(town, keys)
        olga = await town.hire("olga", Right.OPERATOR, Right.RIGHTS, Right.WHO)
        anne = await town.hire("anne", Right.AUTHOR, Right.SENDER)
        async with town.database.begin() as session:
            for account, name in ((olga, "Olga Essai"), (anne, "Anne Exemple")):
                await people.change(
                    session,
                    account_id=account.id,
                    name=name,
                    language="en",
                    by=Actor.system("root"),
                    now=datetime.now(UTC),
                )
        options = {"viewport": {"width": 720, "height": 600}, "color_scheme": "light"}
        async with street.browser(**options) as page:
            await with_passkeys(page)
            await page.goto(f"{url}/office/sign-in")
            await _take(page, "sign-in")
            await page.goto(url + await invited(town, "bruno", Right.READER))
            await page.get_by_role("button", name="Go in").click()
            await page.wait_for_selector("#password")
            await _take(page, "enrol")
            await page.context.clear_cookies()
            await enter(page, street, olga)
            for name, place in (
                ("report", f"/office/report/{done}"),
                ("account", f"/office/accounts/{anne.id}"),
                ("me", "/office/me"),
                ("audit", "/office/audit"),
            ):
                await page.goto(url + place)
                await _take(page, name)
        await _take_manuscripts(street, anne)
    if "PLI_PICTURES" in os.environ:
        for file in MADE.glob("*.png"):
            shutil.copy(file, SHOWN / file.name)
    made = {it.name for it in MADE.glob("*.png")}
    named = re.findall(r"!\[[^\]]+\]\(office/([\w-]+\.png)\)", _guides())
    assert sorted(named) == sorted(made), "the guide shows each, once"
    assert {it.name for it in SHOWN.glob("*.png")} == made, "make pictures"
    for file in MADE.glob("*.png"):
        assert file.stat().st_size < LARGEST, file
        with Image.open(file) as new, Image.open(SHOWN / file.name) as shown:
            assert new.width == shown.width, "make pictures"


def _guides() -> str:
    return "".join((ROOT / "docs" / it).read_text() for it in ("office.md", "office-writing.md"))


async def _take_manuscripts(street: Street, anne: Account) -> None:
    """The list of manuscripts, and one that somebody writes."""
    draft_id, _ = await a_manuscript(street.town, list_name="lettres")
    options = {"viewport": {"width": 1180, "height": 900}, "color_scheme": "light"}
    async with street.browser(**options) as page:
        await enter(page, street, anne)
        await page.goto(f"{street.url}/office/letters/{draft_id}")
        await page.frame_locator("iframe").locator("h1").wait_for()
        await page.wait_for_timeout(1_000)  # until the frame is painted
        await _take(page, "writing")
        await page.set_viewport_size({"width": 720, "height": 600})
        await page.goto(f"{street.url}/office/letters")
        await _take(page, "manuscripts")


async def _take(page: Any, name: str) -> None:
    """A picture of the page, at most a screen and a half high, in few colours."""
    file: Path = MADE / f"{name}.png"
    await page.screenshot(path=file, full_page=True)
    with Image.open(file) as taken:
        part = taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, 900)))
    part.quantize(COLOURS).save(file, optimize=True)
