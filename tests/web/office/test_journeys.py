"""Stories of people who come into the office, in a real browser.

`make test` walks each once; `make proof` also at 320 px, in French, in the dark, by the keyboard
alone, and without JavaScript.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from accounts import people
from accounts.models import Account, OfficeSession
from accounts.rights import Right
from pli.actor import Actor
from pli.keys import Keys
from tests.web.office.hands import Hands, Way
from tests.web.office.mails import invited, last_mail
from tests.web.office.person import PASSWORD
from tests.web.office.served import Street, a_street, with_passkeys

PLAIN = Way()
NARROW = Way("fr", 320, "dark", mouse=False)
IN_EACH_WAY = [PLAIN, pytest.param(NARROW, marks=pytest.mark.proof)]
WITHOUT_JAVASCRIPT = [
    replace(PLAIN, script=False),
    pytest.param(replace(NARROW, script=False), marks=pytest.mark.proof),
    pytest.param(replace(NARROW, language="en", scheme="light"), marks=pytest.mark.proof),
]


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


@asynccontextmanager
async def somebody(street: Street, way: Way) -> AsyncIterator[Hands]:
    """A browser and the hands before it."""
    async with street.browser(**way.options) as page:
        yield Hands(page, way)


async def speaking(street: Street, way: Way) -> None:
    """Everybody reads the pages in the way's language."""
    async with street.town.database.begin() as session:
        for row in await session.scalars(select(Account)):
            row.language = way.language


async def sign_in(hands: Hands) -> None:
    """Sign in by a password, on the sign-in page that is shown."""
    await hands.fill("Your address", "anne@example.org")
    await hands.fill("Your password", PASSWORD)
    await hands.press("Sign in")


@pytest.mark.parametrize("way", IN_EACH_WAY, ids=str)
async def test_from_an_invitation_to_a_passkey_and_a_session_elsewhere_that_ends(
    street: Street, way: Way
) -> None:
    path = await invited(street.town, "anne", Right.READER)
    await speaking(street, way)
    async with somebody(street, way) as desk, somebody(street, way) as phone:
        await with_passkeys(desk.page)
        await desk.page.goto(street.url + path)
        await desk.press("Go in")
        await desk.fill("Name of the passkey", "Anne’s phone")
        await desk.press("Make a passkey")
        assert await desk.page.locator(".codes li").count() == 10
        await desk.follow("I have them")
        await desk.page.wait_for_url("**/office/")
        await desk.press("Sign out")
        await desk.press("Sign in with a passkey")
        assert desk.page.url == f"{street.url}/office/"

        await phone.page.goto(f"{street.url}/office/sign-in")
        await phone.follow("No passkey or password at hand: get a link by mail")
        await phone.fill("Your address", "anne@example.org")
        await phone.press("Send the link")
        link, _code = await last_mail(street.town)
        await phone.page.goto(street.url + link)
        await phone.press("Go in")
        assert phone.page.url == f"{street.url}/office/"

        await desk.page.goto(f"{street.url}/office/me")
        assert await desk.page.get_by_text("Anne’s phone").count() == 1
        ends = desk.page.locator("form[action*='/me/sessions/'][action$='/end'] button")
        assert await ends.count() == 1
        await desk.use("button", await ends.get_attribute("aria-label"))
        await phone.page.goto(f"{street.url}/office/")
        assert "/office/sign-in" in phone.page.url
        await desk.page.goto(f"{street.url}/office/")
        assert desk.page.url == f"{street.url}/office/"


@pytest.mark.proof
@pytest.mark.parametrize("way", WITHOUT_JAVASCRIPT, ids=str)
async def test_a_password_an_app_and_a_recovery_code(street: Street, way: Way) -> None:
    await street.town.hire("anne", Right.SENDER)
    await speaking(street, way)
    async with somebody(street, way) as anne:
        page = anne.page
        await page.goto(f"{street.url}/office/")
        passkey = page.get_by_role("button", name=anne.said("Sign in with a passkey"))
        assert await passkey.is_visible() is way.script
        await sign_in(anne)
        await anne.press("Set up an app")
        assert await page.locator(".qr svg").is_visible()
        secret = await page.locator(".secret").inner_text()
        app = pyotp.TOTP(secret.replace(" ", ""))
        await anne.fill("Code", "000 000")
        await anne.press("Use this app")
        assert await page.locator(".faults").is_visible()
        assert await focus_of(page) == "faults"
        await anne.fill("Code", app.now())
        await anne.press("Use this app")
        code = await page.locator(".codes li").first.inner_text()
        await anne.follow("I have them")
        await anne.press("Sign out")
        await sign_in(anne)
        await anne.fill("Code", code)
        await anne.press("Sign in")
        assert page.url == f"{street.url}/office/"


