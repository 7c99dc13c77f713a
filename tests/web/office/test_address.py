"""Under which name the office answers, and what is answered under the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from pli.database import Database
from pli.keys import Keys
from tests.clock import NOW
from tests.web.client import LOCAL_IDENTITY, Options, Web, serving
from web.networks import Networks
from web.office.address import OfficeAddress, path_of_ours
from web.office.keeping import Carried, Kept
from web.office.options import OfficeOptions
from web.office.visit import Visit

PUBLIC, OFFICE = "https://lettres.example.org", "https://bureau.example.org"


@asynccontextmanager
async def two_hosts(
    database: Database, keys: Keys, now: datetime, office: str = OFFICE
) -> AsyncIterator[Web]:
    identity = replace(LOCAL_IDENTITY, public_url=PUBLIC)
    options = Options(office=True, rules=OfficeOptions(url=office), identity=identity)
    async with serving(database, keys, now, options) as web:
        yield web


async def test_the_office_and_the_public_pages_have_a_host_each(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with two_hosts(database, keys, now) as web:
        for path, public, office in (
            ("/", 200, 404),
            ("/u/x", 404, 404),
            ("/healthz", 200, 404),
            ("/office/sign-in", 404, 200),
            ("/office", 404, 303),
            ("/static/nothing.css", 404, 404),
            ("/campaigns", 404, 404),
        ):
            for url, code in ((PUBLIC, public), (OFFICE, office)):
                answer = await web.client.get(url + path)
                assert answer.status_code == code, (url, path)
                assert ("set-cookie" in answer.headers) is (code == 200 and "office" in path)


async def test_without_an_address_of_its_own_the_office_is_at_the_public_one(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with two_hosts(database, keys, now, "") as web:
        for path in ("/", "/office/sign-in"):
            assert (await web.client.get(PUBLIC + path)).status_code == 200


async def test_under_https_the_cookies_are_for_https_alone(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with two_hosts(database, keys, now) as web:
        answer = await web.client.get(f"{OFFICE}/office/sign-in")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "host", ["evil.example", "[bad", "", "a@bureau.example.org", "bureau.example.org:444"]
)
async def test_another_host_gets_nothing_of_the_office(
    database: Database, keys: Keys, now: datetime, host: str
) -> None:
    async with two_hosts(database, keys, now) as web:
        for path in ("/office/sign-in", "/office/", "/office/nothing"):
            answer = await web.client.get(f"{OFFICE}{path}", headers={"Host": host})
            assert answer.status_code == 404
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        (OFFICE, "bureau.example.org", OFFICE),
        (OFFICE, "BUREAU.example.org:443", f"{OFFICE}:443"),
        (OFFICE, "bureau.example.org.evil.example", None),
        ("http://127.0.0.1:8080", "localhost:9", "http://localhost:9"),
        ("http://localhost:8080", "[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:8080", "evil.example:8080", None),
    ],
)
def test_an_office_on_this_machine_answers_to_all_its_names(
    url: str, host: str, origin: str | None
) -> None:
    assert OfficeAddress.of(url, public_url=PUBLIC).origin(host) == origin


@given(st.text())
def test_no_text_leads_anywhere_but_into_the_office(text: str) -> None:
    for it in (text, f"/office/{text}"):
        led = path_of_ours(it)
        assert led in ("", it)
        assert not led or (led.startswith("/office/") and "//" not in led and led.isascii())


@given(st.text(max_size=500))
def test_what_is_no_kept_form_is_none(text: str) -> None:
    assert Kept.read(text) is None or Kept.read(text)


@given(st.lists(st.tuples(st.sampled_from(["name", "password", "code"]), st.text())))
def test_a_kept_form_comes_back_without_its_secrets(fields: list[tuple[str, str]]) -> None:
    kept = Kept.of("/office/me", fields)
    read = Kept.read(kept.text())
    expected = [it for it in fields if it[0] == "name"]
    assert list(map(tuple, read.fields if read else [])) == expected


@given(st.text(), st.text())
def test_what_a_link_carries_is_read_strictly(text: str, further: str) -> None:
    for read in (Carried.read(text), Carried(text, Kept("/office/me", [("name", further)]))):
        again = Carried.read(read.text())
        assert again.next == path_of_ours(read.next)
        assert (again.kept is None) is (read.kept is None)
    assert Carried.read("").values() == {}


async def test_public_pages_keep_no_cookie_and_run_no_script(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with serving(database, keys, now, Options(office=True)) as web:
        for path in ("/", "/u/x", "/l/membres/1", "/nothing"):
            answer = await web.client.get(path)
            assert "set-cookie" not in answer.headers
            assert "<script" not in answer.text
            assert "script-src" not in answer.headers["content-security-policy"]
            assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("127.0.0.1", b"203.0.113.7", "203.0.113.0/24"),
        ("127.0.0.1", b"198.51.100.1, 203.0.113.7", "203.0.113.0/24"),
        ("127.0.0.1", b"no address", "127.0.0.0/24"),
        ("192.0.2.9", b"203.0.113.7", "192.0.2.0/24"),
    ],
)
def test_behind_a_trusted_proxy_the_visitor_is_whom_the_proxy_names(
    peer: str, forwarded: bytes, network: str
) -> None:
    scope = {"type": "http", "headers": [(b"x-forwarded-for", forwarded)], "client": (peer, 1)}
    context = cast("Any", SimpleNamespace(networks=Networks(("127.0.0.1",))))
    visit = Visit(Request(scope), context, "", "fr", NOW, "-")
    assert visit.visitor.network == network


@pytest.mark.parametrize(
    "said",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "bureau.example.org", "Host": "evil.example"},
        {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "80"},
        {"Forwarded": "host=evil.example;proto=http", "X-Original-URL": "/office/me"},
    ],
    ids=str,
)
async def test_what_a_visitor_says_of_a_host_or_a_scheme_before_a_proxy_is_not_believed(
    database: Database, keys: Keys, now: datetime, said: dict[str, str]
) -> None:
    async with two_hosts(database, keys, now) as web:
        answer = await web.client.get(f"{OFFICE}/office/me", headers=said)
    if "Host" in said:
        assert answer.status_code == 404
    else:
        assert answer.headers["location"] == "/office/sign-in?next=%2Foffice%2Fme"
        assert "Secure" in answer.headers["set-cookie"]
        assert "evil" not in str(answer.headers)
