"""The source, for who prefers it: files come to it, and what is found is mended in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pli.keys import Keys
from tests.mailer.letter.word.documents import captions
from tests.web.office.editor.clipboard import File, drop, paste
from tests.web.office.editor.desks import Desk, a_desk, a_manuscript, a_picture, an_author
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def _to_source(desk: Desk) -> None:
    await desk.page.get_by_role("button", name="Source", exact=True).click()
    await desk.page.locator("#body").wait_for()


async def test_files_come_to_the_source_behind_the_block_with_the_cursor(street: Street) -> None:
    draft_id = await a_manuscript(street, "# T\n\nUne  phrase.\n\n* un\n\nFin.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await _to_source(desk)
        page, area = desk.page, desk.page.locator("#body")
        await area.evaluate("it => { it.focus(); it.setSelectionRange(10, 10); }")
        await page.keyboard.type("TAPÉ")
        document = File("Lettre.docx", WORD, captions())
        await drop(area, document)
        await page.wait_for_function(
            "() => document.getElementById('body').value.includes('Voyez')"
        )
        await desk.saved()
        body = await desk.body()
        before, _, behind = body.partition("\n\nVoyez.")
        assert before.endswith("# T\n\nUne  TAPÉphrase.")
        assert "legende: Une image rouge" in behind
        assert behind.endswith("\n\n* un\n\nFin.\n"), "what was not touched keeps its source"
        await area.press("Control+End")
        await paste(area, File("place.png", "image/png", a_picture()))
        await page.wait_for_function(
            "() => document.getElementById('body').value.includes('place')"
        )
        await desk.saved()
        assert (await desk.body()).rstrip().endswith("Fin.\n\n::: image place.png\n:::")
        await page.keyboard.type("Après. ")
        with_more = await area.input_value()
        await page.locator(".notes").get_by_role("button", name="Undo this").first.click()
        assert await area.input_value() == with_more, "what was typed since is not lost"
        await page.get_by_role("button", name="Back to the page").click()
        await desk.text.get_by_text("Après.").wait_for()
        await desk.saved()
        assert await desk.body() == with_more


async def test_what_is_found_is_shown_and_mended_in_the_source(street: Street) -> None:
    draft_id = await a_manuscript(street, "# Un\n\nTexte.\n\n# Deux\n\nFin.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await _to_source(desk)
        page, area = desk.page, desk.page.locator("#body")
        await area.press("Control+End")
        await page.keyboard.type("Encore.")
        found = page.locator("#findings li", has_text="second first-level heading")
        await found.get_by_role("button", name="Go there").click()
        chosen = "it => it.value.slice(it.selectionStart, it.selectionEnd)"
        assert await area.evaluate(chosen) == "# Deux"
        await found.get_by_role("button").last.click()
        await found.wait_for(state="detached")
        assert await area.input_value() == "# Un\n\nTexte.\n\n## Deux\n\nFin.\nEncore."
        await desk.saved()
        assert await desk.body() == "# Un\n\nTexte.\n\n## Deux\n\nFin.\nEncore."
