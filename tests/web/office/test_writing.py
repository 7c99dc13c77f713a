"""Writing in the office: the list, the page, saving, and what a module of ours is answered."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from accounts.rights import Right
from mailer.letter import head
from mailer.letter.drafts import making
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.web.office.person import FROM_HERE, Person, Town, a_town
from tests.web.office.signed import signed_in

HEAD = head.new(
    {
        "number": "294",
        "title": "Une lettre",
        "date": "2026-11-24",
        "subject": "Lettre n° 294 : l’été",
        "preheader": "Une phrase vraie, assez longue pour la boîte de réception.",
    }
)
BODY = '\n# Une séance\n\nBonjour {{ subscriber.first_name or "camarade" }}.\n\n- un\n- deux\n'


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def a_manuscript(town: Town, list_name: str = "membres", **given: Any) -> tuple[int, int]:
    """A manuscript that nobody of the office made: its id, and its list's."""
    async with town.database.begin() as session:
        of = await make.a_list(session, list_name, now=town.clock.at)
        draft_id = await making.create(
            session,
            list_id=of.id,
            top=given.get("top", HEAD),
            body=given.get("body", BODY),
            by=Actor.system("root"),
            now=town.clock.at,
        )
    return draft_id, of.id


class Module:
    """What the module for writing sends, without the module."""

    def __init__(self, person: Person, token: str) -> None:
        self._person = person
        self.token = token

    async def ask(self, method: str, path: str, document: Any = None) -> httpx.Response:
        headers = FROM_HERE | {"Accept": "application/json", "X-Pli-Token": self.token}
        if document is None:
            return await self._person.client.request(method, path, headers=headers)
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers["Content-Type"] = "application/json"
        return await self._person.client.request(method, path, headers=headers, content=content)


async def test_a_module_saves_cuts_and_previews(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        at = f"/office/letters/{draft_id}"
        page = await person.go(at)
        assert page.status_code == 200
        assert 'data-version="1"' in page.text
        cut = (await module.ask("POST", f"{at}/blocks", {"body": BODY})).json()["blocks"]
        assert "".join(it["source"] for it in cut) == BODY
        assert [it["kind"] for it in cut] == ["gap", "heading", "paragraph", "bullets"]
        saved = await module.ask(
            "PUT",
            at,
            {"base": 1, "key": "a", "front": {"title": "Autre : titre"}, "body": BODY + "\nFin.\n"},
        )
        assert saved.status_code == 200, saved.text
        assert saved.json()["version"] == 2
        shown = await module.ask(
            "POST", f"{at}/preview", {"front": {}, "body": BODY, "view": "mail", "line": 3}
        )
        told = shown.json()
        assert told["errors"] == 0, told
        frame = await person.go(told["address"])
        assert "Bonjour camarade." in frame.text
        assert "sandbox" in frame.headers["content-security-policy"]
        assert re.search(r'<p[^>]* id="ici"', frame.text)
