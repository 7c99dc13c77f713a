"""The pages for manuscripts as a browser shows them, without their module: it has its own tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts import people
from accounts.rights import Right
from mailer.draft_models import DraftState
from mailer.letter.drafts import pictures, presence, states
from pli.keys import Keys
from tests.browser import SCREENSHOTS
from tests.factories.letters import PIXEL
from tests.mailer.letter.drafts.written import BODY
from tests.mailer.letter.word.documents import odd_pictures
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.gallery import Gallery, enter, submit
from tests.web.office.manuscripts import ROOT, a_manuscript
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LONG = "Une-très-longue-ligne-sans-espace-" * 12


@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_every_page_of_manuscripts_fits_every_screen_and_works_without_javascript(
    sqlite_url: str, keys: Keys, language: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    rules = an_office_that_sends(keys=keys)
    async with a_street(sqlite_url, keys, language, rules) as street:
        draft_id = await _furnish(street, language)
        locale = {"fr": "fr-FR", "en": "en-GB"}[language]
        async with street.browser(locale=locale) as page:
            # As without JavaScript, which the probes themselves need.
            nothing = {"body": "", "content_type": "text/javascript"}
            await page.route("**/editor.*.js", lambda it: it.fulfill(**nothing))
            gallery = Gallery(page, language)
            async with street.town.database.reading() as session:
                anne = await people.by_id(session, 1)
            await enter(page, street, anne)
            await _walk(street, page, gallery, f"{street.url}/office/letters/{draft_id}")
            await enter(page, street, anne)
            await _send(street, page, gallery)
    assert not gallery.faults, "\n".join(gallery.faults)


async def _furnish(street: Street, language: str) -> int:
    """Somebody who writes, and manuscripts in each state."""
    town, now = street.town, datetime.now(UTC)
    anne = await town.hire("anne", Right.AUTHOR, Right.WHO)
    bruno = await town.hire("bruno", Right.SENDER)
    draft_id, _ = await a_manuscript(town, body=f"{BODY}\n{LONG}\n\n#### Trop profond\n")
    away, _ = await a_manuscript(town, list_name="autres")
    await a_manuscript(town, list_name="prêts")
    async with town.database.begin() as session:
        (await people.by_id(session, anne.id)).language = language
        await pictures.put(
            session, draft_id=draft_id, name="image.png", data=PIXEL, by=ROOT, now=now
        )
        await presence.look_in(
            session, draft_id=draft_id, account_id=bruno.id, name="Bruno Essai", now=now
        )
        await states.set_state(session, draft_id=away, state=DraftState.PUT_AWAY, by=ROOT, now=now)
    return draft_id


async def _walk(street: Street, page: Any, gallery: Gallery, at: str) -> None:
    await page.goto(f"{street.url}/office/letters")
    await gallery.look("manuscripts")
    await page.locator("#number").fill("neuf")
    await submit(page, "form[action$='/letters/new']")
    await gallery.look("manuscripts-wrong")
    await page.goto(at)
    await gallery.look("writing")
    await page.get_by_role("textbox", name="Markdown").fill("\n# A\n\n#### B\n\nUn texte\n")
    await page.locator("#preheader").fill("")
    await page.locator("button[value=preview]").click()
    await page.wait_for_load_state()
    await gallery.look("writing-preview")
    frame = page.frame_locator("iframe.mail")
    assert await frame.locator("h4").inner_text() == "B"
    await submit(page, "#send")
    await gallery.look("not-sent")
    await page.goto(at)
    await page.evaluate("() => {document.getElementsByName('base')[0].value = 1}")
    await submit(page, "#writing")
    await gallery.look("writing-conflict")
    await page.goto(f"{at}/history")
    await gallery.look("writing-history")
    await page.goto(f"{at}/history/2")
    await gallery.look("writing-version")
    await page.goto(f"{at}/test?ids=1")
    await gallery.look("writing-tested")
    away = at.rpartition("/")[0] + "/2"
    await page.goto(away)
    await gallery.look("writing-away")
    await submit(page, "form[action$='/state']:has([value=deleted])")
    await page.goto(away)
    await gallery.look("writing-gone")
    await page.goto(at)
    await page.context.clear_cookies()
    await page.get_by_role("textbox", name="Markdown").fill("Un mot. " * 9_000)
    await submit(page, "#writing")
    await gallery.look("over-long")


async def _send(street: Street, page: Any, gallery: Gallery) -> None:
    """A manuscript that can be sent, and where its author finds it afterwards."""
    at = f"{street.url}/office/letters/3"
    await page.goto(at)
    await submit(page, "#send")
    assert page.url.endswith("/office/sendings/1/who")
    await page.goto(at)
    await gallery.look("writing-in-review")
    await page.goto(f"{street.url}/office/")
    await gallery.look("overview-author")
    await page.goto(f"{street.url}/office/letters")
    document = {"name": "Lettre 9.docx", "mimeType": WORD, "buffer": odd_pictures()}
    await page.locator("form[action$='/letters/new'] input[type=file]").set_input_files(document)
    await submit(page, "form[action$='/letters/new']")
    await gallery.look("writing-taken")
