"""The clipboard of each program, pasted into the page, becomes the Markdown beside its specimen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mailer.letter.drafts import pictures
from pli.keys import Keys
from tests.mailer.letter.word.documents import picture
from tests.paths import ROOT
from tests.web.office.editor.clipboard import File, paste, paste_by_key
from tests.web.office.editor.desks import Desk, a_desk, a_manuscript, a_picture, an_author
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

FOLDER = ROOT / "tests" / "specimens" / "clipboard"
NAMES = sorted(it.stem for it in FOLDER.glob("*.html"))
RTF = (
    r"{\rtf1\ansi{\*\shppict{\pict{\*\picprop{\sp{\sn wzName}{\sv Image 1}}}\picw60\pich40"
    r"\pngblip\bliptag7{\*\blipuid 0123456789abcdef0123456789abcdef}%s}}"
    r"{\nonshppict{\pict\picw60\pich40\wmetafile8 0100090000}}\par}"
)


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


def html_of(name: str) -> str:
    return (FOLDER / f"{name}.html").read_text("utf-8")


def wanted(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


async def fresh(street: Street, desk: Desk, name: str) -> None:
    """Open another empty manuscript, with the cursor in it."""
    desk.draft_id = await a_manuscript(street, "", name.replace("_", "-"))
    await desk.open()
    await desk.text.click()


async def test_each_programs_clipboard_is_pasted_as_its_specimen_says(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    async with a_desk(street, draft_id, await an_author(street, language="fr")) as desk:
        for name in NAMES:
            await fresh(street, desk, name)
            await paste(desk.text, html=html_of(name), text="x")
            await desk.text.locator("h1, p").nth(2).wait_for()
            await desk.saved()
            assert await desk.body() == wanted(name), name


async def test_the_browsers_own_clipboard_and_key_do_the_same(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    async with a_desk(street, draft_id, await an_author(street), **options) as desk:
        for name in ("word", "google_docs"):
            await fresh(street, desk, name)
            await paste_by_key(desk, html=html_of(name), text="x")
            await desk.text.get_by_text("Val-d’Orme").first.wait_for()
            await desk.saved()
            assert await desk.body() == wanted(name), name


async def test_pictures_of_words_clipboard_come_with_it(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    data = picture().getvalue()
    async with a_desk(street, draft_id, await an_author(street, language="fr")) as desk:
        await desk.text.click()
        await paste(desk.text, html=html_of("word"), text="x", rtf=RTF % data.hex())
        shown = desk.text.locator("img.block-picture")
        await shown.wait_for()
        assert await shown.evaluate("it => it.decode().then(() => it.naturalWidth)") == 60
        await desk.saved()
        body = await desk.body()
        assert (
            "::: image image-1.png\nalt: Un train rouge\nlegende: Le train de 7\u00a0h\u00a042"
            in body
        )
        assert "dont le fichier" not in await desk.page.locator(".notes").inner_text()
        async with street.town.database.reading() as session:
            (kept,) = await pictures.pictures(session, draft_id)
        assert (kept.name, kept.width, kept.height) == ("image-1.png", 60, 40)


async def test_a_picture_alone_in_the_clipboard_is_taken_with_its_words_asked(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    html = '<html><body><!--StartFragment--><img src="https://e.example/a.png"><!--EndFragment-->'
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.click()
        await paste(desk.text, File("image.png", "image/png", a_picture()), html=html)
        await desk.page.get_by_text("What does this picture show?").wait_for()
        await desk.page.keyboard.type("Une vue")
        await desk.saved()
        assert (await desk.body()).rstrip() == "Avant.\n\n::: image image.png\nalt: Une vue\n:::"


async def test_footnotes_that_are_pasted_twice_get_numbers_of_their_own_at_the_end(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant[^1].\n\nAprès.\n\n[^1]: Déjà là.\n")
    html = (
        '<p>Dit<a href="#_ftn1" name="_ftnref1">[1]</a>.</p><div id=ftn1><p>'
        '<a href="#_ftnref1" name="_ftn1">[1]</a> Nouveau.</p></div>'
    )
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Après.").click()
        await desk.page.keyboard.press("End")
        for count in (1, 2):
            await paste(desk.text, html=html, text="x")
            await desk.text.get_by_text("Nouveau.").nth(count - 1).wait_for()
        await desk.saved()
        assert await desk.body() == (
            "Avant[^1].\n\nAprès.Dit[^2].Dit[^3].\n\n[^1]: Déjà là.\n\n[^2]: Nouveau.\n\n"
            "[^3]: Nouveau.\n"
        )
