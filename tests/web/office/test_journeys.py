"""Stories of people who come into the office, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from accounts import people
from accounts.models import OfficeSession
from accounts.rights import Right
from pli.actor import Actor
from pli.keys import Keys
from tests.web.office.mails import invited, last_mail
from tests.web.office.person import PASSWORD
from tests.web.office.served import Street, a_street, with_passkeys


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def press(page: Any, name: str) -> None:
    """Press a button, and wait for the page behind it."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=name, exact=True).click()


async def test_from_an_invitation_to_a_passkey_and_a_session_elsewhere_that_ends(
    street: Street,
) -> None:
    path = await invited(street.town, "anne", Right.READER)
    async with street.browser() as page, street.browser() as phone:
        await with_passkeys(page)
        await page.goto(street.url + path)
        await press(page, "Go in")
        await page.get_by_label("Name of the passkey").fill("Anne’s phone")
        await press(page, "Make a passkey")
        assert await page.locator(".codes li").count() == 10
        await page.get_by_role("link", name="I have them").click()
        await page.wait_for_url("**/office/campaigns")
        await press(page, "Sign out")
        await press(page, "Sign in with a passkey")
        assert page.url == f"{street.url}/office/campaigns"

        await phone.goto(f"{street.url}/office/link")
        await phone.get_by_label("Your address").fill("anne@example.org")
        await press(phone, "Send the link")
        link, _code = await last_mail(street.town)
        await phone.goto(street.url + link)
        await press(phone, "Go in")
        assert phone.url == f"{street.url}/office/campaigns"

        await page.goto(f"{street.url}/office/me")
        assert await page.get_by_text("Anne’s phone").count() == 1
        async with page.expect_navigation():
            await page.get_by_role("button", name=re.compile("^End the session")).click()
        await phone.goto(f"{street.url}/office/campaigns")
        assert "/office/sign-in" in phone.url
        await page.goto(f"{street.url}/office/campaigns")
        assert page.url == f"{street.url}/office/campaigns"


async def test_password_app_and_recovery_code_without_javascript(street: Street) -> None:
    await street.town.hire("anne", Right.SENDER)
    async with street.browser(java_script_enabled=False) as page:
        await page.goto(f"{street.url}/office/")
        assert not await page.get_by_role("button", name="Sign in with a passkey").is_visible()
        await page.get_by_label("Your address").fill("anne@example.org")
        await page.get_by_label("Your password").fill(PASSWORD)
        await press(page, "Sign in")
        await press(page, "Set up an app")
        assert await page.locator(".qr svg").is_visible()
        secret = await page.locator(".secret").inner_text()
        app = pyotp.TOTP(secret.replace(" ", ""))
        await page.get_by_label("Code").fill("000 000")
        await press(page, "Use this app")
        focused = page.locator(".faults")
        assert await focused.is_visible()
        await page.get_by_label("Code").fill(app.now())
        await press(page, "Use this app")
        code = await page.locator(".codes li").first.inner_text()
        await page.get_by_role("link", name="I have them").click()
        await press(page, "Sign out")
        await page.get_by_label("Your address").fill("anne@example.org")
        await page.get_by_label("Your password").fill(PASSWORD)
        await press(page, "Sign in")
        await page.get_by_label("Code").fill(code)
        await press(page, "Sign in")
        assert page.url == f"{street.url}/office/campaigns"


async def test_with_the_keyboard_alone_one_signs_in_and_finds_each_fault(
    street: Street,
) -> None:
    await street.town.hire("anne", Right.READER)
    focus = "() => document.activeElement.className || document.activeElement.id"
    async with street.browser() as page:
        await page.goto(f"{street.url}/office/sign-in")
        order = []
        for _ in range(6):
            await page.keyboard.press("Tab")
            order.append(
                await page.evaluate(
                    "() => document.activeElement.id || document.activeElement.className "
                    "|| document.activeElement.textContent.trim()"
                )
            )
        assert order[0] == "skip"
        fields = [it for it in order if it in ("address", "password", "button")]
        assert fields[-3:] == ["address", "password", "button"]
        await page.keyboard.press("Shift+Tab")
        await page.get_by_label("Your address").focus()
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await page.evaluate(focus) == "faults"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("() => document.activeElement.id") == "address"
        await page.keyboard.type("anne@example.org")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert page.url == f"{street.url}/office/campaigns"


async def test_a_closed_account_is_led_to_the_sign_in_page(street: Street) -> None:
    account = await street.town.hire("anne", Right.READER)
    async with street.browser() as page:
        await page.goto(f"{street.url}/office/")
        await page.get_by_label("Your address").fill("anne@example.org")
        await page.get_by_label("Your password").fill(PASSWORD)
        await press(page, "Sign in")
        async with street.town.database.begin() as session:
            await people.close(
                session,
                account_id=account.id,
                by=Actor.system("root"),
                now=street.town.clock(),
            )
        await page.reload()
        assert "/office/sign-in" in page.url
        await page.get_by_label("Your address").fill("anne@example.org")
        await page.get_by_label("Your password").fill(PASSWORD)
        await press(page, "Sign in")
        assert await page.get_by_text("do not belong together").count() > 0


async def test_where_the_host_is_an_ip_address_no_passkey_is_offered(street: Street) -> None:
    async with street.browser() as page:
        await page.goto(f"{street.url}/office/sign-in")
        assert await page.locator("[data-passkey]").count() == 1
    numbered = Street(street.town, street.url.replace("localhost", "127.0.0.1"), street.chromium)
    async with numbered.browser() as page:
        await page.goto(f"{numbered.url}/office/sign-in")
        assert await page.locator("[data-passkey]").count() == 0
        assert await page.get_by_label("Your password").is_visible()


async def test_a_new_passkey_after_an_hour_asks_for_a_proof_first(street: Street) -> None:
    await street.town.hire("anne", Right.READER)
    async with street.browser() as page:
        await with_passkeys(page)
        await page.goto(f"{street.url}/office/")
        await page.get_by_label("Your address").fill("anne@example.org")
        await page.get_by_label("Your password").fill(PASSWORD)
        await press(page, "Sign in")
        await page.goto(f"{street.url}/office/me")
        await page.get_by_label("Name of the passkey").fill("First")
        await press(page, "Make a passkey")
        await page.goto(f"{street.url}/office/me")
        async with street.town.database.begin() as session:
            for row in await session.scalars(select(OfficeSession)):
                row.confirmed_at -= timedelta(hours=2)
        await page.get_by_role("button", name="Make a passkey").click()
        await page.wait_for_url("**/office/confirm?next=*")
        await press(page, "Confirm with a passkey")
        assert page.url == f"{street.url}/office/me"
