"""The page for writing, looked at and used: names, keys, views, findings, widths, languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from pli.keys import Keys
from tests import axe
from tests.browser import CONTRASTS, SCREENSHOTS
from tests.web.office.editor.desks import SHORT, Desk, a_desk, a_manuscript, an_author, specimen
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

WIDTHS = (320, 820, 1440)
TOOLS = {
    "en": "Normal text, Bold, Italics, Link, List, Numbered list, Quotation, Picture, "
    "Personal word, Insert, Undo, Redo, French typography, Source",
    "fr": "Texte normal, Gras, Italique, Lien, Liste, Liste numérotée, Citation, Image, "
    "Mot personnel, Insérer, Annuler, Rétablir, Typographie française, Source",
}
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
() => [...document.querySelectorAll('#writing button, #writing input, #beside button')]
  .filter(it => it.offsetParent && !it.closest('[hidden]'))
  .map(it => [it.getBoundingClientRect(), it.outerHTML.slice(0, 90)])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([, html]) => html)
"""


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def looked_at(desk: Desk, name: str) -> None:
    """Judge the page as it is now, and take its picture."""
    page = desk.page
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"writing-{name}.png", full_page=True)
    assert await axe.violations(page, off=("frame-tested",)) == [], name
    assert await page.evaluate(OVERFLOW) <= 0, name
    assert await page.evaluate(CONTRASTS) == [], name
    assert await page.evaluate(SMALL) == [], name


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_the_letter_with_every_block_is_well_drawn_and_without_fault(
    street: Street, width: int, language: str
) -> None:
    draft_id = await a_manuscript(street, specimen())
    author = await an_author(street, language=language)
    size = {"width": width, "height": 900}
    scheme = "dark" if width == 820 else "light"
    async with a_desk(street, draft_id, author, viewport=size, color_scheme=scheme) as desk:
        page = desk.page
        await page.frame_locator("#preview").locator("h1").first.wait_for()
        await page.locator(".found-note").first.wait_for()
        await looked_at(desk, f"{width}-{language}")
        for block in await desk.text.locator(".of-fields").all():
            await block.dispatch_event("open-fields")
        await looked_at(desk, f"{width}-{language}-fields")
        await page.keyboard.press("Alt+F10")
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowDown")
        await looked_at(desk, f"{width}-{language}-menu")
        await page.keyboard.press("Escape")
        assert await desk.body() == specimen()


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_what_a_screen_reader_says(street: Street, language: str) -> None:
    draft_id = await a_manuscript(street, specimen())
    author = await an_author(street, language=language)
    async with a_desk(street, draft_id, author) as desk:
        page = desk.page
        french = language == "fr"
        name = "Texte de la lettre" if french else "Text of the letter"
        text = page.get_by_role("textbox", name=name, exact=True)
        assert await text.get_attribute("aria-multiline") == "true"
        bar = page.get_by_role("toolbar")
        await desk.text.get_by_text("Un paragraphe avec").click()
        said = await bar.locator("button:not([role])").all_inner_texts()
        words = [
            re.sub(r"^\W*(?:\d\.|[GBI]\b|</>)?\s*|\s*▾$", "", it.replace("\n", " ")) for it in said
        ]
        assert ", ".join(words) == TOOLS[language]
        strong = bar.get_by_role("button", name="Gras" if french else "Bold")
        assert await strong.get_attribute("aria-pressed") == "false"
        await desk.text.get_by_text("mots en gras").click()
        assert await strong.get_attribute("aria-pressed") == "true"
        tabs = await bar.locator("button").evaluate_all(
            "all => all.filter(it => it.tabIndex === 0).length"
        )
        assert tabs == 1
        for kind in (
            ("Encadré", "Votes", "Agenda", "Signature") if french else ("Box", "Votes", "Dates")
        ):
            assert await page.get_by_role("group", name=kind, exact=True).count() == 1
        chip = desk.text.locator(".chip")
        wanted = "prénom, sinon «\u202fcamarade\u202f»" if french else "first name, else “camarade”"
        assert await chip.inner_text() == wanted
        assert await page.locator("iframe").get_attribute("title")
        await page.locator("#found", has_text=re.compile(r"\d")).wait_for()
        assert re.match(r"\(\d+\) ", await page.title())


async def test_findings_stand_at_their_block_errors_first_and_lead_there(street: Street) -> None:
    body = "Un.\n\n## Deux\n\n![](absente.png)\n\nBonjour {{ subscriber.first_name }}.\n"
    draft_id = await a_manuscript(street, body)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        items = desk.page.locator("#findings li")
        await items.first.wait_for()
        kinds = [await it.get_attribute("class") for it in await items.all()]
        assert kinds == sorted(kinds)
        assert "error" in kinds
        await items.first.get_by_role("button", name="Go there").click()
        assert await desk.text.evaluate("it => it.contains(document.activeElement)")
        assert await desk.text.locator(".found.error").count() == 1


