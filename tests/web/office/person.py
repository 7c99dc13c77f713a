"""Somebody at a browser: reads forms, fills them in and sends them, as a browser does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx

from accounts.models import Account
from accounts.rights import Right
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.web.client import LOCAL_IDENTITY, Clock, Options, Web, serving
from web.office.options import OfficeOptions

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e{{7*7}}"
"""A name that would like to be more than text."""
PASSWORD = "quatre grands bateaux bleus"
ORIGIN = "http://localhost:8080"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
_FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass
class Person:
    """A browser of its own; `page` is the latest page."""

    client: httpx.AsyncClient
    clock: Clock
    page: httpx.Response | None = None

    @property
    def text(self) -> str:
        """The latest page's text, as written."""
        assert self.page is not None
        return unescape(self.page.text)

    async def go(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        options.setdefault("follow_redirects", True)
        self.page = await self.client.get(path, **options)
        return self.page

    def forms(self) -> dict[str, dict[str, str]]:
        """The forms of the latest page by where they go, with what stands in them."""
        assert self.page is not None
        found = {}
        for action, inside in _FORM.findall(self.page.text):
            fields = [dict(_ATTRIBUTE.findall(it)) for it in _INPUT.findall(inside)]
            found[unescape(action)] = {
                it["name"]: unescape(it.get("value", ""))
                for it in fields
                if "name" in it and it.get("type") not in ("checkbox", "radio")
            }
        return found

    async def send(
        self, action: str, headers: dict[str, str] | None = None, **typed: str | list[str]
    ) -> httpx.Response:
        """Fill in the form that goes there, and send it; the page after redirects."""
        fields: dict[str, str | list[str]] = {**self.forms()[action], **typed}
        self.page = await self.client.post(
            action, data=fields, headers=FROM_HERE | (headers or {}), follow_redirects=True
        )
        return self.page

    def forget(self) -> None:
        """Lose the session's cookie, as a browser that is emptied."""
        self.client.cookies.delete("pli_office", "localhost.local", "/office")

    def forget_all(self) -> None:
        """A browser that has never been here."""
        self.client.cookies.clear()

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in by a password, and stay where that leads."""
        await self.go("/office/sign-in")
        return await self.send("/office/sign-in", address=f"{name}@example.org", password=password)


@dataclass
class Town:
    """An office that serves, and people who come to it."""

    web: Web
    database: Database
    keys: Keys
    app: Any

    @property
    def clock(self) -> Clock:
        """The office's clock."""
        return self.web.clock

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**span)

    @asynccontextmanager
    async def somebody(self, **headers: str) -> AsyncIterator[Person]:
        """A browser without any cookie."""
        given = {"User-Agent": AGENT, "Accept-Language": "en", **headers}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=given) as client:
            yield Person(client, self.clock)

    async def hire(
        self,
        name: str,
        *granted: Right,
        lists: Iterable[int | None] = (None,),
        password: str | None = PASSWORD,
        **options: Any,
    ) -> Account:
        """Somebody with these rights."""
        async with self.database.begin() as session:
            account = await make.an_account(
                session,
                name,
                *granted,
                lists=lists,
                password=password,
                now=self.clock.at,
                **options,
            )
            account.language = "en"
        return account


@asynccontextmanager
async def a_town(
    database: Database, keys: Keys, now: datetime, rules: OfficeOptions | None = None
) -> AsyncIterator[Town]:
    """An office on this machine, under localhost."""
    identity = replace(LOCAL_IDENTITY, public_url=ORIGIN)
    options = Options(office=True, rules=rules, identity=identity)
    async with serving(database, keys, now, options) as web:
        yield Town(web, database, keys, web.app)
