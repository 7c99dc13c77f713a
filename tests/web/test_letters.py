"""The web version of a letter, on both databases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import httpx
import pytest
from sqlalchemy import update

from mailer.models import Campaign
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.web.client import serving

BODY = '# Un titre\n\nBonjour {{ subscriber.first_name or "camarade" }}, voici la lettre.\n'


@pytest.fixture
async def list_id(database: Database, now: datetime) -> int:
    async with database.begin() as session:
        return (await make.a_list(session, "membres", now=now)).id


@pytest.fixture
async def reader(database: Database, keys: Keys, now: datetime) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(database, keys, now) as web:
        yield web.client


async def test_a_letter_that_went_out_stands_on_the_web_for_nobody_in_particular(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    async with database.begin() as session:
        await make.a_campaign_with(session, now=now, list_id=list_id, of=make.letter(BODY))
    page = await reader.get("/l/membres/294")
    assert page.status_code == 200
    assert "Bonjour camarade, voici la lettre." in page.text
    assert "/u/" not in page.text
    assert "script" not in page.headers["content-security-policy"]
    again = await reader.get("/l/membres/294", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


async def test_the_latest_sending_is_the_one_that_stands(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    async with database.begin() as session:
        await make.a_campaign_with(
            session, now=now, list_id=list_id, of=make.letter("# Première\n")
        )
    assert "Première" in (await reader.get("/l/membres/294")).text
    async with database.begin() as session:
        later = await make.a_campaign_with(
            session, (), now=now, list_id=list_id, of=make.letter("# Seconde\n")
        )
        await session.execute(
            update(Campaign).where(Campaign.id == later.id).values(frozen_hash="other")
        )
    assert "Seconde" in (await reader.get("/l/membres/294")).text


async def test_a_draft_is_not_shown(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    async with database.begin() as session:
        await make.a_campaign_with(session, (), now=now, list_id=list_id, of=make.letter(BODY))
        await session.execute(update(Campaign).values(started_at=None))
    assert (await reader.get("/l/membres/294")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/l/membres/295", "/l/autres/294", "/l/membres/99999999999999999999", "/l/%2e%2e/294"]
)
async def test_a_letter_that_is_not_there_gets_a_page_that_helps(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int, path: str
) -> None:
    async with database.begin() as session:
        await make.a_campaign_with(session, (), now=now, list_id=list_id, of=make.letter(BODY))
    answer = await reader.get(path)
    assert answer.status_code == 404
    assert "contact@example.org" in answer.text


async def test_a_letter_of_an_older_version_that_cannot_be_pressed_is_told_without_a_fault(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    deep = replace(make.letter(), body="<div>" * 500 + "fond")
    async with database.begin() as session:
        await make.a_campaign_with(session, now=now, list_id=list_id, of=deep)
    page = await reader.get("/l/membres/294", headers={"Accept-Language": "en"})
    assert page.status_code == 410
    assert "This letter cannot be shown here" in page.text
    assert "Traceback" not in page.text


async def test_files_that_came_with_a_letter_can_be_kept_from_its_page(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    files = (make.attachment("Procès-verbal.pdf"), make.attachment("réunion.ics"))
    async with database.begin() as session:
        await make.a_campaign_with(
            session, now=now, list_id=list_id, of=make.letter(BODY, attachments=files)
        )
    page = await reader.get("/l/membres/294")
    assert "<h2" in page.text
    for at, file in enumerate(files, 1):
        address = f"294/{at}.{file.kind}"
        assert re.search(
            f'<a [^>]*href="{re.escape(address)}"[^>]*>{file.name} \\(1 ko\\)</a>', page.text
        )
        answer = await reader.get(str(page.url.join(address)))
        assert answer.content == file.data
        assert answer.headers["content-type"] == file.media_type
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert (
        "filename*=utf-8''Proc%C3%A8s-verbal.pdf"
        in (await reader.get("/l/membres/294/1.pdf")).headers["content-disposition"]
    )


@pytest.mark.parametrize(
    "path",
    ["294/0.pdf", "294/2.pdf", "294/1.ics", "294/1.exe", "294/1.pdf/", "294/99999999999.pdf",
     "294/-1.pdf", "294/1.", "295/1.pdf", "294/%2e%2e%2f1.pdf"],
)  # fmt: skip
async def test_a_file_that_did_not_come_with_the_letter_is_not_there(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int, path: str
) -> None:
    written = make.letter(BODY, attachments=(make.attachment(),))
    async with database.begin() as session:
        await make.a_campaign_with(session, now=now, list_id=list_id, of=written)
    answer = await reader.get(f"/l/membres/{path}", follow_redirects=False)
    assert answer.status_code in (404, 307)
    assert b"%PDF" not in answer.content


async def test_the_files_of_a_draft_are_not_there(
    database: Database, reader: httpx.AsyncClient, now: datetime, list_id: int
) -> None:
    written = make.letter(BODY, attachments=(make.attachment(),))
    async with database.begin() as session:
        await make.a_campaign_with(session, (), now=now, list_id=list_id, of=written)
        await session.execute(update(Campaign).values(started_at=None))
    assert (await reader.get("/l/membres/294/1.pdf")).status_code == 404
