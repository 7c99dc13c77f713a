"""Somebody at the page for writing, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select

from accounts.models import Account
from accounts.rights import Right
from mailer.letter import head
from mailer.letter.drafts import making, rows
from pli.actor import Actor
from tests import factories as make
from tests.paths import ROOT
from tests.web.office.gallery import enter
from tests.web.office.served import Street

HEAD = head.new(
    {
        "number": "12",
        "title": "Une lettre d'exemple",
        "date": "2026-12-01",
        "subject": "Lettre n° 12 : une lettre d'exemple",
        "preheader": "Titres, liste, citation, image et bouton, tels que vos lecteurs les verront.",
    }
)
SHORT = "Bonjour,\n\nUne phrase.\n\n- un\n- deux\n"


def a_picture() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (600, 300), "#a03040").save(out, "PNG")
    return out.getvalue()


def specimen() -> str:
    """The body of the letter with every block."""
    text = (ROOT / "templates/letters/specimen/letter.md").read_text("utf-8")
    return head.split(text)[1]


@dataclass
class Desk:
    """A page with a manuscript open."""

    page: Any
    street: Street
    draft_id: int

    @property
    def text(self) -> Any:
        """What is written on."""
        return self.page.locator("#editor")

    @property
    def at(self) -> str:
        """The address of the manuscript."""
        return f"{self.street.url}/office/letters/{self.draft_id}"

    async def open(self) -> None:
        """Open the manuscript, and wait for the editor."""
        await self.page.goto(self.at)
        await self.text.wait_for()

    async def saved(self) -> None:
        """Wait until the server has what is written."""
        await self.page.wait_for_selector("#writing:not([data-unsaved])")
        await self.page.wait_for_function("() => !document.querySelector('#told *')")

    async def body(self) -> str:
        """The text that the server has."""
        async with self.street.town.database.reading() as session:
            return (await rows.get(session, self.draft_id)).body


async def a_manuscript(street: Street, body: str, name: str = "membres") -> int:
    """A manuscript that nobody of the office made."""
    now = street.town.clock.at
    async with street.town.database.begin() as session:
        of = await make.a_list(session, name, now=now)
        return await making.create(
            session, list_id=of.id, top=HEAD, body=body, by=Actor.system("root"), now=now
        )


async def an_author(street: Street, name: str = "anne", language: str = "en") -> Account:
    """Somebody who may write."""
    account = await street.town.hire(name, Right.AUTHOR)
    async with street.town.database.begin() as session:
        row = await session.scalar(select(Account).where(Account.id == account.id))
        assert row is not None
        row.language = language
    return account


@asynccontextmanager
async def a_desk(
    street: Street, draft_id: int, account: Account, **options: Any
) -> AsyncIterator[Desk]:
    """A browser of its own with the manuscript open."""
    async with street.browser(**options) as page:
        await enter(page, street, account)
        desk = Desk(page, street, draft_id)
        await desk.open()
        yield desk


async def type_behind(desk: Desk, text: str, more: str) -> None:
    """Write behind a text that stands there."""
    await desk.text.get_by_text(text).click()
    await desk.page.keyboard.press("End")
    await desk.page.keyboard.type(more)
