"""What the page says, and does, when the server does not take a save: each answer in its words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from accounts import rights, session_ends
from accounts.rights import Right
from mailer.draft_models import DraftState
from mailer.letter.drafts import making, rows, states
from pli.actor import Actor
from pli.keys import Keys
from tests import axe
from tests.browser import SCREENSHOTS
from tests.waiting import until_true
from tests.web.office.editor.desks import (
    HEAD,
    SHORT,
    Desk,
    a_desk,
    a_manuscript,
    an_author,
    type_behind,
)
from tests.web.office.gallery import enter
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

ROOT = Actor.system("root")
JSON, PAGE = "application/json", "text/html"
ANSWERS: list[tuple[dict[str, Any], str, bool]] = [
    ({"status": 400, "content_type": JSON, "body": "{}"}, "did not understand this page", False),
    ({"status": 404, "content_type": PAGE, "body": "<h1>"}, "not there for you any more", False),
    ({"status": 410, "content_type": JSON, "body": "{}"}, "This manuscript was deleted", False),
    ({"status": 413, "content_type": PAGE, "body": "<h1>"}, "too long to be saved", False),
    ({"status": 422, "content_type": JSON, "body": "{}"}, "Look at the fields", False),
    ({"status": 423, "content_type": JSON, "body": "{}"}, "can no longer be changed", False),
    ({"status": 500, "content_type": JSON, "body": "{}"}, "a fault of its own (500)", True),
    ({"status": 503, "content_type": PAGE, "body": "<h1>"}, "cannot save just now (503)", True),
    ({"status": 200, "content_type": PAGE, "body": "<h1>"}, "Something else answered", True),
    ({"status": 200, "content_type": JSON, "body": "{"}, "Something else answered", True),
]


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def test_each_answer_has_its_own_words_and_only_what_may_pass_is_asked_again(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page, told = desk.page, desk.page.locator("#told")
        asked: list[str] = []

        for number, (answer, words, is_retried) in enumerate(ANSWERS):
            asked.clear()
            await page.route(desk.at, _answering(answer, asked))
            await type_behind(desk, "Une phrase.", f" {number}")
            await told.get_by_text(words).wait_for()
            assert await told.get_by_text("What you wrote stays in this browser.").count() == 1
            if is_retried:
                async with page.expect_request(lambda it: it.method == "PUT"):
                    pass
            else:
                await page.wait_for_timeout(2_500)  # longer than the first retry waits
                assert len(asked) == 1, words
                assert await told.get_by_role("button", name="Keep the text as a file").count() == 1
            if answer["status"] == 423:
                await axe_and_picture(desk, "refused")
            await page.unroute(desk.at)
            if not is_retried:
                await page.keyboard.type(".")
            await desk.saved()
        assert await page.locator(".trouble").is_hidden()
        assert "9" in await desk.body()


def _answering(answer: dict[str, Any], asked: list[str]) -> Callable[[Any], Awaitable[None]]:
    """A server that answers each save so."""

    async def give(route: Any) -> None:
        if route.request.method != "PUT":
            await route.continue_()
            return
        asked.append(route.request.method)
        await route.fulfill(**answer)

    return give


async def axe_and_picture(desk: Desk, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await desk.page.screenshot(path=SCREENSHOTS / f"writing-{name}.png")
    assert await axe.violations(desk.page, off=("frame-tested",)) == [], name


async def test_a_field_that_is_too_long_is_named_and_never_cut(street: Street) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        subject = page.locator("#subject")
        await subject.fill("Un objet sans fin " * 130)
        told = page.locator("#told")
        await told.get_by_text("the field “Subject” has 2340 signs: shorten it to 2000").wait_for()
        assert await subject.get_attribute("aria-invalid") == "true"
        await page.locator("#title").focus()
        await told.get_by_role("button", name="Go there").click()
        assert await subject.evaluate("it => it === document.activeElement")
        await subject.fill("Un objet")
        await desk.saved()
        assert await subject.get_attribute("aria-invalid") is None
        async with street.town.database.reading() as session:
            assert (await rows.get(session, draft_id)).front["subject"] == "Un objet"


async def test_a_state_a_right_and_a_deletion_that_came_meanwhile_are_told_and_the_text_kept(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    anne = await an_author(street)
    now = street.town.clock.at
    async with a_desk(street, draft_id, anne) as desk:
        page, told = desk.page, desk.page.locator("#told")
        async with street.town.database.begin() as session:
            await states.set_state(
                session, draft_id=draft_id, state=DraftState.RELEASED, by=ROOT, now=now
            )
        await type_behind(desk, "Une phrase.", " Libérée.")
        await told.get_by_text("this manuscript was released: begin a new one").wait_for()
        async with page.expect_download() as download:
            await told.get_by_role("button", name="Keep the text as a file").click()
        assert "Une phrase. Libérée." in await _read(await download.value)
        assert (await download.value).suggested_filename == "Une lettre d exemple.md"
        async with street.town.database.begin() as session:
            await states.set_state(
                session, draft_id=draft_id, state=DraftState.WRITING, by=ROOT, now=now
            )
        await told.get_by_role("button", name="Try again now").click()
        await desk.saved()
        assert "Libérée." in await desk.body()
        async with street.town.database.begin() as session:
            await rights.revoke(
                session, account_id=anne.id, right=Right.AUTHOR, list_id=None, by=ROOT, now=now
            )
        await type_behind(desk, "Une phrase.", " Sans droit.")
        await told.get_by_text("not there for you any more").wait_for()
        assert "Sans droit" not in await desk.body()


async def _read(download: Any) -> str:
    return (await asyncio.to_thread(Path(await download.path()).read_bytes)).decode()


async def test_whoever_signs_in_as_another_is_asked_before_anything_is_saved(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    anne, bruno = await an_author(street), await an_author(street, "bruno")
    carla = await street.town.hire("carla", Right.READER)
    async with a_desk(street, draft_id, anne) as desk:
        page, told = desk.page, desk.page.locator("#told")
        await page.frame_locator("#preview").get_by_text("Une phrase.").wait_for()
        async with street.town.database.begin() as session:
            await session_ends.end_all(
                session, account_id=anne.id, by=ROOT, now=street.town.clock.at
            )
        await type_behind(desk, "Une phrase.", " D’Anne.")
        await told.get_by_text("Sign in here as Anne").wait_for()
        await enter(page, street, carla)
        await told.get_by_text("Carla may not write this manuscript.").wait_for()
        await enter(page, street, bruno)
        await told.get_by_text("You are signed in as Bruno now. Nothing is lost.").wait_for()
        await axe_and_picture(desk, "another")
        assert await page.locator(".trouble").is_visible()
        await page.keyboard.type(" Encore d’Anne.")
        await page.wait_for_timeout(2_000)  # longer than a save waits
        assert "D’Anne" not in await desk.body()
        await told.get_by_role("button", name="Go on as Bruno").click()
        await desk.saved()
        assert "D’Anne. Encore d’Anne." in await desk.body()
        async with street.town.database.reading() as session:
            assert (await rows.get(session, draft_id)).line.saved_by.startswith("Bruno")
        assert await page.locator(".head").get_by_role("link", name="Bruno").count() == 1
        # The forms of the page go on with the session that there is.
        await page.get_by_role("button", name="Put it away").click()
        await page.wait_for_url("**/office/letters")


async def test_two_windows_of_one_person_are_told_and_their_texts_chosen_from(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, "Un.\n\nDeux.\n")
    async with a_desk(street, draft_id, await an_author(street)) as first:
        page = await first.page.context.new_page()
        other = Desk(page, street, draft_id)
        await other.open()
        await page.get_by_text("You have this manuscript open in another window, too.").wait_for()
        await type_behind(first, "Un.", " D’une fenêtre.")
        await first.saved()
        await type_behind(other, "Un.", " De l’autre.")
        await page.get_by_role(
            "heading", name="You saved in another window meanwhile: choose what stays"
        ).wait_for()
        region = page.get_by_role("region", name="Two texts")
        await region.get_by_role("radio", name="Of the other window").check()
        await region.get_by_role("button", name="Keep this choice").click()
        await other.saved()
        assert await other.body() == "Un. D’une fenêtre.\n\nDeux.\n"


async def test_a_button_of_the_page_leads_to_why_it_cannot_go_on(street: Street) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page, told = desk.page, desk.page.locator("#told")
        await page.context.set_offline(True)
        await type_behind(desk, "Une phrase.", " Hors ligne.")
        for name in ("Send this manuscript", "Send test copies"):
            await page.get_by_role("button", name=name).click()
            await told.get_by_text("This device has no network.").wait_for()
            await page.wait_for_function("() => document.activeElement.id === 'told'")
        await page.get_by_text("No copy was sent, since the text is not saved yet.").wait_for()
        await page.locator(".trouble").click()
        assert await told.evaluate("it => it === document.activeElement")
        await page.context.set_offline(False)
        await desk.saved()


async def _with_old_fields(route: Any) -> None:
    answer = await route.fetch()
    old = "for (const id of ['body', 'title']) document.getElementById(id).value = 'ancien';"
    await route.fulfill(response=answer, body=old + await answer.text())


async def test_what_stands_in_the_fields_before_the_script_is_offered_and_not_taken_for_the_text(
    street: Street,
) -> None:
    draft_id = await a_manuscript(street, SHORT)
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        await page.get_by_role("button", name="Source", exact=True).click()
        # As Firefox does when a page is loaded anew: before the script of the page runs.
        await page.route("**/editor.*.js", _with_old_fields)
        await page.reload()
        await page.locator("#editor").wait_for(state="attached")
        assert await page.locator("#body").input_value() == SHORT
        assert await page.locator("#title").input_value() == "Une lettre d'exemple"
        # It may as well have been typed before the script came: nobody throws it away unasked.
        await page.get_by_role("button", name="Take it up again").click()
        region = page.get_by_role("region", name="Two texts")
        groups = region.get_by_role("group")
        await groups.first.wait_for()
        assert await region.get_by_role("radio", checked=True).count() == 0
        for group in await groups.all():
            await group.get_by_role("radio").first.check()
        await region.get_by_role("button", name="Keep this choice").click()
        await until_true(lambda: _is_old(desk))


async def _is_old(desk: Desk) -> bool:
    return (await desk.body()).startswith("ancien")


async def test_findings_are_mended_by_their_buttons(street: Street) -> None:
    first = await a_manuscript(street, SHORT)
    async with street.town.database.begin() as session:
        draft_id = await making.create(
            session,
            list_id=(await rows.line_of(session, first)).list_id,
            top=HEAD,
            body="# Une\n\nBonjour {{ subscriber.first_name }}.\n",
            by=ROOT,
            now=street.town.clock.at,
        )
    async with a_desk(street, draft_id, await an_author(street)) as desk:
        page = desk.page
        await page.get_by_text("number 12 is that of manuscript 1").wait_for()
        await page.locator(".status-bar .link").click()
        assert await page.locator("#findings").is_visible()
        await page.get_by_role("button", name="Take 13").click()
        await page.get_by_text("number 12 is that of").first.wait_for(state="detached")
        assert await page.locator("#number").input_value() == "13"
        note = desk.text.locator(".found-note", has_text="“first name” leaves a gap")
        await note.get_by_role("button", name="Say what they read instead").click()
        await page.get_by_role("dialog").get_by_label("Who has none reads instead").fill("camarade")
        await page.keyboard.press("Enter")
        await note.wait_for(state="detached")
        await desk.saved()
        assert '{{ subscriber.first_name or "camarade" }}' in await desk.body()
