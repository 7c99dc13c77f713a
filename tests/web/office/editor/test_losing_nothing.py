"""Nothing that was written is lost: without a network, a session, or a browser that lives on."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from accounts import session_ends
from accounts.models import Account
from mailer.draft_models import DraftState
from mailer.letter.drafts import saving, states
from mailer.letter.drafts.saving import Saved
from pli.actor import Actor
from pli.keys import Keys
from tests import axe
from tests.browser import SCREENSHOTS, how_to_launch
from tests.waiting import until_true
from tests.web.office.editor.desks import (
    SHORT,
    Desk,
    a_desk,
    a_manuscript,
    an_author,
    type_behind,
)
from tests.web.office.gallery import enter
from tests.web.office.person import PASSWORD
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def test_a_network_cut_in_mid_sentence_and_a_browser_killed_lose_no_word(
    street: Street, tmp_path: Path
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    anne = await an_author(street)
    async with async_playwright() as playwright:
        # A profile on the disk, since the copy must outlive the browser.
        launch: dict[str, Any] = {**how_to_launch(), "locale": "en-GB"}
        context = await playwright.chromium.launch_persistent_context(tmp_path / "p", **launch)
        page = context.pages[0]
        await enter(page, street, anne)
        desk = Desk(page, street, draft_id)
        await desk.open()
        await type_behind(desk, "Une phrase.", " Elle commence")
        await desk.saved()
        await context.set_offline(True)
        await desk.page.keyboard.type(", et la ligne est coupée")
        await page.get_by_text("Not saved yet.").wait_for()
        await desk.page.keyboard.type(" en plein mot")
        await page.wait_for_timeout(600)
        for pid in browsers_of(tmp_path / "p"):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(Exception, match=r"(?i)closed|crash|disconnected"):
            await page.wait_for_timeout(10_000)
        assert "coupée" not in await desk.body()

        context = await playwright.chromium.launch_persistent_context(tmp_path / "p", **launch)
        page = context.pages[0]
        await enter(page, street, anne)
        desk = Desk(page, street, draft_id)
        await desk.open()
        await page.get_by_text("There is text that the server never received.").wait_for()
        await page.get_by_role("button", name="Take it up again").click()
        await desk.text.get_by_text("en plein mot").wait_for()
        await desk.saved()
        sentence = "Une phrase. Elle commence, et la ligne est coupée en plein mot"
        assert await desk.body() == SHORT.replace("Une phrase.", sentence)
        assert await page.get_by_text("never received").count() == 0
        await desk.open()
        assert await page.get_by_text("never received").count() == 0
        await context.close()


def browsers_of(profile: Path) -> list[int]:
    """The processes of the browser with this profile."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(profile).encode() in command and b"chrom" in command:
                found.append(int(entry.name))
    assert found
    return found


