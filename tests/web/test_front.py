"""The front page, the answers to machines, and the answers when something is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from pli.database import Database
from pli.keys import Keys
from tests.web.client import LOCAL_IDENTITY, Options, serving


async def test_the_front_page_says_whose_letters_these_are(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now) as web:
        page = await web.client.get("/")
    assert page.status_code == 200
    assert "Comité régional de Bretagne" in page.text
    assert "mailto:contact@example.org" in page.text
    assert "/campaigns" not in page.text


async def test_health_is_whether_the_database_answers(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    async with serving(database, keys, now) as web:
        assert (await web.client.get("/healthz")).status_code == 200
    nowhere = Database(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/pli.db")
    async with serving(nowhere, keys, now) as web:
        assert (await web.client.get("/healthz")).status_code == 503
    await nowhere.close()


async def test_a_database_that_is_away_is_our_trouble_and_told_as_such(
    keys: Keys, now: datetime, tmp_path: Path
) -> None:
    nowhere = Database(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/pli.db")
    async with serving(nowhere, keys, now) as web:
        answer = await web.client.get("/l/membres/294")
    await nowhere.close()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status_code"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/", 405),
        ("OPTIONS", "/", 204),
        ("HEAD", "/", 200),
        ("GET", "/favicon.ico", 204),
        ("GET", "//", 404),
    ],
)
async def test_what_is_not_there_gets_a_plain_answer(
    database: Database, keys: Keys, now: datetime, method: str, path: str, status_code: int
) -> None:
    async with serving(database, keys, now) as web:
        answer = await web.client.request(method, f"http://127.0.0.1:8080{path}")
    assert answer.status_code == status_code


async def test_the_office_is_nowhere_unless_asked_for(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now) as web:
        for path in ("/office", "/office/sign-in", "/campaigns", "/inbox/"):
            assert (await web.client.get(path)).status_code == 404


async def test_the_inbox_is_not_behind_a_public_address(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    public = replace(LOCAL_IDENTITY, public_url="https://lettres.example.org")
    options = Options(office=True, inbox=tmp_path, identity=public)
    async with serving(database, keys, now, options) as web:
        for path in ("/campaigns", "/report/1", "/inbox/"):
            assert (await web.client.get(path)).status_code == 404


async def test_where_the_offices_pages_were_leads_to_where_they_are(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now, Options(office=True)) as web:
        for path in ("/campaigns", "/report/7"):
            answer = await web.client.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/office{path}"


@pytest.mark.parametrize(
    "header",
    [{"Host": "evil.example.com"}, {"X-Forwarded-For": "192.0.2.1"}, {"Host": "[bad"}],
    ids=["another name", "a proxy", "no name"],
)
async def test_the_inbox_answers_to_no_other_name_and_through_no_proxy(
    database: Database, keys: Keys, now: datetime, header: dict[str, str], tmp_path: Path
) -> None:
    async with serving(database, keys, now, Options(office=True, inbox=tmp_path)) as web:
        for path in ("/campaigns", "/report/1", "/inbox/"):
            assert (await web.client.get(path, headers=header)).status_code == 404
