"""The office's pages as a browser shows them; pictures to look at go into build/screenshots."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts import people
from accounts.rights import Right
from pli import pages as templates
from pli.actor import Actor
from pli.files import shipped
from pli.keys import Keys
from subscribers import lists, optout
from tests import factories as make
from tests.browser import SCREENSHOTS
from tests.mailer.intake.coming_in import taken, worked, written
from tests.web.office.deciding import an_office_that_sends, decide
from tests.web.office.gallery import (
    Gallery,
    an_address_of,
    enter,
    every_state,
    furnish,
    submit,
    type_in,
)
from tests.web.office.mails import invited, last_mail
from tests.web.office.person import Town
from tests.web.office.served import Street, a_street, with_passkeys

pytestmark = pytest.mark.proof

NO_PAGES = {
    *("base", "parts", "draft", "findings", "approval_steps"),
    *("remarks", "sent_back", "told_story"),
}
"""Templates of the office that are parts of others."""
OF_MANUSCRIPTS = {
    "manuscripts",
    "not_sent",
    "over_long",
    *(f"writing{it}" for it in ("", "_gone", "_history", "_taken", "_tested", "_version")),
}
"""Pages that `test_writing_looks` looks at."""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The templates of the office of which a page was made."""
    names: set[str] = set()
    render = templates.render

    def noted(template: str, *args: Any, **values: Any) -> str:
        names.add(template.removeprefix("office/").removesuffix(".html.j2"))
        return render(template, *args, **values)

    monkeypatch.setattr(templates, "render", noted)
    return names


