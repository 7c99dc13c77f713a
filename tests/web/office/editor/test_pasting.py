"""What is pasted or dropped becomes blocks; what was left out is told, and can be taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pli.keys import Keys
from tests.mailer.letter.word.documents import laid_out
from tests.web.office.editor.clipboard import File, drop, from_word, in_list, paste
from tests.web.office.editor.desks import a_desk, a_manuscript, a_picture, an_author, specimen
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HOSTILE = (
    '<p onclick="alert(1)">Avant <img src="x" onerror="alert(2)"> '
    '<a href="javascript:alert(3)">lien</a><script>alert(4)</script> après {{ 7*7 }}</p>'
    '<p style="color:red;background:url(https://elsewhere.example/x)">🧑‍👩‍👧 e\u0301 שלום</p>'
)


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def test_a_list_and_a_table_from_word_are_a_list_and_a_table_and_are_taken_back_at_once(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n\nAprès.\n")
    html = from_word("Un **mot** gras.").replace(
        "<!--EndFragment-->",
        in_list("le guichet reste", "le train aussi")
        + "<table class=MsoNormalTable><tr><td><p class=MsoNormal><b>Jour</b></p></td>"
        "<td><p class=MsoNormal><b>Lieu</b></p></td></tr><tr><td><p class=MsoNormal>lundi</p></td>"
        "<td><p class=MsoNormal>gare</p></td></tr></table>"
        "<p class=MsoNormal><span style='display:none'>caché</span>Fin.</p><!--EndFragment-->",
    )
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Avant.").click()
        await desk.page.keyboard.press("End")
        await paste(desk.text, html=html, text="x")
        await desk.text.get_by_text("le guichet reste").wait_for()
        await desk.saved()
        body = await desk.body()
        assert "- le guichet reste\n- le train aussi\n" in body
        assert "Avant.Un **mot** gras.\n" in body
        assert "lundi" in await desk.text.locator("td").first.inner_text()
        assert "Après.\n" in body
        await desk.page.locator(".notes").get_by_text("caché").wait_for()
        await desk.page.get_by_role("button", name="Undo this").click()
        await desk.saved()
        assert await desk.body() == "Avant.\n\nAprès.\n"


async def test_a_table_stays_whole_whatever_is_pasted_into_a_cell_of_it(street: Street) -> None:
    text = "| A | B |\n|---|---|\n| x | y |\n\nAprès.\n"
    lines = "| xun<br>**deux** fois<br>• p | y |\n"
    draft_id = await a_manuscript(street, text)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        for carried, said in (
            ({"html": "<p>un</p><p><b>deux</b> fois</p><ul><li>p</li></ul>", "text": "un"}, lines),
            ({"html": "<p>un</p>", "text": "un"}, "| xun | y |\n"),
            ({"text": "un\n\ndeux\ntrois"}, "| xun<br>deux<br>trois | y |\n"),
            ({"html": '<div data-pm-slice="0 0 []"><p>un</p><p><strong>deux</strong> fois</p>'
                      "<ul><li><p>p</p></li></ul></div>", "text": "un"}, lines),
        ):  # fmt: skip
            await desk.text.locator("td").first.click()
            await desk.page.keyboard.press("End")
            await paste(desk.text, **carried)
            await desk.text.get_by_text("un").first.wait_for()
            await desk.saved()
            body = await desk.body()
            assert said in body
            assert body.count("---") == 2
            await desk.page.keyboard.press("Control+z")
            await desk.saved()
            assert await desk.body() == text
        await desk.text.locator("td").first.click()
        await paste(desk.text, html="<p>un</p><table><tr><td>1</td></tr></table>", text="un")
        await desk.text.get_by_text("un").first.wait_for()
        await desk.saved()
        before, _, behind = (await desk.body()).partition("un\n")
        assert "| x | y |" in before
        assert "| 1 |" in behind
        assert behind.endswith("\n\nAprès.\n")


async def test_hostile_html_runs_nothing_asks_nobody_and_keeps_its_words(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    # That no dialog opens, and no other machine is asked, is looked at by the browser's fixture.
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.click()
        await paste(desk.text, html=HOSTILE, text="x")
        await desk.text.get_by_text("שלום").wait_for()
        await desk.saved()
        body = await desk.body()
        assert "Avant" in body
        assert "après" in body
        assert "🧑‍👩‍👧 e\u0301 שלום" in body
        for it in ("javascript", "onerror", "script>", "elsewhere", "onclick"):
            assert it not in body


async def test_plain_text_is_text_and_nothing_in_it_is_taken_for_signs(street: Street) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Avant.").click()
        await desk.page.keyboard.press("End")
        await paste(desk.text, text=" 1 * 2 * 3\n\n# pas un titre\n\n::: encadre")
        await desk.saved()
        assert await desk.body() == "Avant. 1 * 2 * 3\n\n\\# pas un titre\n\n\\::: encadre\n"


async def test_a_document_is_dropped_with_its_words_and_a_pdf_is_told_why_not(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n\nAprès.\n")
    data = laid_out("Un premier alinéa.\n\nUn second, **gras**.")
    document = File("Lettre.docx", DOCX, data)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await drop(desk.text, document)
        await desk.text.get_by_text("Un second").wait_for()
        await desk.saved()
        body = await desk.body()
        assert "Un premier alinéa." in body
        assert "Un second, **gras**." in body
        # Beside the text, where a browser would open the file in place of the page.
        await desk.text.get_by_text("Après.").click()
        await drop(desk.page.locator("h1").first, document)
        await desk.text.get_by_text("Un second").nth(1).wait_for()
        await desk.saved()
        body = await desk.body()
        assert body.count("Un premier alinéa.") == 2
        await drop(desk.text, File("Lettre.doc", "application/msword", OLD_WORD))
        await desk.page.get_by_text("this is a file of old Word").wait_for()
        await drop(desk.text, File("Lettre.pdf", "application/pdf", b"%PDF-"))
        await desk.page.get_by_text("A PDF cannot be taken over").wait_for()
        assert await desk.body() == body


async def test_a_picture_is_dropped_and_its_words_are_asked_for_in_the_place(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await drop(desk.text, File("vue.png", "image/png", a_picture()))
        await desk.page.get_by_text("What does this picture show?").wait_for()
        field = desk.page.get_by_label("What the picture shows, for people who do not see it")
        assert await field.evaluate("it => it === document.activeElement")
        shown = desk.text.locator("img.block-picture")
        assert await shown.evaluate("it => it.decode().then(() => it.naturalWidth > 0)")
        await desk.page.get_by_label("It only decorates").check()
        await desk.saved()
        assert "::: image vue.png\nalt:\n:::\n" in await desk.body()
        await desk.page.get_by_label("It only decorates").uncheck()
        await field.fill("Une vue")
        await desk.saved()
        assert "alt: Une vue\n" in await desk.body()


async def test_everything_is_copied_and_pasted_within_the_page(street: Street) -> None:
    draft_id = await a_manuscript(street, specimen())
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        copied = await desk.text.evaluate(
            """it => {
              it.focus();
              getSelection().selectAllChildren(it);
              return new Promise(resolve => requestAnimationFrame(() => setTimeout(() => {
                const clipboardData = new DataTransfer();
                it.dispatchEvent(new ClipboardEvent(
                  'copy', {clipboardData, bubbles: true, cancelable: true}));
                resolve({html: clipboardData.getData('text/html'),
                         text: clipboardData.getData('text/plain')});
              }, 100)));
            }"""
        )
        assert "data-pm-slice" in copied["html"]
        assert 'subscriber.first_name or "camarade"' in copied["text"]
        await desk.page.keyboard.press("Control+a")
        await desk.page.keyboard.press("Delete")
        await desk.saved()
        assert (await desk.body()).strip() == ""
        await paste(desk.text, **copied)
        await desk.saved()
        body = await desk.body()
        for it in ("::: encadre Ce qu'il faut retenir", "::: votes", "pour: 41", ":::: colonnes",
                   '{{ subscriber.first_name or "camarade" }}', "adopté[^1]", "::: signature",
                   "2026-12-24 | Le local est fermé", "| Salariés | 27 | 1 | 3 |"):  # fmt: skip
            assert it in body


async def test_two_megabytes_arrive_whole_and_that_they_cannot_be_saved_is_told(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Avant.").click()
        html = "".join(f"<p>Alinéa {n} {'mot ' * 50}</p>" for n in range(10_000))
        assert len(html) > 2_000_000
        await paste(desk.text, html=html, text="x")
        waiting = desk.page.locator("#editor .waiting")
        await waiting.wait_for(state="detached", timeout=120_000)
        await desk.text.get_by_text("Alinéa 9999").wait_for(timeout=60_000)
        await desk.page.get_by_text("This text is too long to be saved.").wait_for(timeout=60_000)
        assert await desk.body() == "Avant.\n"
