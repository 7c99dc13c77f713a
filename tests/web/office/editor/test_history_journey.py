"""What was written is found again, brought back and copied: in French, by the keyboard."""

from __future__ import annotations

from typing import Any

import pytest

from mailer.letter.drafts import pictures, rows
from pli.actor import Actor
from pli.keys import Keys
from tests.waiting import until_true
from tests.web.office.editor.desks import SHORT, Desk, a_desk, a_manuscript, a_picture, an_author
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof


async def test_an_earlier_text_comes_back_and_a_letter_is_begun_from_another(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys, "fr") as street:
        draft_id = await a_manuscript(street, SHORT)
        anne, bruno = (
            await an_author(street, language="fr"),
            await an_author(street, "bruno", language="fr"),
        )
        await _with_picture(street, draft_id)
        async with a_desk(street, draft_id, anne, locale="fr-FR") as desk:
            page = desk.page
            await desk.text.focus()
            await page.keyboard.press("Control+End")
            await page.keyboard.type(" et trois")
            await page.keyboard.press("Control+s")
            await desk.saved()
            await _press(page, "Historique")
            await _press(page, "Version 2")
            assert await page.locator(".differences ins").all_inner_texts() == [" et trois"]
            assert "Objet\u202f: Lettre n° 12" in await page.locator(".differences").inner_text()
            await page.go_back()
            await page.get_by_role("button", name="Reprendre la version 1").focus()
            await page.keyboard.press("Enter")
            await page.get_by_text("Le texte antérieur est de nouveau le texte.").wait_for()
            await desk.text.wait_for()
            assert await desk.body() == SHORT
            await _press(page, "Historique")
            await page.get_by_role("link", name="Version 3").wait_for()
            async with a_desk(street, draft_id, bruno, locale="fr-FR") as his:
                await page.goto(f"{street.url}/office/letters")
                await page.get_by_text("Bruno l’a ouvert depuis").wait_for()
                await page.get_by_label("Partir de").select_option(
                    label="12 · Une lettre d'exemple"
                )
                await page.get_by_role("button", name="Commencer").focus()
                await page.keyboard.press("Enter")
                await desk.text.get_by_text("Une phrase.").wait_for()
                await his.page.goto(f"{street.url}/office/me")
            copied = Desk(page, street, int(page.url.rpartition("/")[2]))
            assert await copied.body() == SHORT
            assert await page.locator("#number").input_value() == "13"
            async with street.town.database.reading() as session:
                assert [it.name for it in await pictures.pictures(session, copied.draft_id)] == [
                    "gare.png"
                ]
                assert (await rows.get(session, draft_id)).line.version == 3
            # Who closed the page is not said to have it open.
            await until_true(lambda: _nobody_has_it_open(page, street))


async def _nobody_has_it_open(page: Any, street: Street) -> bool:
    await page.goto(f"{street.url}/office/letters")
    return not await page.get_by_text("l’a ouvert depuis").count()


async def _with_picture(street: Street, draft_id: int) -> None:
    async with street.town.database.begin() as session:
        await pictures.put(
            session,
            draft_id=draft_id,
            name="gare.png",
            data=a_picture(),
            by=Actor.system("root"),
            now=street.town.clock.at,
        )


async def _press(page: Any, name: str) -> None:
    await page.get_by_role("link", name=name, exact=True).focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
