"""Links of mails: asked for, looked at by scanners, used once; and what the mail says."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from accounts.entering import Policy
from accounts.rights import Right
from pli.database import Database
from pli.keys import Keys
from tests.web.office.mails import invited, last_mail, mails
from tests.web.office.person import PASSWORD, Town, a_town
from web.office.by_link import ANSWERED_AFTER
from web.office.options import OfficeOptions


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def test_a_lost_password_is_replaced_by_a_link_in_the_same_browser(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.go("/office/link")
        await anne.send("/office/link", address="anne@example.org")
        assert "a mail is on its way" in anne.text
        path, code = await last_mail(town)
        assert re.fullmatch(r"\d{6}", code)
        for _ in range(3):
            page = await anne.go(path)
            assert page.status_code == 200
        assert "code" not in anne.forms()[path]
        await anne.send(path)
        assert "How you will sign in" in anne.text
        assert (await anne.go("/office/sendings")).url.path == "/office/sign-in", "not yet in"
        assert (await anne.go(path)).status_code == 410
        await anne.go("/office/enrol")
        page = await anne.send("/office/enrol/password", password="un tout autre mot de passe")
        assert page.url.path == "/office/"
        await anne.send("/office/sign-out")
        assert (await anne.sign_in("anne", PASSWORD)).status_code == 422
        page = await anne.sign_in("anne", "un tout autre mot de passe")
        assert page.url.path == "/office/"


async def test_in_another_browser_the_link_takes_the_code_of_the_mail(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne, town.somebody() as phone:
        await anne.go("/office/link")
        await anne.send("/office/link", address="anne@example.org")
        path, code = await last_mail(town)
        await phone.go(path)
        assert "asked for in another browser" in phone.text
        assert (await phone.send(path)).status_code == 422
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        assert (await phone.send(path, code=wrong)).status_code == 422
        await phone.send(path, code=f"{code[:3]} {code[3:]}")
        assert "How you will sign in" in phone.text


async def test_an_address_that_nobody_has_gets_the_same_answer_and_no_mail(town: Town) -> None:
    await town.hire("anne", Right.READER)
    told = []
    for name in ("anne", "nobody"):
        async with town.somebody() as somebody:
            await somebody.go("/office/link")
            page = await somebody.send("/office/link", address=f"{name}@example.org")
            told.append(page.text)
    assert told[0] == told[1]
    assert len(await mails(town)) == 1


async def test_how_long_the_answer_takes_does_not_tell_whether_anybody_has_the_address(
    town: Town,
) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as stranger:
        for name in ("anne", "nobody"):
            await stranger.go("/office/link")
            began = time.monotonic()
            await stranger.send("/office/link", address=f"{name}@example.org")
            assert time.monotonic() - began >= ANSWERED_AFTER


async def test_the_mail_leads_to_the_offices_own_address_whatever_the_host(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody(Host="127.0.0.1:9999") as anne:
        await anne.go("/office/link")
        await anne.send(
            "/office/link", {"Origin": "http://127.0.0.1:9999"}, address="anne@example.org"
        )
    (mail,) = await mails(town)
    assert "http://localhost:8080/office/link/" in str(mail.get_content())


async def test_an_invited_person_makes_a_password_and_is_in(town: Town) -> None:
    path = await invited(town, "anne", Right.READER)
    async with town.somebody() as anne:
        await anne.go(path)
        await anne.send(path)
        assert "How you will sign in" in anne.text
        page = await anne.send("/office/enrol/password", password="azertyuiop1234")
        assert page.status_code == 422
        assert "row of keys" in anne.text
        page = await anne.send("/office/enrol/password", password=PASSWORD)
        assert page.url.path == "/office/"


async def test_a_code_of_a_mail_can_be_guessed_five_times(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne, town.somebody() as thief:
        await anne.go("/office/link")
        await anne.send("/office/link", address="anne@example.org")
        path, code = await last_mail(town)
        await thief.go(path)
        for n in range(1, 6):
            page = await thief.send(path, code=f"{(int(code) + n) % 1_000_000:06}")
            if page.status_code == 410:
                break
        assert (await thief.go(path)).status_code == 410
        assert (await anne.go(path)).status_code == 410


@pytest.mark.parametrize("token", ["x", "A" * 43, "%E2%80%AE", "a" * 5_000, "<script>"])
async def test_a_token_that_is_none_is_told_like_one_that_is_over(town: Town, token: str) -> None:
    async with town.somebody() as somebody:
        page = await somebody.go(f"/office/link/{token}")
        assert page.status_code == 410
        assert "<script>" not in page.text


async def test_what_was_typed_comes_back_by_a_link_in_the_browser_that_asked(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne, town.somebody() as phone:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        town.wait(hours=13)
        await anne.send("/office/me", name="Anne <i>M.</i>", zone="Europe/Madrid", language="en")
        page = await anne.send("/office/link")
        assert (page.status_code, "is missing or wrong" in page.text) == (200, False)
        assert "What you typed is kept" in anne.text
        await anne.send("/office/link", address="anne@example.org")
        path, code = await last_mail(town)
        await phone.go(path)
        assert "kept" not in phone.forms()[path], "another browser may be a stranger's"
        await anne.go(path)
        await anne.send(path)
        page = await anne.send("/office/enrol/password", password="un tout autre mot de passe")
        assert "Anne <i>M.</i>" in anne.text
        assert "<i>" not in page.text
        await anne.send("/office/me")
        assert anne.forms()["/office/me"]["zone"] == "Europe/Madrid"
        assert code


async def test_a_link_leads_on_to_where_somebody_was_going(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        page = await anne.go("/office/me")
        asked = re.search(r'href="(/office/link[^"]+)"', page.text)
        assert asked is not None
        await anne.go(asked[1])
        await anne.send("/office/link", address="anne@example.org")
        path, _code = await last_mail(town)
        await anne.go(path)
        await anne.send(path)
        page = await anne.send("/office/enrol/password", password="un tout autre mot de passe")
        assert page.url.path == "/office/me"


async def test_where_the_setting_allows_it_a_link_is_a_way_in_for_readers(
    database: Database, keys: Keys, now: datetime
) -> None:
    rules = OfficeOptions(policy=Policy(sign_in_links=True))
    async with a_town(database, keys, now, rules) as town:
        await town.hire("anne", Right.READER)
        await town.hire("bruno", Right.SENDER)
        for name, led in (("anne", "/office/"), ("bruno", None)):
            async with town.somebody() as somebody:
                await somebody.go("/office/link")
                await somebody.send("/office/link", address=f"{name}@example.org")
                path, _code = await last_mail(town)
                await somebody.go(path)
                page = await somebody.send(path)
                assert (page.url.path == led) is (name == "anne")


async def test_who_asks_for_many_links_from_one_network_waits(town: Town) -> None:
    async with town.somebody() as stranger:
        for n in range(6):
            await stranger.go("/office/link")
            page = await stranger.send("/office/link", address=f"p{n}@example.org")
            assert page.status_code == (200 if n < 5 else 422)
        assert "try again in 15 seconds" in stranger.text
        town.wait(seconds=15)
        assert (await stranger.send("/office/link", address="x@example.org")).status_code == 200


async def test_a_scanner_that_asks_for_the_head_alone_uses_no_link(town: Town) -> None:
    path = await invited(town, "anne", Right.READER)
    async with town.somebody() as scanner, town.somebody() as anne:
        answer = await scanner.client.head(path)
        assert answer.status_code == 200
        assert "pli_office" not in scanner.client.cookies
        assert (await anne.go(path)).status_code == 200
        await anne.send(path)
        assert "How you will sign in" in anne.text
