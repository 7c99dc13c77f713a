"""Somebody whose browser runs no script writes a letter, from a Word document to the saved text."""

from __future__ import annotations

from typing import Any

import pytest

from mailer.letter.drafts import pictures, rows, saving
from mailer.letter.drafts.saving import Saved
from pli.actor import Actor
from pli.keys import Keys
from tests import factories as make
from tests.browser import SCREENSHOTS
from tests.mailer.letter.word.documents import captions
from tests.web.office.editor.desks import a_picture, an_author
from tests.web.office.gallery import enter
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def test_a_letter_is_written_without_script(sqlite_url: str, keys: Keys) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    async with a_street(sqlite_url, keys, "fr") as street:
        async with street.town.database.begin() as session:
            await make.a_list(session, "membres", now=street.town.clock.at)
        anne = await an_author(street, language="fr")
        async with street.browser(java_script_enabled=False, locale="fr-FR") as page:
            await enter(page, street, anne)
            await _begin(street, page)
            draft_id = int(page.url.split("?")[0].rpartition("/")[2])
            await _bring(page)
            await _look(page)
            await _meet_another(street, page, draft_id)


async def _begin(street: Street, page: Any) -> None:
    """From a Word document, on the list of manuscripts."""
    await page.goto(f"{street.url}/office/letters")
    await page.screenshot(path=SCREENSHOTS / "without-script-list.png", full_page=True)
    document = {"name": "Lettre 7.docx", "mimeType": WORD, "buffer": captions()}
    await page.get_by_label("Ou d’un document").set_input_files(document)
    await page.get_by_role("button", name="Commencer").click()
    assert await page.get_by_label("Numéro").input_value() == "7"
    body = await page.get_by_label("Le texte, en Markdown").input_value()
    assert "Voyez." in body
    assert "legende: Une image rouge" in body
    assert await page.get_by_role("toolbar").count() == 0


async def _bring(page: Any) -> None:
    """A picture of one's own, and its name in the text."""
    picture = {"name": "Été.png", "mimeType": "image/png", "buffer": a_picture()}
    await page.get_by_label("Une image", exact=True).set_input_files(picture)
    await page.get_by_label("Ce qu’elle montre").fill("Une place rouge")
    await page.get_by_role("button", name="Ajouter l’image").click()
    await page.get_by_text("![Une place rouge](Été.png)").wait_for()


async def _look(page: Any) -> None:
    """Save, and see the mail with what stands in its way; then mend that."""
    await page.get_by_label("Titre", exact=True).fill("Une lettre")
    await page.get_by_label("Le texte, en Markdown").fill(
        'Bonjour {{ subscriber.first_name or "camarade" }}.\n\n![Une place rouge](Été.png)\n'
    )
    await page.get_by_role("button", name="Enregistrer, et voir le courriel").click()
    frame = page.frame_locator("#preview")
    await frame.get_by_text("Bonjour camarade.").wait_for()
    assert await frame.get_by_alt_text("Une place rouge").count() == 1
    assert await page.locator("#findings .error").count() > 0
    await page.screenshot(path=SCREENSHOTS / "without-script-mail.png", full_page=True)
    await page.get_by_label("Objet").fill("Lettre n° 7 : la place")
    await page.get_by_label("Accroche").fill("Ce que la place est devenue, et ce qui la menace.")
    await page.get_by_label("sombre").check()
    await page.get_by_role("button", name="Enregistrer, et vérifier").click()
    assert await page.locator("#findings .error").all_inner_texts() == []
    assert await page.get_by_label("sombre").is_checked()


async def _meet_another(street: Street, page: Any, draft_id: int) -> None:
    """Somebody else saves meanwhile: both texts are shown, and none is lost."""
    area = page.get_by_label("Le texte, en Markdown")
    hers = await area.input_value() + "\nEt la suite, d’Anne.\n"
    async with street.town.database.begin() as session:
        found = await rows.get(session, draft_id)
        saved = await saving.save(
            session,
            draft_id=draft_id,
            base=found.line.version,
            body=found.body + "\nCelle de Bruno.\n",
            by=Actor.system("bruno"),
            now=street.town.clock.at,
        )
        assert isinstance(saved, Saved)
    await area.fill(hers)
    await page.get_by_role("button", name="Enregistrer", exact=True).click()
    await page.get_by_role("heading", name="Quelqu’un d’autre a enregistré entre-temps").wait_for()
    assert "Celle de Bruno" in await page.locator(".differences").inner_text()
    assert await area.input_value() == hers
    await page.screenshot(path=SCREENSHOTS / "without-script-conflict.png", full_page=True)
    await page.get_by_role("button", name="Enregistrer", exact=True).click()
    await page.get_by_text("Le manuscrit est enregistré.").wait_for()
    async with street.town.database.reading() as session:
        text = await rows.get(session, draft_id)
        kept = await pictures.pictures(session, draft_id)
    assert text.body.endswith("Et la suite, d’Anne.\n")
    assert "Été.png" in [it.name for it in kept]
    await page.get_by_role("link", name="Historique").click()
    await page.get_by_text(f"Version {saved.version}", exact=False).first.wait_for()
