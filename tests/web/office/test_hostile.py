"""Every page of the office filled with names, subjects and replies that would like to be HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from accounts.models import Account, OfficeSession, Passkey
from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.models import Status
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.keys import Keys
from pli.language import Sentence
from subscribers import lists
from subscribers.models import Subscriber
from tests import factories as make
from tests.factories import Copy
from tests.web.client import LOCAL_IDENTITY
from tests.web.office.gallery import enter, submit
from tests.web.office.person import HOSTILE, Town
from tests.web.office.served import Street, a_street
from web.office.app import Office
from web.office.options import OfficeOptions
from web.pages import Pages

pytestmark = pytest.mark.proof

FOREIGN = """
() => [...document.querySelectorAll('*')].filter(it =>
  it.matches('img, iframe, object, embed, main script, main style, base')
  || [...it.attributes].some(its => /^on/i.test(its.name) || /^\\s*javascript:/i.test(its.value)))
  .map(it => it.outerHTML)
"""
"""Finds what no template of ours has."""
_SAID = "alert(1)"


async def _furnish(town: Town, keys: Keys) -> tuple[Account, int]:
    """Hostile texts wherever the office shows one, also where the verbs would clean it."""
    now = datetime.now(UTC)
    async with town.database.begin() as session:
        bad = await lists.create(session, name="membres", title=HOSTILE, now=now)
        letter = replace(make.letter(), title=HOSTILE, subject=HOSTILE, preheader=HOSTILE)
        copies = [
            Copy(status, reason, ((550, "5.1.1", HOSTILE),))
            for status, reason in (
                (Status.SENT, None),
                (Status.FAILED, "other"),
                (Status.UNCERTAIN, None),
                (Status.PENDING, None),
            )
        ]
        sending = await make.a_campaign_with(
            session, copies, now=now, list_id=bad.id, of=letter, keys=keys
        )
        await lifecycle.pause(
            session, campaign_id=sending.id, reason=Sentence("refused: {text}", {"text": HOSTILE})
        )
        sending.created_by = sending.approved_by = HOSTILE
        await session.execute(update(Subscriber).values(first_name=HOSTILE, last_name=HOSTILE))
        for person in (await session.scalars(select(Subscriber.id))).all():
            await session.execute(
                update(Subscriber)
                .where(Subscriber.id == person)
                .values(email=f"{person}{HOSTILE}@example.org")
            )
        audit.record(
            session,
            by=Actor.system(HOSTILE),
            action=AuditAction.PERSON_VIEWED,
            kind=AuditObject.PERSON,
            object_id=1,
            why=HOSTILE,
            now=now,
        )
    olga = await town.hire("olga", *Right)
    return olga, sending.id


async def _spoil(town: Town) -> None:
    """What the verbs would never keep."""
    async with town.database.begin() as session:
        await make.a_passkey(session, 1, now=datetime.now(UTC))
        await session.execute(update(Account).values(name=HOSTILE))
        await session.execute(update(Passkey).values(name=HOSTILE))
        await session.execute(update(OfficeSession).values(browser=HOSTILE))


def _places(street: Street, account: int, sending: int) -> list[str]:
    """Every page that the office's routes have."""
    town = street.town
    pages = Pages(
        town.database, replace(LOCAL_IDENTITY, public_url=street.url), "en", lambda: town.clock.at
    )
    numbers = {"/report/{id:number}": sending, "/accounts/{id:number}": account}
    found = [
        it.path.replace("{id:number}", str(numbers.get(it.path, 0))).replace("{token}", HOSTILE)
        for it in Office(pages, town.keys, OfficeOptions(), inbox=False).office_routes()
        # The token is a document for a module, and no page.
        if "GET" in it.methods and not it.path.endswith("/token")
    ]
    return [
        f"/office{quote(it)}?still&next={quote(HOSTILE)}&before={quote(HOSTILE)}" for it in found
    ]


async def test_hostile_texts_run_nothing_and_load_nothing_on_any_page(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        olga, sending = await _furnish(street.town, keys)
        async with street.browser() as page:
            await enter(page, street, olga)
            await _spoil(street.town)
            told = set()
            for place in _places(street, olga.id, sending):
                await page.goto(street.url + place)
                assert await _is_ours(page), place
                if _SAID in await page.locator("body").inner_text():
                    told.add(place.partition("?")[0])
            for name in ("campaigns", f"report/{sending}", "accounts", "audit", "looked", "me"):
                assert f"/office/{name}" in told, "the page shows nothing hostile"
            await _send_again(street, page)
            await page.evaluate("() => document.body.append(document.createElement('img'))")
            assert not await _is_ours(page), "what looks for foreign elements finds them"


async def _is_ours(page: Any) -> bool:
    assert await page.locator("main h1").count() == 1
    foreign: list[str] = await page.evaluate(FOREIGN)
    return not foreign


async def _send_again(street: Street, page: Any) -> None:
    """Forms that come back: after an old token, and after the session is over."""
    for spoil in ("it.value = 'x'", None):
        await page.goto(f"{street.url}/office/me")
        await page.locator("#name").fill(HOSTILE)
        await page.locator("#zone").fill(HOSTILE)
        if spoil:
            await page.evaluate(
                f"() => {{ for (const it of document.getElementsByName('token')) {spoil} }}"
            )
        else:
            await page.context.clear_cookies()
        await submit(page, "form[action$='/me']")
        assert await _is_ours(page)
        if spoil:
            assert _SAID in await page.locator("main").inner_text()
