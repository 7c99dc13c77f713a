"""What is brought to the page for writing in every size and kind, and what is refused."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
from html import unescape

import httpx
import pytest
from PIL import Image

from accounts.rights import Right
from mailer.draft_models import DraftState
from mailer.letter.drafts import states
from pli.database import Database
from pli.keys import Keys
from tests.mailer.letter.word.documents import captions
from tests.web.office.manuscripts import ROOT, Module, a_manuscript
from tests.web.office.person import FROM_HERE, Town, a_town
from tests.web.office.signed import signed_in

pytestmark = pytest.mark.proof


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def test_pictures_and_documents_are_taken_in_and_bad_ones_told(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    at = f"/office/letters/{draft_id}"
    photo = io.BytesIO()
    noise = Image.effect_noise((3_000, 2_000), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Appareil"
    noise.save(photo, "JPEG", quality=97, exif=exif)
    assert len(photo.getvalue()) > 4_000_000
    async with town.somebody() as person:
        token = await signed_in(town, person, anne)
        headers = FROM_HERE | {"Accept": "application/json", "X-Pli-Token": token}

        async def send(path: str, field: str, name: str, data: bytes) -> httpx.Response:
            return await person.client.post(
                f"{at}/{path}", headers=headers, files={field: (name, data)}
            )

        kept = (await send("pictures", "picture", "Été 1.JPG", photo.getvalue())).json()
        assert kept["name"] == "Été-1.jpg"
        assert kept["bytes"] < 400_000
        shown = await person.client.get(f"{at}/pictures/{kept['name']}")
        assert shown.headers["content-type"] == "image/jpeg"
        assert b"Appareil" not in shown.content
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        for path, field, data, text in (
            ("pictures", "picture", svg, "SVG"),
            ("pictures", "picture", b"no picture", "is not PNG"),
            ("convert", "file", b"%PDF-1.7", "a PDF holds pages"),
            ("convert", "file", b"\xd0\xcf\x11\xe0" + b"x" * 600, "Word"),
        ):
            refused = await send(path, field, "x", data)
            assert refused.status_code == 422, data
            assert text in refused.json()["faults"][0]["text"]
        too_much = await send("pictures", "picture", "x.png", b"\x89PNG" + b"\0" * (32 << 20))
        assert too_much.status_code == 413
        word = await send("convert", "file", "Lettre.docx", captions())
        assert word.status_code == 200, word.text
        made = word.json()
        assert made["pictures"]
        assert "".join(it["source"] for it in made["blocks"]) == made["markdown"]
        pasted = await person.client.post(
            f"{at}/convert",
            headers=headers,
            files={"html": (None, "<p>a<script>alert(1)</script><b>b</b></p>")},
        )
        assert pasted.json()["markdown"] == "a**b**\n"
        nothing = await person.client.post(f"{at}/convert", headers=headers, files={})
        assert nothing.status_code in (413, 422)
        page = await person.client.post(
            f"{at}/convert",
            data={"token": token},
            headers=FROM_HERE,
            files={"file": ("l.docx", captions())},
            follow_redirects=True,
        )
        assert page.status_code == 200
        assert "What you brought stands at the end of the text." in unescape(page.text)
        # As a new manuscript, from the list; what was left out is told there, too.
        listed = await person.client.get("/office/letters")
        choice = re.search(r'<option[^>]* value="(\d+)"', listed.text)
        assert choice
        asked = {"token": token, "list": choice[1], "number": "", "start": ""}
        for name, data, code, text in (
            ("Lettre.docx", captions(), 200, "data-version"),
            ("a.html", b"<p>Un mot<img src='file:///x.png'></p>", 200, "the picture “?”"),
            ("Lettre.pdf", b"%PDF-1.7", 422, "a PDF holds pages"),
        ):
            begun = await person.client.post(
                "/office/letters/new",
                data=asked,
                headers=FROM_HERE,
                files={"file": (name, data)},
                follow_redirects=True,
            )
            assert begun.status_code == code, name
            assert text in unescape(begun.text), name


async def test_what_no_module_of_ours_sends_is_refused(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    at = f"/office/letters/{draft_id}"
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        for document in (
            b"",
            b"[]",
            b"{",
            b'{"body": 1}',
            b'{"body":"x","front":[]}',
            b"[" * 9_999,
        ):
            assert (await module.ask("PUT", at, document)).status_code == 400, document[:9]
        # Never a part of a text: whoever took it for the whole would lose the rest.
        for path in ("blocks", "preview"):
            refused = await module.ask("POST", f"{at}/{path}", {"body": "x" * 2_000_001})
            assert refused.status_code == 413
            assert "cut it up" in refused.json()["fault"]
        for body, code in (("x" * 2_000_001, 413), ("long " * 300_000, 200)):
            answer = await module.ask("PUT", at, {"base": 1, "key": "k", "body": body})
            assert answer.status_code == code
        huge = await module.ask("PUT", at, {"base": 1, "body": "x" * (9 << 20)})
        assert huge.status_code == 413
        assert "fault" in huge.json()
        half = await module.ask("PUT", at, b'{"base": 2, "body": "\\ud83d {{ subscriber."}')
        assert half.status_code == 200
        many = {"front": {}, "body": "x\n\n" * 10_000}
        told = (await module.ask("POST", f"{at}/preview", many)).json()
        assert told["errors"] > 0 or told["address"]
        module.token = "x"
        assert (await module.ask("PUT", at, {"base": 1, "body": ""})).status_code == 403
        strange = await person.client.put(at, headers={"Sec-Fetch-Site": "cross-site"})
        assert strange.status_code == 403
    async with town.database.begin() as session:
        await states.set_state(
            session, draft_id=draft_id, state=DraftState.RELEASED, by=ROOT, now=town.clock.at
        )
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        locked = await module.ask("PUT", at, {"base": 3, "body": "x"})
        assert locked.status_code == 423
        assert "was released" in locked.json()["fault"]