async def test_each_view_of_the_mail_is_loaded_and_the_block_with_the_cursor_is_marked(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        frame = desk.page.frame_locator("#preview")
        await frame.get_by_text("Une phrase.").wait_for()
        await desk.text.get_by_text("Une phrase.").click()
        await frame.locator("#ici", has_text="Une phrase.").wait_for()
        for view in (await desk.page.locator("#views input").all())[1:]:
            async with desk.page.expect_response("**/preview") as answer:
                await view.check(force=True)
            assert (await answer.value).status == 200
            await frame.get_by_text("Une phrase.").first.wait_for()


async def test_typography_while_typing_and_by_a_button_is_undone_by_one_key_each(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, 'Il dit "l\'avis" ; oui !\n\nFin.\n')
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        keys = desk.page.keyboard
        await desk.text.get_by_text("Fin.").click()
        await keys.press("End")
        await keys.type(" L'été !")
        fin = desk.text.locator("> p").nth(1)
        assert await fin.inner_text() == "Fin. L’été\u202f!"
        await keys.press("Control+z")
        assert await fin.inner_text() == "Fin. L’été !"
        await keys.press("Control+z")
        await keys.press("Control+z")
        assert await fin.inner_text() == "Fin. L'"
        await keys.press("Control+z")
        before = await desk.text.locator("> p").first.inner_text()
        await desk.page.get_by_role("button", name="French typography").click()
        after = "Il dit «\u202fl’avis\u202f»\u202f; oui\u202f!"
        assert await desk.text.locator("> p").first.inner_text() == after
        await keys.press("Control+z")
        assert await desk.text.locator("> p").first.inner_text() == before


async def test_the_source_is_one_click_away_and_remembered_for_the_person(street: Street) -> None:
    draft_id = await a_manuscript(street, SHORT)
    anne, bruno = await an_author(street), await an_author(street, "bruno")
    async with a_desk(street, draft_id, anne) as desk:
        page = desk.page
        await page.get_by_role("button", name="Source", exact=True).click()
        area = page.locator("#body")
        assert await area.input_value() == SHORT
        await area.press("Control+End")
        await page.keyboard.type("\nFin ")
        await page.keyboard.press("Control+b")
        await page.keyboard.type("grasse")
        await desk.saved()
        assert await desk.body() == SHORT + "\nFin **grasse**"
        assert await axe.violations(page, off=("frame-tested",)) == []
        await page.reload()
        await area.wait_for()
        assert await desk.text.is_hidden()
        await page.get_by_role("button", name="Back to the page").click()
        await desk.text.locator("strong", has_text="grasse").wait_for()
        await desk.saved()
        assert await desk.body() == SHORT + "\nFin **grasse**"
    async with a_desk(street, draft_id, bruno) as desk:
        assert await desk.text.is_visible()


async def test_a_personal_word_is_changed_and_taken_out(street: Street) -> None:
    draft_id = await a_manuscript(street, 'Bonjour {{ subscriber.first_name or "ami" }} !\n')
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        await desk.text.locator(".chip").dblclick()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Who has none reads instead").fill("camarade")
        await dialog.get_by_role("button", name="Take over").click()
        await desk.text.locator(".chip", has_text="camarade").wait_for()
        await desk.saved()
        assert await desk.body() == 'Bonjour {{ subscriber.first_name or "camarade" }} !\n'
        await desk.text.locator(".chip").dblclick()
        await dialog.get_by_role("button", name="Remove").click()
        await desk.text.locator(".chip").wait_for(state="detached")
        await desk.saved()
        assert await desk.body() == "Bonjour  !\n"
        await desk.text.get_by_text("Bonjour").click()
        await page.keyboard.press("End")
        await page.keyboard.type(" {{ list.title }}")
        await desk.text.locator(".chip", has_text="title of the list").wait_for()


async def test_blocks_move_and_go_and_a_block_that_is_not_drawn_is_edited_as_text(
    street: Street,
) -> None:
    raw = "<table>\n<tr><td>a</td></tr>\n</table>\n"
    draft_id = await a_manuscript(street, f"Un.\n\n{raw}\nDeux  \nlignes.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        block = desk.text.get_by_role("group", name="Shown as it is written")
        await block.hover()
        await block.get_by_role("button", name="Move up: Shown as it is written").click()
        await desk.saved()
        assert await desk.body() == f"{raw}\nUn.\n\nDeux  \nlignes.\n"
        await block.get_by_text("<td>a</td>").click()
        await desk.page.keyboard.press("End")
        await desk.page.keyboard.type("<!-- b -->")
        await desk.saved()
        assert raw in (await desk.body()).replace("<!-- b -->", "")
        assert "<!-- b -->" in await desk.body()
        await block.get_by_role("button", name="Delete: Shown as it is written").click()
        await desk.saved()
        assert await desk.body() == "Un.\n\nDeux  \nlignes.\n"


async def test_a_letter_with_ten_thousand_blocks_is_opened_and_a_word_is_written(
    street: Street,
) -> None:
    body = "".join(f"Alinéa {n}.\n\n" for n in range(10_000))
    draft_id = await a_manuscript(street, body)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Alinéa 0.").click()
        await desk.page.keyboard.press("End")
        await desk.page.keyboard.type("!")
        await desk.saved()
        assert await desk.body() == body.replace("Alinéa 0.", "Alinéa 0.!")
