"""What nobody should paste, and somebody will: the page stays usable, and each word stays."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pli.keys import Keys
from tests.web.office.editor.clipboard import File, drop, paste
from tests.web.office.editor.desks import Desk, a_desk, a_manuscript, an_author
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

FAMILY = "👨‍👩‍👧"
RIGHT_TO_LEFT = "שלום עולם, مرحبا"
COMBINING = "e\u0301a\u0300\u0323 Z\u0351\u036b\u0343\u036a\u0302\u036b"
CONDITIONAL = (
    "<!--[if gte mso 9]><xml><o:p>rien</o:p></xml><![endif]--><!--[if !mso]><!--><p>Montré.</p>"
    "<!--<![endif]--><p>Un<![if !supportLists]> deux<![endif]> trois.</p><!--[if gte vml 1]>"
    '<v:shape><v:imagedata src="file:///C:/x.png"/></v:shape><![endif]-->'
)
_HALF = """
(it) => {
  const carried = new DataTransfer();
  carried.setData('text/plain', 'Moitié ' + String.fromCharCode(0xd83d) + ' fin.');
  it.dispatchEvent(new ClipboardEvent(
    'paste', {clipboardData: carried, bubbles: true, cancelable: true}));
}
"""


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


def png(number: int) -> bytes:
    """A small picture that is no other one."""
    out = BytesIO()
    Image.new("RGB", (40, 20), (number % 256, number // 256, 99)).save(out, "PNG")
    return out.getvalue()


async def usable(desk: Desk) -> float:
    """Write a word at the end, and wait until the server has it; the slowest key in seconds."""
    keys = desk.page.keyboard
    await desk.text.focus()
    await keys.press("Control+End")
    slowest = 0.0
    for sign in " encore":
        begun = time.monotonic()
        await keys.press("Space" if sign == " " else sign)
        slowest = max(slowest, time.monotonic() - begun)
    await desk.saved()
    assert "encore" in await desk.body()
    return slowest


def told(what: str, begun: float, **more: Any) -> None:
    said = "".join(f", {name} {it:.2f} s" for name, it in more.items())
    print(f"{what}: {time.monotonic() - begun:.1f} s{said}")


async def test_signs_of_all_kinds_are_pasted_typed_and_saved_as_they_are(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page, keys = desk.page, desk.page.keyboard
        await desk.text.click()
        html = f"<p dir=rtl>{RIGHT_TO_LEFT}</p><p>{COMBINING} {FAMILY} {FAMILY[:3]}</p>"
        await paste(desk.text, html=html + CONDITIONAL, text="x")
        await desk.text.get_by_text("Montré.").wait_for()
        await keys.press("Control+End")
        await keys.press("Enter")
        await desk.text.evaluate(_HALF)
        await keys.press("Enter")
        # A family is typed, and cut in two by a key.
        await keys.insert_text(f"Avant{FAMILY}")
        await keys.press("Backspace")
        await keys.press("Enter")
        await keys.type("Bonjour {{ subscriber.first_na")
        await desk.saved()
        body = await desk.body()
        for it in (RIGHT_TO_LEFT, COMBINING, f"{FAMILY} {FAMILY[:3]}", "Montré.", "Un deux trois.",
                   "Moitié \ufffd fin.", "{{ subscriber.first\\_na"):  # fmt: skip
            assert it in body or it.replace("\\", "") in body, it
        body.encode("utf-8")
        assert "rien" not in body
        await page.locator("#findings li").first.wait_for()
        await keys.type('me or "ami" }}')
        await desk.text.locator(".chip").wait_for()
        await desk.saved()
        shown = await desk.text.locator("> p").all_inner_texts()
        await page.reload()
        await desk.text.locator(".chip").wait_for()
        assert await desk.text.locator("> p").all_inner_texts() == shown
        await usable(desk)


async def test_a_table_of_sixty_columns_stays_a_table_that_scrolls(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    size = {"width": 820, "height": 900}
    async with a_desk(street, draft_id, await an_author(street), viewport=size) as desk:
        await desk.text.click()
        row = "<tr>" + "".join(f"<td>c{{0}}n{n}</td>" for n in range(60)) + "</tr>"
        html = "<table>" + "".join(row.format(n) for n in range(20)) + "</table>"
        begun = time.monotonic()
        await paste(desk.text, html=html, text="x")
        await desk.text.get_by_text("c19n59").wait_for(timeout=60_000)
        await desk.saved()
        body = await desk.body()
        assert all(f"c{row}n{n}" in body for row in range(20) for n in range(60))
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await desk.page.evaluate(over) <= 0
        told("a table of 60 columns", begun, slowest_key=await usable(desk))


async def test_two_hundred_pictures_arrive_in_their_order_and_one_more_is_refused(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    files = [File(f"p{n:03}.png", "image/png", png(n)) for n in range(202)]
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        begun = time.monotonic()
        await drop(desk.text, *files)
        await desk.page.locator("#editor .waiting").first.wait_for()
        # The page is written in meanwhile.
        await desk.text.locator("img[src$='p005.png']").wait_for()
        await desk.page.wait_for_selector("#editor .waiting", state="detached", timeout=240_000)
        await desk.saved()
        told("200 pictures", begun, slowest_key=await usable(desk))
        names = re.findall(r"::: image (\S+)", await desk.body())
        assert names == [it.name for it in files[:200]]
        notes = await desk.page.locator(".notes").inner_text()
        assert "a manuscript has 200 pictures at most" in notes
        found = desk.page.locator("#findings")
        await found.get_by_text("the letter has more than 50 pictures").wait_for(timeout=60_000)


async def test_a_picture_of_thirty_megabytes_in_html_is_told_and_its_words_arrive(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Avant.\n")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.get_by_text("Avant.").click()
        small = base64.b64encode(png(1)).decode()
        begun = time.monotonic()
        await desk.text.evaluate(
            """(it, [small, size]) => {
              const data = 'iVBORw0KGgo' + 'A'.repeat(size);
              const carried = new DataTransfer();
              carried.setData('text/plain', 'x');
              carried.setData('text/html', `<p>Un début.</p>
                <p><img alt="très grande" src="data:image/png;base64,${data}"></p>
                <p><img alt="petite" src="data:image/png;base64,${small}"></p>
                <p><img src="data:image/svg+xml,<svg onload='alert(1)'/>"></p><p>Une fin.</p>`);
              it.dispatchEvent(new ClipboardEvent(
                'paste', {clipboardData: carried, bubbles: true, cancelable: true}));
            }""",
            [small, 31 * 1024 * 1024],
        )
        await desk.text.get_by_text("Une fin.").wait_for(timeout=60_000)
        await desk.page.locator(".notes").get_by_text("the picture “très grande”").wait_for()
        told("a data: URL of 30 MB", begun, slowest_key=await usable(desk))
        body = await desk.body()
        assert "Un début." in body
        assert "::: image image-1.png\nalt: petite" in body
        assert len(body) < 500


async def test_ten_thousand_blocks_are_pasted_and_written_in(street: Street) -> None:
    draft_id = await a_manuscript(street, "")
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.text.click()
        html = "".join(f"<p>Alinéa {n}.</p>" for n in range(10_000))
        begun = time.monotonic()
        await paste(desk.text, html=html, text="x")
        await desk.text.get_by_text("Alinéa 9999.").wait_for(timeout=120_000)
        await desk.saved()
        told("10,000 blocks", begun, slowest_key=await usable(desk))
        body = await desk.body()
        assert all(f"Alinéa {n}." in body for n in (0, 4_999, 9_999))
        assert body.count("\n\n") >= 9_998
