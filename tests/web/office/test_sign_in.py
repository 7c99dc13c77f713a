"""The sign-in page of the office: in by a password, out again, and who is turned away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from accounts import sessions
from accounts.models import OfficeSession
from accounts.rights import Right
from pli.database import Database, DatabaseAway
from pli.keys import Keys
from tests.web.office.person import FROM_HERE, ORIGIN, PASSWORD, Town, a_town
from web.office import tokens
from web.office.tidying import tidying


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def test_somebody_signs_in_by_a_password_and_out_again(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        page = await anne.go("/office/sendings")
        assert page.url.path == "/office/sign-in"
        page = await anne.send("/office/sign-in", address="Anne@example.org", password=PASSWORD)
        assert page.url.path == "/office/sendings"
        assert "Anne" in anne.text
        cookie = anne.client.cookies["pli_office"]
        page = await anne.send("/office/sign-out")
        assert page.url.path == "/office/sign-in"
        assert "pli_office" not in anne.client.cookies
        anne.client.cookies.set("pli_office", cookie, domain="localhost.local", path="/office")
        page = await anne.go("/office/sendings")
        assert page.url.path == "/office/sign-in"


async def test_the_cookie_is_for_the_office_alone(town: Town) -> None:
    await town.hire("anne")
    async with town.somebody() as anne:
        await anne.go("/office/sign-in")
        answer = await anne.client.post(
            "/office/sign-in",
            data=anne.forms()["/office/sign-in"]
            | {"address": "anne@example.org", "password": PASSWORD},
            headers=FROM_HERE,
        )
    (cookie,) = [it for it in answer.headers.get_list("set-cookie") if "pli_office=" in it]
    for part in ("HttpOnly", "SameSite=lax", "Path=/office"):
        assert part in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("anne@example.org", "another password"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("anne@example.org\u202e", PASSWORD + "\0x"),
        ("<script>alert(1)</script>@example.org", PASSWORD),
        ("closed@example.org", PASSWORD),
        ("a" * 2_000, "b" * 2_000),
    ],
)
async def test_whatever_is_wrong_the_words_are_the_same(
    town: Town, address: str, password: str
) -> None:
    await town.hire("anne")
    async with town.somebody() as stranger:
        await stranger.go("/office/sign-in")
        page = await stranger.send("/office/sign-in", address=address, password=password)
        assert page.status_code == 422
        assert "pli_office" not in stranger.client.cookies
        assert "<script>alert" not in page.text
        assert "do not belong together" in stranger.text or "too long" in stranger.text
        assert 'href="#' in page.text


async def test_an_empty_form_names_each_field_and_keeps_what_was_typed(town: Town) -> None:
    async with town.somebody() as stranger:
        await stranger.go("/office/sign-in")
        page = await stranger.send("/office/sign-in", address="anne@example.org")
        assert page.status_code == 422
        assert 'href="#password"' in page.text
        assert 'aria-describedby="password-fault"' in page.text
        assert "autofocus" in page.text
        assert stranger.forms()["/office/sign-in"]["address"] == "anne@example.org"
        assert stranger.forms()["/office/sign-in"]["password"] == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_form_of_another_site_is_refused(town: Town, headers: dict[str, str]) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        form = anne.forms()["/office/sign-out"]
        answer = await anne.client.post("/office/sign-out", data=form, headers=headers)
        assert answer.status_code == 403
        assert (await anne.go("/office/sendings")).url.path == "/office/sendings"


async def test_an_old_browser_that_names_its_origin_is_taken(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        form = anne.forms()["/office/sign-out"]
        answer = await anne.client.post("/office/sign-out", data=form, headers={"Origin": ORIGIN})
        assert answer.status_code == 303


@pytest.mark.parametrize("token", ["", "x", "é", "\u202e", "A" * 5_000])
async def test_a_form_without_the_sessions_token_is_refused(town: Town, token: str) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.send("/office/sign-out", token=token)
        assert anne.page is not None
        assert anne.page.status_code == 403
        assert (await anne.go("/office/sendings")).url.path == "/office/sendings"


async def test_the_token_of_another_person_is_refused(town: Town) -> None:
    await town.hire("anne", Right.READER)
    await town.hire("bruno", Right.READER)
    async with town.somebody() as anne, town.somebody() as bruno:
        await anne.sign_in("anne")
        await bruno.sign_in("bruno")
        token = bruno.forms()["/office/sign-out"]["token"]
        assert (await anne.send("/office/sign-out", token=token)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/office/sendings?still", "/office/sendings"),
        ("https://evil.example/", "/office/"),
        ("//evil.example/", "/office/"),
        ("/office//evil.example", "/office/"),
        ("/office/\\evil.example", "/office/"),
        ("/office/../u/x", "/office/"),
        ("/office/%2e%2E/u/x", "/office/"),
        ("/office/.%2e/u/x", "/office/"),
        ("/office/%5Cevil.example", "/office/"),
        ("/office/%2Fevil.example", "/office/"),
        ("/office/me?next=%2Foffice%2Fme", "/office/me"),
        ("javascript:alert(1)", "/office/"),
        ("/office/me\r\nSet-Cookie: a=b", "/office/"),
        ("/u/TOKEN", "/office/"),
    ],
)
async def test_one_is_led_to_pages_of_ours_only(town: Town, asked: str, led: str) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.go("/office/sign-in", params={"next": asked})
        page = await anne.send("/office/sign-in", address="anne@example.org", password=PASSWORD)
    assert page.url.host == "localhost"
    assert page.url.path == led


async def test_each_sign_in_has_a_session_of_its_own(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as here, town.somebody() as there:
        here.client.cookies.set("pli_office", "A" * 43, domain="localhost.local", path="/office")
        await here.sign_in("anne")
        await there.sign_in("anne")
        cookies = {it.client.cookies.get("pli_office", path="/office") for it in (here, there)}
        assert len(cookies) == 2
        assert "A" * 43 not in cookies
        await here.send("/office/sign-out")
        assert (await there.go("/office/sendings")).url.path == "/office/sendings"


async def test_after_five_wrong_passwords_one_waits(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        for _ in range(5):
            await anne.sign_in("anne", "a wrong password")
        await anne.sign_in("anne")
        assert "try again in 15 seconds" in anne.text
        town.wait(seconds=16)
        assert (await anne.sign_in("anne")).url.path == "/office/"


async def test_a_session_ends_after_twelve_idle_hours(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        town.wait(hours=11)
        assert (await anne.go("/office/sendings")).url.path == "/office/sendings"
        town.wait(hours=11)
        assert (await anne.go("/office/sendings")).url.path == "/office/sendings"
        town.wait(hours=13)
        assert (await anne.go("/office/sendings")).url.path == "/office/sign-in"


async def test_a_megabyte_in_a_field_is_refused_and_nothing_breaks(town: Town) -> None:
    async with town.somebody() as stranger:
        await stranger.go("/office/sign-in")
        page = await stranger.send("/office/sign-in", address="a" * 1_000_000)
        assert page.status_code == 413


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 4_000, '"', "a=b; c"])
async def test_whatever_the_cookie_is_nobody_is_in(town: Town, cookie: str) -> None:
    async with town.somebody() as stranger:
        header = f"pli_office={cookie}; pli_browser={cookie}".encode()
        page = await stranger.client.get("/office/sendings", headers={b"Cookie": header})
        assert page.status_code == 303


async def test_a_browser_whose_own_cookie_is_none_of_ours_gets_another_and_comes_in(
    town: Town,
) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        anne.client.cookies.set("pli_browser", "x", domain="localhost.local", path="/office")
        assert (await anne.sign_in("anne")).url.path == "/office/"


async def test_a_form_of_an_earlier_session_may_be_sent_once_more(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        old = anne.page
        await anne.send("/office/sign-out")
        town.wait(seconds=5)
        await anne.sign_in("anne")
        anne.page = old
        page = await anne.send("/office/me", name="Anne M.", zone="Europe/Madrid", language="en")
        assert page.status_code == 403
        assert "This form is too old" in anne.text
        page = await anne.send("/office/me")
        assert page.status_code == 200
        assert anne.forms()["/office/me"]["zone"] == "Europe/Madrid"


async def test_without_a_database_a_page_that_there_is_not_is_told_in_words_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.hire("anne", Right.READER)

    async def away(*_: object, **_options: object) -> None:
        raise DatabaseAway("the database does not answer")

    async with town.somebody() as anne:
        await anne.sign_in("anne")
        monkeypatch.setattr(sessions, "resume", away)
        for path, code in (("/office/sendings", 503), ("/office/no-such-page", 404)):
            page = await anne.go(path)
            assert (page.status_code, path) == (code, path)


async def test_what_is_over_is_deleted_by_itself(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
    async with town.database.begin() as session:
        for row in await session.scalars(select(OfficeSession)):
            row.until = town.clock.at - timedelta(days=1)
    async with tidying(town.database), asyncio.timeout(10):
        while True:
            async with town.database.reading() as session:
                if await session.scalar(select(func.count()).select_from(OfficeSession)) == 0:
                    break
            await asyncio.sleep(0.02)


async def test_two_sign_ins_at_one_moment_are_two_sessions_and_no_failure(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as here, town.somebody() as there:
        await asyncio.gather(*(it.sign_in("anne") for it in (here, there, here)))
        cookies = {it.client.cookies["pli_office"] for it in (here, there)}
        assert len(cookies) == 2
        for it in (here, there):
            assert (await it.go("/office/sendings")).url.path == "/office/sendings"
        await here.send("/office/sign-out")
        for _ in range(4):
            await here.sign_in("anne", "a wrong password")
        assert (await here.sign_in("anne")).url.path == "/office/", "nothing was counted"


async def test_the_cookie_of_before_a_proof_is_worth_nothing_after_it(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne, town.somebody() as thief:
        seen = []
        await anne.sign_in("anne")
        seen.append(anne.client.cookies["pli_office"])
        await anne.send("/office/enrol/app")
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', anne.text)
        assert secret is not None
        app = pyotp.TOTP(secret[1].replace(" ", ""))
        await anne.send("/office/enrol/app/code", code=app.at(town.clock.at))
        seen.append(anne.client.cookies["pli_office"])
        town.wait(minutes=61)
        await anne.go("/office/confirm")
        await anne.send("/office/confirm", code=app.at(town.clock.at))
        seen.append(anne.client.cookies["pli_office"])
        assert len(set(seen)) == 3
        for cookie in seen[:2]:
            thief.client.cookies.set("pli_office", cookie, domain="localhost.local", path="/office")
            assert (await thief.go("/office/me")).url.path == "/office/sign-in"
            assert "Set up an app" not in (await thief.go("/office/enrol")).text
        assert (await anne.go("/office/me")).url.path == "/office/me"


async def test_a_clock_two_minutes_off_lets_nobody_in_by_a_code(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.send("/office/enrol/app")
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', anne.text)
        assert secret is not None
        app = pyotp.TOTP(secret[1].replace(" ", ""))
        await anne.send("/office/enrol/app/code", code=app.at(town.clock.at))
        town.wait(minutes=10)
        anne.forget()
        for minutes in (-2, 2):
            await anne.sign_in("anne")
            off = town.clock.at + timedelta(minutes=minutes)
            page = await anne.send("/office/sign-in/code", code=app.at(off))
            assert page.status_code == 422
        await anne.sign_in("anne")
        page = await anne.send("/office/sign-in/code", code=app.at(town.clock.at))
        assert page.url.path == "/office/"


async def test_who_signs_in_again_in_the_same_browser_leaves_no_session_behind(town: Town) -> None:
    await town.hire("anne", Right.READER)
    await town.hire("bruno", Right.READER)
    async with town.somebody() as browser, town.somebody() as thief:
        await browser.sign_in("anne")
        cookie = browser.client.cookies["pli_office"]
        # The sign-in page leads on who is in, so this one was opened before.
        token = tokens.of_browser(town.keys, browser.client.cookies["pli_browser"])
        await browser.client.post(
            "/office/sign-in",
            data={"address": "bruno@example.org", "password": PASSWORD, "token": token},
            headers=FROM_HERE,
        )
        assert browser.client.cookies["pli_office"] != cookie
        thief.client.cookies.set("pli_office", cookie, domain="localhost.local", path="/office")
        assert (await thief.go("/office/me")).url.path == "/office/sign-in"
        assert "bruno@example.org" in (await browser.go("/office/me")).text
