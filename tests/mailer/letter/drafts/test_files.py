"""Manuscripts go to folders and back without a changed byte, and begin from other letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter import drafts, images
from mailer.letter.drafts import copying, files, making, pictures, rows, taking_over, versions
from mailer.letter.drafts.files import Files
from mailer.letter.drafts.rows import DraftError
from mailer.letter.drafts.saving import Conflict
from mailer.letter.letter import LetterError
from pli.database import Database
from pli.errors import PliError
from pli.keys import Keys
from tests import factories as make
from tests.factories.letters import PIXEL
from tests.mailer.letter.drafts.written import ANNE, BODY, BRUNO, HEAD, a_written

TEXTS = (
    (HEAD + BODY).encode(),
    ("\ufeff" + HEAD + BODY).replace("\n", "\r\n").encode(),
    b"---\nnumber: neuf\n---\nsans titre ![x](image.png) \r mi-fin",
    "---\nnumber: 7\ntitle: T\nattachments: [a.pdf]\ntypography: strict\n---\n\n{{ à demi".encode(),
    b"",
)


async def test_what_is_pushed_is_pulled_byte_for_byte(database: Database, now: datetime) -> None:
    for at, data in enumerate(TEXTS):
        async with database.begin() as session:
            of = await make.a_list(session, f"liste{at}", now=now)
            beside = {"image.png": PIXEL, "a.pdf": b"%PDF-1.7 x", "sous/b.png": PIXEL + b"x"}
            given = Files("lettre.md", data, beside)
            pushed = await files.push(
                session, draft_id=None, base=None, list_id=of.id, files=given, by=ANNE, now=now
            )
            assert isinstance(pushed, int)
            pulled, version = await files.pull(session, pushed)
            assert (pulled.data, pulled.beside, version) == (data, beside, 1)
            changed = Files("lettre.md", data + b"\r\nPlus", {"image.png": PIXEL + b"y"})
            again = await files.push(
                session, draft_id=pushed, base=1, list_id=of.id, files=changed, by=BRUNO, now=now
            )
            assert again == pushed
            pulled, version = await files.pull(session, pushed)
            assert (pulled.data, version) == (data + b"\r\nPlus", 2)
            assert pulled.beside == beside | {"image.png": PIXEL + b"y"}
            stale = await files.push(
                session, draft_id=pushed, base=1, list_id=of.id, files=given, by=ANNE, now=now
            )
            assert isinstance(stale, Conflict)
    for bad in (b"caf\xe9", b"a\0b"):
        with pytest.raises(DraftError):
            files.named_in(bad, "lettre.md")
    assert files.named_in(TEXTS[2] + b" ![](https://e.org/x.png)", "l.md")[1] == ["image.png"]


async def test_a_manuscript_begins_from_another_or_from_a_letter_that_was_sent(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        draft_id, list_id = await a_written(session, now)
        of = await make.a_list(session, "envois", now=now)
        await make.a_person(session, keys, "jeanne", of, now=now)
        body = "\n# Titre\n\n![Un point](point.png)\n"
        letter = replace(make.letter(body), number=293, reply_to="Autre <autre@example.org>")
        letter = replace(letter, images={"point.png": PIXEL})
        campaign = await make.a_campaign(session, keys, [of], of=letter, now=now)
        await pictures.put(
            session, draft_id=draft_id, name="image.png", data=PIXEL, by=ANNE, now=now
        )
        front = {"number": "295", "date": "2026-12-24"}
        copy = await copying.from_draft(
            session, source=draft_id, list_id=list_id, front=front, by=BRUNO, now=now
        )
        sent = await copying.from_campaign(
            session, campaign_id=campaign.id, list_id=list_id, front={}, by=BRUNO, now=now
        )
        found = await rows.get(session, copy)
        assert found.body == BODY
        assert (found.front["number"], found.front["title"]) == ("295", "Une lettre")
        assert [it.name for it in await pictures.pictures(session, copy)] == ["image.png"]
        assert list(await drafts.makers(session, copy)) == [BRUNO.text]
        again = await drafts.letter_of(session, sent)
        assert replace(again, source=letter.source) == letter
        assert [
            it.number for it in await copying.sent_letters(session, list_ids=[of.id], limit=9)
        ] == [293]
        assert await making.next_number(session, list_id=list_id) == 296
        taken = await making.taken(session, list_id=list_id, number=294)
        assert taken is not None
        assert taken.draft_id == draft_id
        assert await making.taken(session, list_id=list_id, number=294, but=draft_id) is None
        taken = await making.taken(session, list_id=of.id, number=293)
        assert taken is not None
        assert taken.campaign_id == campaign.id
        with pytest.raises(DraftError, match="no campaign 999"):
            await copying.from_campaign(
                session, campaign_id=999, list_id=list_id, front={}, by=ANNE, now=now
            )


async def test_pictures_are_kept_once_under_names_of_their_own(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.begin() as session:
        draft_id, _ = await a_written(session, now)

        async def add(name: str, data: bytes = PIXEL) -> str:
            kept = await pictures.add_picture(
                session, draft_id=draft_id, name=name, data=data, place=600, by=ANNE, now=now
            )
            return kept.name

        assert await add("C:\\Photos\\Été à la plage (1).PNG") == "Été-à-la-plage-1.png"
        assert await add("../../été.jpg") == "été.png"
        assert await add("été.png") == "été-2.png"
        assert await add("…") == "image.png"
        for name, data, text in (
            ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "SVG"),
            ("x.png", b"no picture", "is not PNG"),
            ("x.png", PIXEL[:40], "damaged"),
        ):
            with pytest.raises(PliError, match=text):
                await add(name, data)
        with pytest.raises(images.ImageError, match="weighs"):
            await add("x.png", PIXEL + b"\0" * 30_000_000)
        await pictures.describe_picture(
            session, draft_id=draft_id, name="été.png", alternative=" La \n mer "
        )
        kept = await pictures.add_picture(
            session,
            draft_id=draft_id,
            name="mer.png",
            data=PIXEL,
            place=600,
            alternative="Une\nvague",
            by=ANNE,
            now=now,
        )
        assert kept.alternative == "Une vague"
        with pytest.raises(DraftError, match="in 1000 signs at most, and these are 1001"):
            await pictures.describe_picture(
                session, draft_id=draft_id, name="été.png", alternative="a" * 1_001
            )
        found = {it.name: it.alternative for it in await pictures.pictures(session, draft_id)}
        assert found["été.png"] == "La mer"
        assert found["image.png"] is None
        monkeypatch.setattr(pictures, "MOST", 5)
        with pytest.raises(DraftError, match="5 pictures at most"):
            await add("one-more.png")
        with pytest.raises(DraftError, match="has no picture"):
            await pictures.describe_picture(
                session, draft_id=draft_id, name="nothing", alternative=""
            )
        other, _ = await a_written(session, now, name="autres", body="\n# T\n\n![a](b.png)\n")
        with pytest.raises(LetterError, match="add it to the manuscript"):
            await drafts.letter_of(session, other)


def test_what_people_paste_is_taken_over_with_its_pictures_and_nothing_that_runs() -> None:
    import base64

    data = base64.b64encode(PIXEL).decode()
    html = (
        "<!--[if gte mso 9]><xml>x</xml><![endif]--><p class=MsoNormal>Bonjour <b>à</b> tous</p>"
        "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·"
        "</span>un</p><table><tr>" + "<td>c</td>" * 60 + "</tr></table>"
        f'<img src="data:image/png;base64,{data}" alt="un point" onerror="alert(1)">'
        "<a href='javascript:alert(1)'>non</a><script>alert(1)</script><p dir=rtl>\u05e9\u05dc</p>"
    )
    taken = taking_over.from_html(html, stem="colle", place=600)
    assert "Bonjour **à** tous\n\n- un\n" in taken.body
    assert "![un point](colle-1.png)" in taken.body
    assert "\u05e9\u05dc" in taken.body
    assert list(taken.pictures) == ["colle-1.png"]
    assert "alert" not in taken.body
    assert any("javascript" in str(it) for it in taken.told)
    text = taking_over.from_text("un *mot* <b>\n\n# deux\n", place=600)
    assert text.body == "un \\*mot\\* \\<b>\n\n\\# deux\n"
    with pytest.raises(PliError, match="a PDF holds pages"):
        taking_over.from_file(b"%PDF-1.7", name="x.pdf", place=600)


@given(st.text(max_size=120), st.text(max_size=120))
def test_differences_tell_both_texts_whole(old: str, new: str) -> None:
    found = versions.differences(old, new)
    assert "".join(it.text for it in found if it.how != "+") == old
    assert "".join(it.text for it in found if it.how != "-") == new


def test_differences_keep_the_words_of_each_text_together() -> None:
    found = versions.differences("Celle de Bruno, ici.\n", "Et la suite d’Anne, ici.\n")
    assert [(it.how, it.text) for it in found] == [
        ("-", "Celle de Bruno"),
        ("+", "Et la suite d’Anne"),
        ("", ", ici.\n"),
    ]