async def test_without_a_network_writing_goes_on_and_is_saved_when_it_is_back(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        await desk.page.context.set_offline(True)
        await type_behind(desk, "Une phrase.", " Hors ligne.")
        await desk.page.get_by_text("Not saved yet.").wait_for()
        await desk.page.get_by_role("button", name="Source", exact=True).click()
        assert "Hors ligne." in await desk.page.locator("#body").input_value()
        await desk.page.get_by_role("button", name="Back to the page").click()
        await desk.text.get_by_text("Hors ligne.").wait_for()
        await desk.page.context.set_offline(False)
        await desk.saved()
        assert "Une phrase. Hors ligne.\n" in await desk.body()


async def test_a_session_that_ended_asks_for_sign_in_in_the_place_and_then_saves(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    anne = await an_author(street)
    async with a_desk(street, draft_id, anne) as desk:
        page = desk.page
        await page.frame_locator("#preview").get_by_text("Une phrase.").wait_for()
        await _sign_out(desk, anne)
        await type_behind(desk, "Une phrase.", " Après l’heure.")
        await page.get_by_text("You are signed out. Nothing is lost.").wait_for()
        link = page.get_by_role("link", name="Sign in in a new tab")
        assert await link.get_attribute("target") == "_blank"
        assert "Après" not in await desk.body()
        place = page.frame_locator("iframe.sign-in")
        await place.get_by_label("Address").fill("anne@example.org")
        await place.get_by_label("Password").fill("not the password")
        await place.get_by_role("button", name="Sign in", exact=True).click()
        await place.get_by_text("do not belong together").first.wait_for()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / "signed-out-while-writing.png")
        assert await axe.violations(page) == []
        await place.get_by_label("Password").fill(PASSWORD)
        await place.get_by_role("button", name="Sign in", exact=True).click()
        await desk.saved()
        assert "Une phrase. Après l’heure." in await desk.body()
        assert await page.locator("iframe.sign-in").count() == 0
        # The cursor is where it was. The session may also begin elsewhere: in a tab of its own.
        await page.wait_for_function("() => document.activeElement.id === 'editor'")
        await _sign_out(desk, anne)
        await page.keyboard.type(" Encore.")
        await page.locator("iframe.sign-in").wait_for()
        await enter(page, street, anne)
        await desk.saved()
        assert "Une phrase. Après l’heure. Encore." in await desk.body()


async def _sign_out(desk: Desk, account: Account) -> None:
    root, now = Actor.system("root"), desk.street.town.clock.at
    async with desk.street.town.database.begin() as session:
        await session_ends.end_all(session, account_id=account.id, by=root, now=now)
    await desk.page.context.clear_cookies()


async def test_two_people_at_once_are_told_and_choose_block_by_block(street: Street) -> None:
    draft_id = await a_manuscript(street, "Un.\n\nDeux.\n\nTrois.\n")
    anne, bruno = await an_author(street), await an_author(street, "bruno")
    async with a_desk(street, draft_id, anne) as hers, a_desk(street, draft_id, bruno) as his:
        await his.page.get_by_text("Anne").first.wait_for()
        assert await his.page.locator("#present").inner_text() != ""
        await type_behind(hers, "Un.", " D’Anne.")
        await type_behind(hers, "Trois.", " D’Anne aussi.")
        await hers.saved()
        await type_behind(his, "Trois.", " De Bruno.")
        await type_behind(his, "Deux.", " De Bruno seul.")
        conflict = his.page.get_by_role("region", name="Two texts")
        await conflict.wait_for()
        assert "De Bruno" not in await his.body()
        await his.page.get_by_role("heading", name="saved meanwhile: choose what stays").wait_for()
        differences = conflict.get_by_role("group")
        assert await differences.count() == 3
        # Where only one changed something, that is proposed; where both did, nothing is.
        first, last = differences.nth(0), differences.nth(2)
        assert await first.get_by_role("radio", checked=True).count() == 1
        assert await last.get_by_role("radio", checked=True).count() == 0
        await last.get_by_role("radio", name="Both, yours first").check()
        await conflict.get_by_role("button", name="Keep this choice").click()
        await his.saved()
        assert await his.body() == (
            "Un. D’Anne.\n\nDeux. De Bruno seul.\n\nTrois. De Bruno.\n\nTrois. D’Anne aussi.\n"
        )


async def test_a_manuscript_that_was_deleted_keeps_its_text_before_whoever_wrote(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        async with street.town.database.begin() as session:
            now, root = street.town.clock.at, Actor.system("root")
            await states.set_state(
                session, draft_id=draft_id, state=DraftState.PUT_AWAY, by=root, now=now
            )
            await states.delete_draft(session, draft_id=draft_id, by=root, now=now)
        # Told when the page next asks who is there, before anything more is written.
        await desk.page.get_by_text("This manuscript was deleted.").wait_for(timeout=60_000)
        told = desk.page.locator("#told")
        assert await told.get_by_text("What you wrote stays in this browser.").count() == 0
        await type_behind(desk, "Une phrase.", " Trop tard.")
        await told.get_by_text("What you wrote stays in this browser.").wait_for()
        await desk.text.get_by_text("Trop tard.").wait_for()


async def test_what_is_typed_while_a_conflict_or_the_page_comes_is_not_written_over(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Un.\n\nDeux.\n")
    anne, bruno = await an_author(street), await an_author(street, "bruno")
    async with a_desk(street, draft_id, anne) as hers, a_desk(street, draft_id, bruno) as his:
        page = his.page

        async def slowly(route: Any) -> None:
            await page.wait_for_timeout(700)
            await route.continue_()

        await page.route("**/blocks", slowly)
        await type_behind(hers, "Un.", " D’Anne.")
        await hers.saved()
        async with page.expect_response(lambda it: it.status == 409):
            await type_behind(his, "Deux.", " De Bruno.")
        # Both texts are being cut: neither text nor fields take a key now.
        await page.wait_for_function("() => document.querySelector('#editor-here').inert")
        assert await page.locator(".head-fields").evaluate("it => it.inert")
        await page.get_by_role("button", name="Keep this choice").click()
        await his.saved()
        assert await his.body() == "Un. D’Anne.\n\nDeux. De Bruno.\n"
        await page.get_by_role("button", name="Source", exact=True).click()
        area = page.locator("#body")
        await area.press("Control+End")
        await page.keyboard.type("\nTrois")
        await page.get_by_role("button", name="Back to the page").click()
        await area.focus()
        await page.keyboard.type(", et la suite.")
        await his.text.get_by_text("Trois, et la suite.").wait_for()
        await his.saved()
        assert (await his.body()).endswith("Trois, et la suite.")


async def test_a_text_left_behind_proposes_nothing_against_what_was_saved_since(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Un.\n\nDeux.\n")
    anne = await an_author(street)
    async with a_desk(street, draft_id, anne) as desk:
        page = desk.page
        await page.context.set_offline(True)
        await type_behind(desk, "Deux.", " Hors ligne.")
        await page.get_by_text("Not saved yet.").wait_for()
        # Somebody else changes only the title meanwhile, then another block.
        await save_of_another(street, draft_id, 1, "Un autre titre", "Un, autrement.\n\nDeux.\n")
        other = await page.context.new_page()
        await page.close(run_before_unload=False)
        await other.context.set_offline(False)
        again = Desk(other, street, draft_id)
        await again.open()
        await other.get_by_role("button", name="Take it up again").click()
        region = other.get_by_role("region", name="Two texts")
        groups = region.get_by_role("group")
        await groups.first.wait_for()
        assert await groups.count() == 3, "the title and both blocks"
        # Longer than a save by itself waits.
        await other.wait_for_timeout(1_600)
        assert await again.body() == "Un, autrement.\n\nDeux.\n", "until somebody chose"
        assert await region.get_by_role("radio", checked=True).count() == 0
        await groups.nth(0).get_by_role("radio").last.check()
        await groups.nth(1).get_by_role("radio").nth(1).check()
        await groups.nth(2).get_by_role("radio").first.check()
        await region.get_by_role("button", name="Keep this choice").click()
        await again.saved()
        await until_true(lambda: _is(again, "Un, autrement.\n\nDeux. Hors ligne.\n"))
        assert await other.locator("#title").input_value() == "Un autre titre"


async def _is(desk: Desk, body: str) -> bool:
    return await desk.body() == body


async def save_of_another(street: Street, draft_id: int, base: int, title: str, body: str) -> None:
    """Somebody else saves."""
    async with street.town.database.begin() as session:
        saved = await saving.save(
            session,
            draft_id=draft_id,
            base=base,
            front={"title": title},
            body=body,
            by=Actor.system("root"),
            now=street.town.clock.at,
        )
    assert isinstance(saved, Saved)


async def test_a_copy_whose_save_arrived_is_no_leave_to_undo_the_title_of_another(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        # The save arrives, its answer does not; then the browser is closed.
        await page.route(
            desk.at, lambda it: losing(it) if it.request.method == "PUT" else it.continue_()
        )
        await type_behind(desk, "Une phrase.", " Arrivée.")
        await page.get_by_text("Not saved yet.").wait_for()
        body = await desk.body()
        assert "Arrivée." in body
        await save_of_another(street, draft_id, 2, "Un autre titre", body)
        other = await page.context.new_page()
        await page.close(run_before_unload=False)
        again = Desk(other, street, draft_id)
        await again.open()
        await other.get_by_role("button", name="Take it up again").click()
        region = other.get_by_role("region", name="Two texts")
        await region.get_by_role("group", name="Title").wait_for()
        assert await region.get_by_role("radio", checked=True).count() == 0


async def losing(route: Any) -> None:
    """Let a question arrive, and its answer be lost."""
    await route.fetch()
    await route.abort("internetdisconnected")


async def test_a_preview_that_cannot_be_made_is_told_and_asked_for_again(street: Street) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        await page.frame_locator("#preview").get_by_text("Une phrase.").wait_for()
        await page.route("**/preview", lambda it: it.fulfill(status=500, body="no"))
        await type_behind(desk, "Une phrase.", " Encore une.")
        told = page.get_by_text("The mail could not be pressed just now")
        await told.wait_for()
        await desk.saved()
        await page.unroute("**/preview")
        await page.locator("#unseen-mail").get_by_role("button", name="Try again now").click()
        await page.frame_locator("#preview").get_by_text("Encore une.").wait_for()
        await told.wait_for(state="detached")
