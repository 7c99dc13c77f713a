"""Looking into the demo's inbox; every mail may be hostile."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pli.database import Database
from pli.keys import Keys
from tests.examples import examples
from tests.factories import attachment
from tests.mailer.letter.rendered import wire
from tests.web.client import Options, serving
from tests.web.mails import HOSTILE, a_mail, maildir, put
from web import maildir as reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return maildir(tmp_path / "inbox")


@pytest.fixture
async def reader(
    sqlite_url: str, keys: Keys, now: datetime, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(sqlite_url)
    async with serving(database, keys, now, Options(office=True, inbox=folder)) as web:
        yield web.client
    await database.close()


async def test_the_newest_mail_comes_first_and_pages_lead_on(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    for n in range(120):
        put(folder, f"1700000{n:03}.M0P1Q1.localhost", a_mail(n))
    first = (await reader.get("/inbox/")).text
    assert re.findall(r'class="to">(membre\d+)@', first)[:2] == ["membre119", "membre118"]
    assert first.count('class="to"') == 50
    assert "Lettre n° 119 : l&#39;été" in first
    last = (await reader.get("/inbox/?page=3")).text
    assert last.count('class="to"') == 20
    for odd in ("0", "-1", "99", "x", "9" * 40, "²"):
        assert (await reader.get("/inbox/", params={"page": odd})).status_code == 200


async def test_files_that_came_with_a_mail_are_named(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    files = (attachment("Procès-verbal <b>.pdf"), attachment("réunion.ics"))
    put(folder, "1700000001.M0P1Q1.localhost", wire("# Bonjour", attachments=files))
    page = (await reader.get("/inbox/1700000001.M0P1Q1.localhost")).text
    assert "<dd>Procès-verbal &lt;b&gt;.pdf</dd>" in page
    assert "<dd>réunion.ics</dd>" in page


async def test_an_empty_inbox_and_one_without_a_folder_say_so(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    assert "Rien n’est encore arrivé" in (await reader.get("/inbox/")).text
    for part in ("new", "cur", "tmp"):
        (folder / part).rmdir()
    assert "Rien n’est encore arrivé" in (await reader.get("/inbox")).text


async def test_a_mail_is_shown_as_html_as_text_and_as_source(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    key = put(folder, "1700000001.M1P1Q1.localhost", a_mail(7))
    page = (await reader.get(f"/inbox/{key}")).text
    assert f'<iframe sandbox="" src="/inbox/{key}/frame"' in page
    assert 'href="http://127.0.0.1:8080/u/TOKEN"' in page
    assert "javascript:alert" not in page
    text = (await reader.get(f"/inbox/{key}/text")).text
    assert "Bonjour &lt;b&gt;membre&lt;/b&gt;" in text
    assert 'href="https://example.org/lire?a=1&amp;b=2"' in text
    source = (await reader.get(f"/inbox/{key}/source")).text
    assert "List-Unsubscribe:" in source
    file = await reader.get(f"/inbox/{key}/mail.eml")
    assert file.content == (folder / "new" / key).read_bytes()
    assert file.headers["content-disposition"].startswith("attachment")


async def test_a_mail_that_another_program_has_read_is_found_by_the_same_key(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    key = put(folder, "1700000001.M1P1Q1.localhost:2,S", a_mail(7), "cur")
    assert (await reader.get(f"/inbox/{key}")).status_code == 200


async def test_the_html_of_a_hostile_mail_runs_and_loads_nothing(
    reader: httpx.AsyncClient, folder: Path
) -> None:
    key = put(folder, "1700000001.M1P1Q1.localhost", a_mail(7, HOSTILE))
    frame = await reader.get(f"/inbox/{key}/frame")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data:; style-src")
    assert "allow-scripts" not in policy
    assert not re.search(r"<(base|meta|link)\b", frame.text, re.IGNORECASE)
    assert 'alt="logo" src="data:image/png;base64,' in frame.text
    assert "svg" not in frame.text
    assert "Bonjour é" in frame.text


@pytest.mark.parametrize(
    "key",
    ["..", ".", "..%2f..%2fpli.keys", "%2e%2e%2fpli.db", "new%2Fx", "-x", "%00", "é", "x" * 4000],
)
async def test_no_key_leads_out_of_the_folder(
    reader: httpx.AsyncClient, folder: Path, key: str
) -> None:
    (folder.parent / "pli.keys").write_text("secret")
    for path in (f"/inbox/{key}/source", f"/inbox/{key}/mail.eml", f"/inbox/{key}/frame"):
        answer = await reader.get(path)
        assert "secret" not in answer.text
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?####?=\nTo: =?x-none?q?=E9?=\n\nx",
        b"Content-Type: text/html; charset=no-such\n\n<p>\xe9",
        b"Content-Type: multipart/mixed; boundary=\n\n--\n",
        b"Subject: caf\xc3\xa9\nContent-Transfer-Encoding: base64\nContent-Type: text/html\n\n!!!",
    ],
)
async def test_a_broken_mail_is_shown_as_far_as_it_goes(
    reader: httpx.AsyncClient, folder: Path, data: bytes
) -> None:
    key = put(folder, "1700000001.M1P1Q1.localhost", data)
    for path in ("/inbox/", *(f"/inbox/{key}{it}" for it in ("", "/text", "/source", "/frame"))):
        assert (await reader.get(path)).status_code == 200


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_any_octets_can_be_read_as_a_mail(tmp_path: Path, data: bytes) -> None:
    folder = maildir(tmp_path)
    for head in (b"", b"Subject: ", b"Content-Type: text/html;", b"Content-Type: multipart/mixed;"):
        key = put(folder, "1.x", head + data)
        reading.body(head + data)
        message = reading.Maildir(folder).head(key)
        for name in ("Subject", "To"):
            assert "\n" not in reading.header(message, name)


async def test_the_inbox_is_not_there_without_a_folder(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    database = Database(sqlite_url)
    async with serving(database, keys, now, Options(office=True)) as web:
        assert (await web.client.get("/inbox/")).status_code == 404
    await database.close()
