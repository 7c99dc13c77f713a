"""What tests of a letter's way through the office share: an office that can send, and a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from accounts import people
from accounts.entering import Policy
from mailer.campaign import addressees, freezing, scheduling
from mailer.campaign.policy import SendingPolicy
from mailer.letter.snapshot import Frozen
from mailer.models import Campaign
from mailer.pacing.limits import Limits, Plan
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from subscribers.models import List
from tests import factories as make
from tests.factories.committee import IDENTITY
from web.office.options import OfficeOptions
from web.office.sending_options import SendingOptions

if TYPE_CHECKING:
    from tests.web.office.gallery import Gallery
    from tests.web.office.served import Street

BODY = "Un paragraphe, et [ici](https://example.org) un lien.\n\nLa réunion est le 3.\n"


def an_office_that_sends(
    *, two: bool = True, above: int = 500, grace: float = 60.0, keys: Keys = make.KEYS
) -> OfficeOptions:
    """The options of an office; `two`: a second person must approve."""
    policy = SendingPolicy(token_key=keys.current, second_person=two)
    return OfficeOptions(
        policy=Policy(sign_in_links=True),
        plans={"main": Plan("relais.example.org", Limits(per_second=2))},
        sending=SendingOptions(
            policy=policy,
            identity=lambda _: IDENTITY,
            grace=timedelta(seconds=grace),
            type_number_above=above,
            relays=("relais.example.org",),
            notified=False,
        ),
    )


async def a_draft_of(
    database: Database,
    keys: Keys,
    by: Actor,
    *,
    size: int = 3,
    list_name: str = "membres",
    now: datetime,
    **letter: Any,
) -> tuple[Campaign, List]:
    """A draft for so many people on a new list, made by somebody."""
    async with database.begin() as session:
        members = await make.a_list(session, list_name, now=now)
        await make.members(session, keys, members, size, now=now)
        campaign = await make.a_draft(
            session,
            keys,
            [members],
            of=replace(make.letter("# Une séance\n\n" + BODY), **letter),
            by=by,
            now=now,
        )
    return campaign, members


async def decide(street: Street, page: Any, gallery: Gallery, author: int, approver: int) -> None:
    """Walk through every page of a decision in a browser, and look at each."""
    from tests.web.office.gallery import enter, submit

    town, url = street.town, street.url
    async with town.database.begin() as session:
        anne, bruno = [await people.by_id(session, it) for it in (author, approver)]
    by = Actor.account(anne.id, anne.name)
    campaign, _ = await a_draft_of(
        town.database, town.keys, by, now=datetime.now(UTC), list_name="elus"
    )
    path = f"{url}/office/sendings/{campaign.id}"
    await enter(page, street, anne)
    await page.goto(path)
    await gallery.look("decide")
    await page.goto(f"{path}/who")
    await page.locator("#numbers .total").wait_for()
    await gallery.look("who")
    await page.locator("#rule").fill("list = ")
    await page.locator(".proposals li").first.wait_for()
    await gallery.look("who-proposals")
    await page.locator("#segment").select_option(":rule")
    await submit(page, "#choice")
    await gallery.look("who-wrong")
    await page.goto(f"{path}/check")
    await gallery.look("check")
    await submit(page, "form[action$='/tick']")
    await gallery.look("check-let-pass")
    await page.goto(f"{path}/approve")
    await gallery.look("approve-own")
    await submit(page, "form[action$='/ask']")
    await page.context.clear_cookies()
    await enter(page, street, bruno)
    await page.goto(f"{path}/approve")
    await page.locator("details:has(#back-note) > summary").first.click()
    await page.locator("#back-note").fill("Presque.")
    await page.locator("details.about > summary").last.click()
    await page.locator("textarea[name^=remark-]:visible").fill("Quel jour ?")
    await gallery.look("approve-remarks")
    await submit(page, "form[action$='/back']")
    await gallery.look("decide-sent-back")
    await page.goto(f"{path}/approve")
    await submit(page, "form[action$='/approved']")
    await gallery.look("decide-approved")
    async with town.database.begin() as session:
        text = await freezing.frozen_text(session, campaign.id)
        letter = replace(
            Frozen.of_text(text).letter, body="# Une séance\n\nLa réunion est lundi.\n"
        )
        await freezing.refreeze(
            session,
            campaign_id=campaign.id,
            frozen=make.frozen(letter),
            to=await addressees.addressees_of(
                session, await session.get_one(Campaign, campaign.id)
            ),
            by=by,
            now=datetime.now(UTC),
        )
    await page.goto(f"{path}/approve")
    await gallery.look("approve")
    await submit(page, "form[action$='/approved']")
    await page.goto(f"{path}/release")
    await gallery.look("release")
    await page.goto(f"{path}/release?when=at&hour=hier")
    await gallery.look("release-wrong")
    await page.goto(f"{path}/release?when=now")
    await gallery.look("release-blocked")
    await page.goto(f"{path}/check")
    while await page.locator("form[action$='/tick']").count():
        await submit(page, "form[action$='/tick']")
    await page.goto(f"{path}/release?when=now")
    await gallery.look("release-last")
    await submit(page, "form[action$='/release']")
    await gallery.look("release-number")
    await page.locator("#typed").fill("3")
    await submit(page, "form[action$='/release']")
    await gallery.look("released")
    async with town.database.begin() as session:
        await scheduling.hold(
            session, campaign_id=campaign.id, reason=Sentence("quite another number of people")
        )
    await page.goto(path)
    await gallery.look("released-held")
    await submit(page, "form[action$='/stop']")
    await gallery.look("decide-stopped")
