"""Every route answers what is hostile with 404 or less, and every answer has its headers."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from pli.database import Database
from pli.keys import Keys
from tests.web.client import Options, serving
from tests.web.mails import maildir
from web.pages import _accepted

HOSTILE = [
    *("\0", "a\0b", "1\0", "\0" * 300),
    *("9" * 20, "9" * 5_000, "2147483648", "9999999999", "-1", "0", "1e9", "٣", "1_0"),
    *("...", "%00", "%", "\ud800", "\udc80a", "é" * 3_000, "'", '"', ";--", "{{7*7}}"),
    *("\u202e", "\n", "1\n", "a" * 30_000),
]


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def paths(template: str, value: str) -> list[str]:
    """A route's path with a hostile value in each of its places, the others as they are usual."""
    places = re.findall(r"\{[^}]+\}", template)
    usual = {it: "1" if ":number" in it or it == "{number}" else "membres" for it in places}
    filled = []
    for place in places:
        path = template
        for it in places:
            path = path.replace(it, quoted(value) if it == place else usual[it])
        filled.append(path)
    return filled


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_route_breaks_by_a_hostile_part(
    value: str, database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    options = Options(office=True, inbox=maildir(tmp_path / "inbox"))
    async with serving(database, keys, now, options) as web:
        routes = [(it.path, sorted(it.methods or ())) for it in web.routes]
        assert len(routes) > 8
        for template, methods in routes:
            for method in methods:
                for path in paths(template, value):
                    answer = await web.client.request(method, path)
                    # An address of before leads to its page in the office, which then answers 404.
                    leads_on = answer.status_code == 303 and template.startswith("/report/")
                    refused = answer.status_code in (404, 405, 414)
                    assert refused or leads_on, (method, path[:80])
                plain = re.sub(r"\{[^}]+\}", "1", template)
                query = f"{plain}?page={quoted(value)}&still={quoted(value)}"
                answer = await web.client.request(method, query)
                assert answer.status_code < 500, (method, query[:80])
                if "\0" in value:
                    assert answer.status_code in (404, 405), (method, query[:80])


async def test_a_body_with_anything_in_it_breaks_nothing(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now) as web:
        for body in (b"\0" * 99, b"undo=%00", b"undo=" + b"9" * 20_000, b"\xff\xfe", b"&" * 16_000):
            answer = await web.client.post("/u/abc/undo", content=body)
            assert answer.status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/favicon.ico", "/u/abc", "/l/membres/1", "/nothing", "/%00"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE"])
async def test_every_answer_is_shut_off_from_other_sites(
    path: str, method: str, database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now) as web:
        answer = await web.client.request(method, path)
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "geolocation=()" in answer.headers["permissions-policy"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr; q=0.2, en;q=0.8", "en"),
        ("fr ; q = 0.2 , en ; q=0.1", "fr"),
        ("fr;q=0.2,en", "en"),
        ("en-GB; q=0.5, fr-CA; q=0.9", "fr"),
        ("fr;level=1;q=0.1, en;q=0.3", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("fr; q=0", None),
        ("fr;q=nan, en;q=0.1", "en"),
        ("fr;q=inf, en;q=0.1", "en"),
        ("fr;q=-1, en;q=2", None),
        ("fr;q=, en;q=0.1", "en"),
        ("FR; Q=0.9, EN; Q=0.1", "fr"),
        ("de, es;q=0.5", None),
        ("", None),
        (";;;,,,;q=1", None),
        ("de," * 100_000 + "fr", None),
    ],
)
def test_the_readers_language_is_read_as_browsers_write_it(
    header: str, language: str | None
) -> None:
    assert _accepted(header) == language