async def focus_of(page: Any) -> str:
    """The id or the class of what has the focus."""
    found: str = await page.evaluate(
        "() => document.activeElement.id || document.activeElement.className"
    )
    return found


@pytest.mark.proof
@pytest.mark.parametrize("way", IN_EACH_WAY, ids=str)
async def test_the_tab_key_goes_through_a_page_in_its_order_and_faults_take_the_focus(
    street: Street, way: Way
) -> None:
    await street.town.hire("anne", Right.READER)
    await speaking(street, way)
    async with somebody(street, way) as anne:
        page = anne.page
        await page.goto(f"{street.url}/office/sign-in")
        order = []
        for _ in range(6):
            await page.keyboard.press("Tab")
            order.append(await focus_of(page))
        assert order[0] == "skip"
        assert [it for it in order if it in ("address", "password")] == ["address", "password"]
        assert order.index("address") > order.index("skip")
        await page.goto(f"{street.url}/office/sign-in")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await focus_of(page) == "content", "the first link leads past the head"
        await page.get_by_label(anne.said("Your address")).focus()
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await focus_of(page) == "faults"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await focus_of(page) == "address"
        await page.keyboard.type("anne@example.org")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert page.url == f"{street.url}/office/"


@pytest.mark.proof
@pytest.mark.parametrize("way", IN_EACH_WAY, ids=str)
async def test_a_closed_account_is_led_to_the_sign_in_page(street: Street, way: Way) -> None:
    account = await street.town.hire("anne", Right.READER)
    await speaking(street, way)
    async with somebody(street, way) as anne:
        await anne.page.goto(f"{street.url}/office/")
        await sign_in(anne)
        async with street.town.database.begin() as session:
            await people.close(
                session,
                account_id=account.id,
                by=Actor.system("root"),
                now=street.town.clock(),
            )
        await anne.page.reload()
        assert "/office/sign-in" in anne.page.url
        await sign_in(anne)
        refused = anne.said("this address and this password do not belong together")
        assert await anne.page.get_by_text(refused).count() > 0


@pytest.mark.proof
async def test_where_the_host_is_an_ip_address_no_passkey_is_offered(street: Street) -> None:
    async with street.browser() as page:
        await page.goto(f"{street.url}/office/sign-in")
        assert await page.locator("[data-passkey]").count() == 1
    numbered = Street(street.town, street.url.replace("localhost", "127.0.0.1"), street.chromium)
    async with numbered.browser() as page:
        await page.goto(f"{numbered.url}/office/sign-in")
        assert await page.locator("[data-passkey]").count() == 0
        assert await page.get_by_label("Your password").is_visible()


@pytest.mark.proof
async def test_a_new_passkey_after_an_hour_asks_for_a_proof_first(street: Street) -> None:
    await street.town.hire("anne", Right.READER)
    async with somebody(street, PLAIN) as anne:
        page = anne.page
        await with_passkeys(page)
        await page.goto(f"{street.url}/office/")
        await sign_in(anne)
        await page.goto(f"{street.url}/office/me")
        await anne.fill("Name of the passkey", "First")
        await anne.press("Make a passkey")
        await page.goto(f"{street.url}/office/me")
        async with street.town.database.begin() as session:
            for row in await session.scalars(select(OfficeSession)):
                row.confirmed_at -= timedelta(hours=2)
        await page.get_by_role("button", name="Make a passkey").click()
        await page.wait_for_url("**/office/confirm?next=*")
        await anne.press("Confirm with a passkey")
        assert page.url == f"{street.url}/office/me"
