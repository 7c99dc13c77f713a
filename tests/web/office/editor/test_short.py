"""The shortest way: a word is written, and the server has it."""

from __future__ import annotations

from pli.keys import Keys
from tests.web.office.editor.desks import SHORT, a_desk, a_manuscript, an_author
from tests.web.office.served import a_street


async def test_a_word_is_written_and_saved_and_the_rest_stays_as_it_was(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        draft_id = await a_manuscript(street, SHORT)
        async with a_desk(street, draft_id, await an_author(street)) as desk:
            await desk.text.get_by_text("Une phrase.").click()
            await desk.page.keyboard.press("End")
            await desk.page.keyboard.type(" Encore.")
            await desk.saved()
            assert await desk.body() == SHORT.replace("Une phrase.", "Une phrase. Encore.")
            frame = desk.page.frame_locator("#preview")
            await frame.get_by_text("Une phrase. Encore.").wait_for()
