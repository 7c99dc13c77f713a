"""A letter that really was sent is pasted from Word into the office, and arrives."""

from __future__ import annotations

import asyncio

import pytest

from mailer.letter.drafts import rows
from pli.keys import Keys
from tests.journeys.installation import Installation
from tests.real_letter import REAL, bare, needs_real_letter, sentences, shown
from tests.relay import Relay
from tests.web.office.editor.clipboard import from_word, paste
from tests.web.office.editor.desks import a_desk, a_manuscript, an_author
from tests.web.office.served import a_street

pytestmark = pytest.mark.proof


async def pasted(sqlite_url: str, keys: Keys, source: str) -> str:
    """The letter's file, once its text was pasted into an empty manuscript."""
    async with a_street(sqlite_url, keys) as street:
        draft_id = await a_manuscript(street, "")
        async with a_desk(street, draft_id, await an_author(street)) as desk:
            await desk.text.click()
            await paste(desk.text, html=from_word(source), text=source)
            await desk.page.wait_for_selector("#editor .waiting", state="detached")
            await desk.page.wait_for_selector("#writing[data-unsaved]")
            await desk.saved()
            async with street.town.database.reading() as session:
                return (await rows.get(session, draft_id)).text


@needs_real_letter
def test_every_word_of_a_pasted_letter_arrives_in_both_parts_of_a_mail(
    sqlite_url: str, keys: Keys, installation: Installation, relay: Relay
) -> None:
    source = REAL.read_text("utf-8")
    text = asyncio.run(pasted(sqlite_url, keys, source))
    (installation.folder / "lettre.md").write_text(text, "utf-8")
    installation.members(1)
    installation.pli("send", "lettre.md", "--list", "comite", "--yes")
    (mail,) = relay.received
    plain, html = (str(part.get_content()) for part in mail.message.iter_parts())
    wanted = sentences(source)
    assert len(wanted) > 30
    for sentence in wanted:
        assert bare(sentence) in bare(plain)
        assert bare(sentence) in bare(shown(html))
