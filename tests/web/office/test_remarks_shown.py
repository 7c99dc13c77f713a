"""Remarks of who sent a letter back, as its author sees them beside their blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import select

from accounts.rights import Right
from mailer.models import Notice, NoticeKind
from pli.database import Database
from pli.keys import Keys
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.manuscripts import Module, a_manuscript
from tests.web.office.person import Town, a_town
from tests.web.office.signed import signed_in


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town


async def test_remarks_stand_beside_their_blocks_on_the_page_for_writing(town: Town) -> None:
    anne = await town.hire("anne", Right.AUTHOR)
    bruno = await town.hire("bruno", Right.SENDER)
    draft_id, _ = await a_manuscript(town, body="# Une séance\n\nLa réunion est le 3.\n")
    at = f"/office/letters/{draft_id}"
    async with town.somebody() as author, town.somebody() as approver:
        module = Module(author, await signed_in(town, author, anne))
        await signed_in(town, approver, bruno)
        await author.go(at)
        await author.send(f"{at}/send")
        assert author.page is not None
        path = str(author.page.url.path).removesuffix("/who")
        await approver.go(f"{path}/approve")
        assert "La réunion est le 3.</summary>" in approver.text
        await approver.send(f"{path}/back", None, **{"remark-2": "Quel jour ?"})
        async with town.database.reading() as session:
            mails = await session.scalars(
                select(Notice.content).where(Notice.kind == NoticeKind.OFFICE)
            )
            (mail,) = mails.all()
        assert "Quel jour ?" in mail
        assert "La réunion" not in mail, "the mail quotes nothing of the letter"

        await author.go(path)
        assert f'class="button" href="{at}"' in author.text, "the next thing to do"
        await author.go(at)
        assert "Bruno sent it back on" in author.text
        beside = author.text.partition("<blockquote")[2]
        assert beside.index("La réunion est le 3.") < beside.index("Quel jour ?")
        for body, line in (
            ("# Une séance\n\nUn mot.\n\nLa réunion est lundi le 3.\n", 4),
            ("# Une séance\n", None),
        ):
            typed = {"front": {}, "body": body, "view": "mail"}
            seen = (await module.ask("POST", f"{at}/preview", typed)).json()
            remark = seen["findings"][0]
            assert (remark["severity"], remark["line"]) == ("remark", line)
            assert remark["text"] == "Bruno: Quel jour ?"
            assert ("La réunion est le 3." in remark["remedy"]) is (line is None)
        await author.send(at, body="# Une séance\n\nLa réunion est lundi.\n", do="check")
        assert "Bruno: Quel jour ?" in author.text.partition('id="findings"')[2]

        await author.go(f"{path}/approve")
        await author.send(f"{path}/ask")
        await author.go(path)
        assert "It waits for: Bruno." in author.text
        await approver.go(path)
        assert "You are asked." in approver.text
        seen = (await module.ask("POST", f"{at}/preview", typed)).json()
        assert "remark" not in {it["severity"] for it in seen["findings"]}
        await author.go(at)
        assert "Bruno sent it back on" not in author.text
