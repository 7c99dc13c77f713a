"""Manuscripts in an office, and what the module for writing sends, without the module."""

from __future__ import annotations

import json
from typing import Any

import httpx

from mailer.letter.drafts import making
from pli.actor import Actor
from tests import factories as make
from tests.mailer.letter.drafts.written import BODY, HEAD
from tests.web.office.person import FROM_HERE, Person, Town

ROOT = Actor.system("root")


async def a_manuscript(town: Town, list_name: str = "membres", **given: Any) -> tuple[int, int]:
    """A manuscript that nobody of the office made: its id, and its list's."""
    async with town.database.begin() as session:
        of = await make.a_list(session, list_name, now=town.clock.at)
        draft_id = await making.create(
            session,
            list_id=of.id,
            top=given.get("top", HEAD),
            body=given.get("body", BODY),
            by=ROOT,
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
