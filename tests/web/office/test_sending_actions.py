"""What can be done to a sending from its page: done to a real one, or refused in words."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account
from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign
from mailer.ledger import balance
from mailer.models import CampaignState
from mailer.report import summary
from mailer.report.summary import Report
from pli import audit
from pli.audit import AuditAction, AuditObject
from pli.database import Database
from pli.hours import zone_of
from pli.keys import Keys
from tests import factories as make
from tests.mailer.engine.running import prepared, state_of, working
from tests.relay import DROP, Relay
from tests.waiting import until_true
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.person import Person, Town, a_town
from tests.web.office.signed import signed_in

EFFECTIVE = 2.0
FULL, UNKNOWN, LOST = "p000@example.org", "p001@example.org", "p002@example.org"
REPLIES = {
    (FULL, "rcpt", 1): "552 5.2.2 this mailbox is full",
    (UNKNOWN, "rcpt", 1): "550 5.1.1 no such user",
    (LOST, "body-received", 1): DROP,
}
"""By recipient, stage and time: one mailbox is full at first, one is unknown, one copy is lost."""
WHY = "Il faut que ça parte."


def some_fail(stage: str, recipient: str, times: int) -> str | None:
    return REPLIES.get((recipient, stage, times))


@asynccontextmanager
async def at_the_page(
    database: Database, keys: Keys, count: int
) -> AsyncIterator[tuple[Town, Person, Account, int]]:
    """Somebody who sends, before the page of a sending that has begun."""
    now = datetime.now(UTC)
    async with a_town(database, keys, now) as town:
        anne = await town.hire("anne", Right.SENDER)
        campaign_id = await prepared(database, keys, now, count=count, batch_size=20)
        async with town.somebody() as person:
            await signed_in(town, person, anne)
            yield town, person, anne, campaign_id


async def report_of(database: Database, campaign_id: int) -> Report:
    """The report of a sending, whose sum is right."""
    async with database.reading() as session:
        assert await balance.faults(session, campaign_id=campaign_id) == []
        return await summary.report(session, campaign_id)


async def noted(database: Database, campaign_id: int, by: Account) -> set[tuple[AuditAction, str]]:
    """What somebody did to a sending, and why, by the audit."""
    async with database.reading() as session:
        page = await audit.events(
            session, kind=AuditObject.CAMPAIGN, object_id=campaign_id, account_id=by.id
        )
    return {(it.action, it.why) for it in page.events}


async def is_finished(database: Database, campaign_id: int) -> bool:
    return await state_of(database, campaign_id) is CampaignState.FINISHED


async def test_failed_copies_of_one_reason_go_again_and_a_lost_one_if_somebody_takes_the_risk(
    database: Database, keys: Keys
) -> None:
    with Relay(script=some_fail).running() as relay:
        async with (
            at_the_page(database, keys, 12) as (_town, anne, account, campaign_id),
            working(database, keys, relay.url),
        ):
            at = f"/office/sendings/{campaign_id}"
            await until_true(lambda: is_finished(database, campaign_id))
            report = await report_of(database, campaign_id)
            assert (report.sent, report.failed, report.uncertain) == (9, 2, 1)

            await anne.go(f"{at}/retry")
            assert "The mailbox is full. (1)" in anne.text
            page = await anne.send(f"{at}/retry", reason="mailbox_full", why=WHY)
            assert (page.url.path, page.status_code) == (at, 200)
            await until_true(lambda: relay.recipients[FULL] == 1)
            await until_true(lambda: is_finished(database, campaign_id))
            assert relay.times["rcpt", UNKNOWN] == 1, "another reason was not meant"

            await anne.go(f"{at}/doubts")
            assert "Who is sent such a copy again may get the letter twice." in anne.text
            empty = await anne.send(f"{at}/doubts", how="log", log="nothing of ours", why=WHY)
            assert empty.status_code == 422
            assert "is meant by that: nothing changed" in anne.text
            await anne.send(f"{at}/doubts", how="resend", why=WHY)
            await until_true(lambda: relay.recipients[LOST] == 1)
            await until_true(lambda: is_finished(database, campaign_id))
        report = await report_of(database, campaign_id)
        assert (report.sent, report.failed, report.uncertain) == (11, 1, 0)
        assert (AuditAction.RETRIED, WHY) in await noted(database, campaign_id, account)


@pytest.mark.proof
@pytest.mark.parametrize("act", ["hours", "cancel"])
async def test_hours_and_an_end_take_effect_within_two_seconds(
    database: Database, keys: Keys, act: str
) -> None:
    with Relay(delay=0.1).running() as relay:
        async with (
            at_the_page(database, keys, 400) as (town, anne, account, campaign_id),
            working(database, keys, relay.url),
        ):
            at = f"/office/sendings/{campaign_id}"
            await until_true(lambda: len(relay.received) > 10)
            await anne.go(f"{at}/{act}")
            clocks = town.clock.at.astimezone(zone_of(account.zone))
            quiet = "-".join(f"{clocks + timedelta(hours=it):%H:%M}" for it in (-1, 1))
            name, typed = {"hours": ("quiet", quiet), "cancel": ("rest", "give_up")}[act]
            page = await anne.send(f"{at}/{act}", None, **{"why": WHY, name: typed})
            pressed = time.monotonic()
            assert page.status_code == 200
            # What does not stop would arrive by tens a second.
            await until_true(lambda: time.monotonic() > pressed + 2 * EFFECTIVE)
            late = [it for it in relay.arrivals() if it > pressed + EFFECTIVE + relay.lag]
            assert late == []
        report = await report_of(database, campaign_id)
        if act == "cancel":
            assert report.state is CampaignState.CANCELLED
            assert report.skipped_for == {"cancelled": report.skipped}
            assert report.sent + report.skipped == 400
        else:
            assert report.state is CampaignState.RUNNING
            assert report.pending > 0
        done = {"hours": AuditAction.HOURS_CHANGED, "cancel": AuditAction.CANCELLED}[act]
        assert (done, WHY) in await noted(database, campaign_id, account)


async def test_who_comes_too_late_is_told_so_and_nothing_changes(
    database: Database, keys: Keys
) -> None:
    answers = {
        "pause": {},
        "resume": {},
        "hours": {"quiet": "21:00-07:00"},
        "cancel": {"rest": "give_up"},
        "retry": {"reason": ""},
        "doubts": {"how": "resend"},
    }
    async with at_the_page(database, keys, 3) as (town, anne, account, campaign_id):
        at = f"/office/sendings/{campaign_id}"
        forms = {}
        for act in answers:
            await anne.go(f"{at}/{act}")
            forms[act] = anne.forms()[f"{at}/{act}"]
            if act == "resume":
                assert "with 3 copies that have not left yet." in anne.text
        async with database.begin() as session:
            await lifecycle.cancel(session, campaign_id=campaign_id, now=town.clock.at)
        for act, typed in answers.items():
            await anne.go(f"{at}/{act}")
            page = await anne.send(f"{at}/{act}", None, **(forms[act] | typed | {"why": WHY}))
            assert page.status_code == 422, act
            assert f"campaign {campaign_id}" in anne.text.lower(), act
            assert WHY in anne.text, "what was typed is still there"
        async with database.reading() as session:
            campaign = await find_campaign(session, campaign_id)
            assert (campaign.state, campaign.quiet_hours) == (CampaignState.CANCELLED, None)
        assert await noted(database, campaign_id, account) == set()


async def test_a_sending_that_is_prepared_begins_by_its_button_and_the_number_that_is_typed(
    database: Database, keys: Keys
) -> None:
    now = datetime.now(UTC)
    rules = an_office_that_sends(keys=keys, two=False, above=2)
    with Relay().running() as relay:
        async with (
            a_town(database, keys, now, rules) as town,
            town.somebody() as anne,
            working(database, keys, relay.url),
        ):
            account = await town.hire("anne", Right.SENDER)
            async with database.begin() as session:
                members = await make.a_list(session, "membres", now=now)
                await make.members(session, keys, members, 3, now=now)
                campaign = await make.a_campaign(session, keys, [members], now=now, started=False)
            await signed_in(town, anne, account)
            at = f"/office/sendings/{campaign.id}"
            await anne.go(at)
            assert f'href="{at}/start"' in anne.text
            await anne.go(f"{at}/start")
            assert "It leaves for 3 people." in anne.text
            assert (await anne.send(f"{at}/start", typed="2")).status_code == 422
            assert "type the number of people" in anne.text
            assert relay.received == []
            await anne.send(f"{at}/start", typed="3", why=WHY)
            await until_true(lambda: is_finished(database, campaign.id))
            assert len(relay.received) == 3
        assert (AuditAction.STARTED, WHY) in await noted(database, campaign.id, account)