@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_every_page_of_the_office_in_every_state_fits_every_screen_and_can_be_read(
    sqlite_url: str, keys: Keys, language: str, shown: set[str]
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    faults = []
    rules = an_office_that_sends(keys=keys, above=2)
    async with a_street(sqlite_url, keys, language, rules) as street:
        for walk in (
            _a_stranger,
            _somebody_on_the_way_in,
            _somebody_who_is_in,
            _an_operator,
            _two_who_decide,
            _who_watches,
        ):
            async with street.browser(locale=locale) as page:
                gallery = Gallery(page, language)
                await walk(street, page, gallery)
                faults += gallery.faults
    assert not faults, "\n".join(faults)
    every = {it.name.removesuffix(".html.j2") for it in _templates()}
    assert every - shown == NO_PAGES | OF_MANUSCRIPTS, "a page that was not looked at"


def _templates() -> list[Any]:
    return sorted((shipped("templates") / "office").glob("*.j2"))


async def _hire(street: Street, gallery: Gallery, name: str, *granted: Right) -> int:
    """Somebody who reads the pages in the gallery's language."""
    account = await street.town.hire(name, *granted)
    async with street.town.database.begin() as session:
        (await people.by_id(session, account.id)).language = gallery.language
    return account.id


async def _a_stranger(street: Street, page: Any, gallery: Gallery) -> None:
    """Who is not in, and asks for links."""
    url = street.url
    await with_passkeys(page)
    await _hire(street, gallery, "rose", Right.READER)
    invitation = await invited(street.town, "bruno", Right.READER)
    for name, place in (
        ("sign-in", "/office/sign-in"),
        ("link-invited", invitation),
        ("link-over", "/office/link/nothing"),
        ("parts", "/office/house"),
        ("not-there", "/office/nothing"),
    ):
        await page.goto(url + place)
        await gallery.look(name)
    await page.goto(f"{url}/office/sign-in")
    await submit(page, "form[action$='/sign-in']")
    await gallery.look("sign-in-wrong")
    await page.goto(f"{url}/office/link")
    await gallery.look("ask-link")
    await submit(page, "form[action$='/link']")
    await gallery.look("ask-link-wrong")
    await page.locator("#address").fill("rose@example.org")
    await submit(page, "form[action$='/link']")
    await gallery.look("ask-link-sent")
    path, _code = await last_mail(street.town)
    await page.goto(url + path)
    await gallery.look("link")
    await page.context.clear_cookies()
    await page.goto(url + path)
    await gallery.look("link-elsewhere")
    await page.locator("#code").fill("1")
    await submit(page, "form[action*='/link/']")
    await gallery.look("link-elsewhere-wrong")


async def _somebody_on_the_way_in(street: Street, page: Any, gallery: Gallery) -> None:
    """Who has to make factors, and then has to give the second."""
    url = street.url
    await with_passkeys(page)
    await _hire(street, gallery, "anne", Right.SENDER)
    await page.goto(url + await invited(street.town, "carla", Right.READER))
    await submit(page, "form[action*='/link/']")
    await gallery.look("enrol-invited")
    await page.locator("#password").fill("azerty2026")
    await submit(page, "form[action$='/enrol/password']")
    await gallery.look("enrol-wrong")
    await page.context.clear_cookies()
    await page.goto(f"{url}/office/sign-in")
    await type_in(page, "anne")
    await gallery.look("enrol-app")
    await submit(page, "form[action$='/enrol/app']")
    await gallery.look("app")
    await page.locator("#code").fill("1")
    await submit(page, "form[action$='/app/code']")
    await gallery.look("app-wrong")
    await page.goto(f"{url}/office/enrol")
    await page.locator("#passkey-name").fill("Téléphone")
    await submit(page, "form[action$='/enrol/passkey']")
    await gallery.look("codes")
    await page.context.clear_cookies()
    await page.goto(f"{url}/office/sign-in")
    await type_in(page, "anne")
    await gallery.look("second")
    await page.locator("#code").fill("nothing")
    await submit(page, "form[action$='/sign-in/code']")
    await gallery.look("second-wrong")


async def _somebody_who_is_in(street: Street, page: Any, gallery: Gallery) -> None:
    """One's own page, a proof in between, and forms that come too late."""
    url = street.url
    await with_passkeys(page)
    await _hire(street, gallery, "denis", Right.READER)
    await page.goto(f"{url}/office/sign-in")
    await type_in(page, "denis")
    await page.goto(f"{url}/office/sign-in/done")
    await gallery.look("signed-in")
    await page.goto(f"{url}/office/me")
    await gallery.look("me")
    await page.locator("#zone").fill("Nowhere")
    await submit(page, "form[action$='/me']")
    await gallery.look("me-wrong")
    await page.goto(f"{url}/office/me")
    # As if the browser had answered nothing that makes sense.
    async with page.expect_navigation():
        await page.evaluate(
            "() => document.querySelector(\"form[action$='/me/passkeys']\").submit()"
        )
    await gallery.look("factor-fault")
    await page.goto(f"{url}/office/me")
    await page.evaluate(
        "() => { for (const it of document.getElementsByName('token')) it.value = 'x' }"
    )
    await submit(page, "form[action$='/me']")
    await gallery.look("old-form")
    await page.goto(f"{url}/office/confirm")
    await gallery.look("confirm")
    await page.locator("#code").fill("1")
    await submit(page, "form[action$='/confirm']")
    await gallery.look("confirm-wrong")
    await page.goto(f"{url}/office/me")
    await page.context.clear_cookies()
    await submit(page, "form[action$='/me']")
    await gallery.look("session-over")
    await submit(page, "form[action$='/link']")
    await gallery.look("ask-link-kept")
    await submit(page, "form[action$='/sign-in']")
    await type_in(page, "denis")
    await gallery.look("again")


async def _an_operator(street: Street, page: Any, gallery: Gallery) -> None:
    """Sendings, accounts in every state, and what was done."""
    url, town = street.url, street.town
    done, running, paused = await furnish(town, town.keys)
    olga = await _hire(
        street, gallery, "olga", Right.OPERATOR, Right.RIGHTS, Right.WHO, Right.KEEPER
    )
    gone = await _hire(street, gallery, "gone", *Right)
    new = await town.hire("new", active=False)
    async with town.database.begin() as session:
        root = Actor.system("root")
        await people.close(session, account_id=gone, by=root, now=datetime.now(UTC))
        account = await people.by_id(session, olga)
    await enter(page, street, account)
    for name, place in (
        ("sendings", "/office/sendings"),
        ("report", f"/office/sendings/{done}"),
        ("report-running", f"/office/sendings/{running}"),
        ("report-paused", f"/office/sendings/{paused}?still"),
        ("accounts", "/office/accounts"),
        ("account", f"/office/accounts/{olga}"),
        ("account-closed", f"/office/accounts/{gone}"),
        ("account-invited", f"/office/accounts/{new.id}"),
        ("audit", "/office/audit"),
        ("looked", "/office/looked"),
        ("wishes-none", "/office/wishes"),
    ):
        await page.goto(url + place)
        await gallery.look(name)
    await _people_who_write_stop(town)
    await page.goto(f"{url}/office/wishes")
    await gallery.look("wishes")
    await submit(page, "form[action$='/leave']")
    await gallery.look("wishes-left")
    await page.goto(f"{url}/office/accounts")
    await submit(page, "form[action$='/accounts']")
    await gallery.look("accounts-wrong")
    await page.goto(f"{url}/office/accounts/{new.id}")
    await page.evaluate("() => { document.querySelector('#right option').value = 'king' }")
    await submit(page, "form[action$='/rights']")
    await gallery.look("account-wrong")


async def _people_who_write_stop(town: Town) -> None:
    """Two who are on lists, one of them twice, and one who has left meanwhile."""
    now = datetime.now(UTC)
    async with town.database.begin() as session:
        every = await lists.everything(session)
        on = {"jeanne-marie-des-longues-adresses-du-nord": every[:1], "paul": every, "gone": []}
        people = [
            await make.a_person(session, town.keys, name, *its, now=now) for name, its in on.items()
        ]
        more = await make.a_list(session, "departs", now=now)
        await make.a_subscription(session, people[2].id, more.id, now=now)
        addresses = [it.email for it in people]
    subjects = ("STOP", "Re: Lettre " + "no-296-" * 20, "désabonnement", "STOP !")
    for address, subject in zip([*addresses, addresses[0]], subjects, strict=True):
        await taken(town.database, written(address, subject, "Stop\n"))
    await worked(town.database)
    async with town.database.begin() as session:
        await optout.unsubscribe(
            session, subscriber_id=people[2].id, list_id=more.id, source="", now=now
        )


async def _who_watches(street: Street, page: Any, gallery: Gallery) -> None:
    """A sending in each state that has a page here, what can be done to it, and who got it."""
    url, town = street.url, street.town
    sent = await every_state(town)
    rose = await _hire(street, gallery, "rosa", Right.SENDER, Right.WHO)
    async with town.database.reading() as session:
        account = await people.by_id(session, rose)
    await enter(page, street, account)
    at = f"{url}/office/sendings"
    for state, campaign_id in sent.items():
        await page.goto(f"{at}/{campaign_id}?still")
        await gallery.look(f"sending-{state}")
    running, done = sent["running"], sent["finished"]
    await page.goto(f"{at}/{running}")
    await gallery.look("sending-live")
    for name, place in (
        ("overview", "/"),
        ("act-start", f"/sendings/{sent['prepared']}/start"),
        ("act-pause", f"/sendings/{running}/pause"),
        ("act-resume", f"/sendings/{sent['paused']}/resume"),
        ("act-cancel", f"/sendings/{running}/cancel"),
        ("act-hours", f"/sendings/{running}/hours"),
        ("act-retry", f"/sendings/{running}/retry"),
        ("act-doubts", f"/sendings/{running}/doubts"),
        ("copies", f"/sendings/{running}/copies?status=failed"),
        ("copies-reason", f"/sendings/{running}/copies?status=failed&reason=mailbox_full"),
        ("export", f"/sendings/{running}/export"),
        ("story-asks", f"/sendings/{done}/story"),
        ("compare", f"/compare?with={done}&with={running}&with={sent['cancelled']}"),
    ):
        await page.goto(f"{url}/office{place}")
        await gallery.look(name)
    await page.goto(f"{at}/{done}")
    await page.locator("#address").fill("nobody@example.org")
    await submit(page, "form[action$='/story']")
    await gallery.look("story-wrong")
    await page.locator("#address").fill(await an_address_of(town, done))
    await submit(page, "form[action$='/story']")
    await gallery.look("story")
    await page.get_by_role("link", name=re.compile("Toutes les lettres|All letters")).click()
    await page.wait_for_url("**/people/*")
    await gallery.look("person")
    await page.locator("main ul.things a").first.click()
    await page.wait_for_url("**/sendings/*")
    await gallery.look("person-story")
    await page.goto(f"{at}/{running}/cancel")
    await submit(page, "main form")
    await gallery.look("act-cancel-wrong")
    for name, right in (("reads", Right.READER), ("writes", Right.AUTHOR)):
        id_ = await _hire(street, gallery, name, right)
        async with town.database.reading() as session:
            account = await people.by_id(session, id_)
        await page.context.clear_cookies()
        await enter(page, street, account)
        seen = {"reads": ["scheduled"], "writes": ["scheduled", "running"]}[name]
        for state in seen:
            await page.goto(f"{at}/{sent[state]}?still")
            await gallery.look(f"sending-{state}-{name}")


async def _two_who_decide(street: Street, page: Any, gallery: Gallery) -> None:
    """A letter's way from the choice of its people to the minute to think."""
    anne = await _hire(street, gallery, "agnes", Right.AUTHOR, Right.SENDER, Right.WHO)
    bruno = await _hire(street, gallery, "basile", Right.SENDER)
    await decide(street, page, gallery, anne, bruno)
