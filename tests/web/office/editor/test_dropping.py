"""What is dropped on the page: documents, pictures, several files, and what is refused."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from mailer.letter.drafts import pictures
from pli.keys import Keys
from tests.mailer.letter.to_word.documents import odt, rtf
from tests.mailer.letter.word.documents import captions, picture
from tests.web.office.editor.clipboard import File, drop, paste
from tests.web.office.editor.desks import Desk, a_desk, a_manuscript, a_picture, an_author
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
PICTURES = "img.block-picture, img.in-line"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


def order_of(body: str, *texts: str) -> list[str]:
    """The texts of a body, in the order in which they stand there."""
    return sorted((it for it in texts if it in body), key=body.index)


async def behind(desk: Desk, text: str) -> None:
    """Put the cursor behind a text."""
    await desk.text.get_by_text(text).click()
    await desk.page.keyboard.press("End")


async def test_documents_of_three_programs_are_dropped_with_their_pictures(street: Street) -> None:
    draft_id = await a_manuscript(street, "Avant.\n\nAprès.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        for file, word, shown in (
            (File("Lettre.docx", DOCX, captions()), "Voyez.", 2),
            (File("Lettre.odt", ODT, odt()), "À main levée.", 3),
            (File("Lettre.rtf", "application/rtf", rtf()), "Coll", 3),
        ):
            await behind(desk, "Avant.")
            await drop(desk.page.locator("h1").first, file)
            await desk.text.get_by_text(word).first.wait_for(timeout=120_000)
            await desk.page.wait_for_selector("#editor .waiting", state="detached")
            assert await desk.text.locator(PICTURES).count() >= shown, file.name
        broken = await desk.text.locator(PICTURES).evaluate_all(
            "all => Promise.all(all.map(it => it.decode().then(() => !it.naturalWidth)))"
        )
        assert not any(broken)
        waits = desk.page.get_by_text(re.compile("pictures? waits? for"))
        assert await waits.count() <= 1
        await desk.saved()
        body = await desk.body()
        assert body.startswith("Avant.\n\n")
        names = re.findall(r"(?:::: image |!\[.*?\]\()([^\s)]+)", body)
        assert len(names) >= 3
        assert len({*names}) == len(names)
        for it in ("Une image rouge", "| douze |", "Après.", "[^1]"):
            assert it in body


async def test_a_document_fills_an_empty_manuscript_and_its_empty_fields(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        title, subject = desk.page.locator("#title"), desk.page.locator("#subject")
        await title.fill("")
        await drop(desk.text, File("Lettre.odt", ODT, odt()))
        await desk.text.get_by_text("À main levée.").wait_for(timeout=120_000)
        assert await title.input_value() == "Le vote"
        assert await subject.input_value() == "Lettre n° 12 : une lettre d'exemple"


async def test_several_files_stand_in_their_order_and_each_refusal_is_told(street: Street) -> None:
    draft_id = await a_manuscript(street, "Avant.\n\nAprès.\n")
    files = (
        File("un.png", "image/png", a_picture()),
        File("Lettre.docx", DOCX, captions()),
        File("deux.png", "image/png", picture(colour="blue").getvalue()),
        File("abîmé.docx", DOCX, b"PK\x03\x04" + b"x" * 500),
        File("Lettre.pdf", "application/pdf", b"%PDF-1.7"),
        File("chanson.mp3", "audio/mpeg", b"ID3"),
        File("dessin.svg", "image/svg+xml", SVG),
        File("vieux.png", "image/png", b"no picture"),
        File("trois.png", "image/png", picture(colour="green").getvalue()),
    )
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await behind(desk, "Avant.")
        await drop(desk.page.locator("h1").first, *files)
        await desk.text.locator("img[src$='trois.png']").wait_for(timeout=60_000)
        await desk.page.wait_for_selector("#editor .waiting", state="detached")
        await desk.saved()
        body = await desk.body()
        wanted = ["Avant.", "un.png", "Voyez.", "Fin.", "deux.png", "trois.png", "Après."]
        assert order_of(body, *reversed(wanted)) == wanted
        notes = await desk.page.locator(".notes").inner_text()
        for it in ("this is no Word file", "A PDF cannot be taken", "chanson.mp3", "SVG"):
            assert it in notes
        assert "vieux.png" in notes or "more file" in notes
        # The first picture is asked for, and Tab leads on.
        await desk.page.keyboard.type("Une vue")
        await desk.saved()
        assert "::: image un.png\nalt: Une vue\n:::" in await desk.body()


async def test_a_photo_of_a_camera_is_made_small_stripped_and_asked_for(street: Street) -> None:
    photo = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Appareil", 6
    noise = Image.effect_noise((5_000, 3_400), 90).convert("RGB")
    noise.save(photo, "JPEG", quality=95, exif=exif)
    size = len(photo.getvalue())
    assert size > 12_000_000
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        # Chosen by the keyboard: Alt+F10, arrows, Enter.
        await behind(desk, "Avant.")
        async with desk.page.expect_file_chooser() as chooser:
            await desk.page.keyboard.press("Alt+F10")
            await desk.page.get_by_role("toolbar").get_by_role("button", name="Picture").focus()
            await desk.page.keyboard.press("Enter")
        await (await chooser.value).set_files(
            {"name": "DSC 0042.JPG", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
        )
        field = desk.page.get_by_role(
            "textbox", name="What the picture shows, for people who do not see it"
        )
        await field.wait_for(timeout=60_000)
        took = await desk.page.evaluate(
            "performance.getEntriesByType('resource')"
            ".find(it => it.name.endsWith('/pictures') && it.initiatorType === 'fetch').duration"
        )
        print(f"a photo of {size / 1e6:.1f} MB is uploaded and made small in {took / 1_000:.1f} s")
        assert await field.evaluate("it => it === document.activeElement")
        group = desk.page.get_by_role("group", name="Picture", exact=True)
        assert await group.get_by_role("checkbox", name="It only decorates").count() == 1
        await desk.page.keyboard.press("Tab")
        await desk.page.keyboard.press("Space")
        await desk.saved()
        assert "::: image DSC-0042.jpg\nalt:\n:::" in await desk.body()
        # That it decorates is an answer: nothing is asked, and nothing found.
        await desk.page.locator("#found", has_text=re.compile(r"\d")).wait_for()
        assert "DSC-0042" not in await desk.page.locator("#findings").inner_text()
        async with street.town.database.reading() as session:
            (kept,) = await pictures.pictures(session, draft_id)
            found = await pictures.picture(session, draft_id, kept.name)
        assert found is not None
        assert b"Appareil" not in found[1]
        assert kept.width < kept.height, "upright, as the camera was held"
        assert kept.size < 600_000


async def test_a_text_of_another_window_is_dropped_as_if_it_were_pasted(street: Street) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        html = '<h2 style="color:red">Titre</h2><p onclick="x()">Un <b>mot</b>.</p>'
        await drop(desk.text, html=html, text="x")
        await desk.text.get_by_role("heading", name="Titre").wait_for()
        await desk.saved()
        body = await desk.body()
        assert "## Titre" in body
        assert "Un **mot**." in body


async def test_a_picture_within_a_line_is_asked_what_it_shows(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    cells = "<td>Vue</td><td><img src='data:image/png;base64,%s'> ici</td>"
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.click()
        data = (
            "iVBORw0KGgoAAAANSUhEUgAAADwAAAAeCAIAAAD/+uoYAAAAQElEQVR4nO3OQQ3AIAAAMR4IQsKkIhUPPI4s"
        )
        data += "aRV07vWNv5mvAzekK9IV6Yp0RboiXZGuSFekK9IV6Yp0RboiXTnBfwGJz4Y/pAAAAABJRU5ErkJggg=="
        await paste(desk.text, html=f"<table><tr>{cells % data}</tr></table>", text="x")
        await desk.text.locator("td").get_by_text("ici").wait_for()
        await desk.page.get_by_text("1 picture waits for you to say what it shows.").wait_for()
        await desk.text.locator("img.in-line").click()
        await desk.page.keyboard.press("Enter")
        dialog = desk.page.get_by_role("dialog")
        await dialog.get_by_label("What the picture shows").fill("Une vue")
        await desk.page.keyboard.press("Enter")
        await dialog.wait_for(state="detached")
        await desk.saved()
        assert "![Une vue](image-1.png)" in await desk.body()


async def test_a_document_begins_a_manuscript_where_it_is_dropped_on_the_list(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        await page.goto(f"{street.url}/office/letters")
        field = page.locator("#file")
        # A browser gives a dropped file to its field by itself.
        await field.set_input_files(
            {"name": "Lettre n° 31.docx", "mimeType": DOCX, "buffer": captions()}
        )
        await page.get_by_role("button", name="Begin", exact=True).click()
        await page.wait_for_selector("#editor, .writing")
        assert await page.locator("#number").input_value() == "31"
        assert await page.locator("img.block-picture").count() == 2
