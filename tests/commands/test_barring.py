"""What the answers of a relay bar, taken back or believed from the terminal."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from commands import doubts, resuming
from mailer.bounce_models import Bounce, Effect
from mailer.bounces import burst as bursts
from mailer.campaign import barring, lifecycle
from mailer.models import Campaign, CampaignState, Delivery, Stage, Status
from mailer.outcomes import judge
from mailer.refusals import Refused
from pli import keys as key_ring
from pli.database import Database
from pli.errors import PliError
from tests import factories as make
from tests.clock import NOW
from tests.commands.invoking import pli
from tests.factories import MAILBOX_FULL, QUEUED, UNKNOWN_USER, Copy

UNKNOWN = Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,))
FULL = Copy(Status.FAILED, "mailbox_full", (MAILBOX_FULL,))
NOT_US = Copy(Status.FAILED, "other", ((550, "", "relay not permitted"),))
SENT = Copy(Status.SENT, None, (QUEUED,))

Fill = Callable[..., None]


@pytest.fixture(autouse=True)
def fill(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Fill an installation with one campaign; `then` is done to it in the same transaction."""
    monkeypatch.chdir(tmp_path)
    keys = key_ring.generate()
    key_ring.write(keys, tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")

    def filled(
        *copies: Copy,
        state: CampaignState = CampaignState.FINISHED,
        then: Callable[[AsyncSession, Campaign], Awaitable[Any]] | None = None,
    ) -> None:
        async def fill() -> None:
            database = Database(f"sqlite+aiosqlite:///{tmp_path}/pli.db")
            async with database.begin() as session:
                campaign = await make.a_campaign_with(
                    session, copies, now=NOW, state=state, keys=keys
                )
                if then is not None:
                    await then(session, campaign)
            await database.close()

        asyncio.run(fill())

    return filled


async def barred(session: AsyncSession, campaign: Campaign) -> None:
    """Each address that was called unknown is suppressed, as at the end of a campaign."""
    await barring.suppress(session, campaign_id=campaign.id, now=NOW)


async def in_a_burst(session: AsyncSession, campaign: Campaign) -> None:
    """The answers that called somebody unknown wait, and paused the campaign."""
    ids = await session.scalars(select(Delivery.id).where(Delivery.reason == "unknown_user"))
    kept = {
        "campaign_id": campaign.id, "provider": "other", "at": NOW, "action": "failed",
        "reason": "unknown_user", "weight": "certain", "status": "5.1.1", "diagnostic": "",
        "remote": "", "how": "session", "effect": Effect.WAITING,
    }  # fmt: skip
    await session.execute(insert(Bounce), [{**kept, "delivery_id": it} for it in ids])
    burst = await session.run_sync(bursts.burst, campaign.id)
    assert burst is not None
    await lifecycle.pause(session, campaign_id=campaign.id, reason=burst.tell())


def counted() -> dict[str, int]:
    report = json.loads(pli("report", "1", "--json").stdout)
    return {name: report[name] for name in ("sent", "failed", "pending")}


def is_barred(n: int) -> bool:
    shown = json.loads(pli("subscriber", "show", f"membre1.{n}@example.org", "--json").stdout)
    return bool(shown["suppressed"])


def answering(monkeypatch: pytest.MonkeyPatch, *answers: bool) -> list[str]:
    """A person at the terminal; what is asked."""
    asked: list[str] = []
    left = list(answers)

    def confirm(question: Any, *, yes: bool) -> bool:
        asked.append(str(question))
        return yes or left.pop(0)

    for module in (resuming, doubts):
        monkeypatch.setattr(module, "confirm", confirm)
    monkeypatch.setattr(resuming, "at_a_terminal", lambda: True)
    return asked


def test_a_set_is_barred_and_lifted_by_its_campaign_and_its_replies(fill: Fill) -> None:
    fill(UNKNOWN, UNKNOWN, FULL, SENT)
    assert "2 addresses are barred." in pli("subscriber", "suppress", "--campaign", "1").stdout
    assert [is_barred(it) for it in range(4)] == [True, True, False, False]
    told = pli("report", "1").stdout
    assert "2 addresses that were called unknown are barred" in " ".join(told.split())
    assert told.count("The address is barred") == 2
    assert "The address is barred" in pli("report", "1", "--format", "html").stdout
    none = pli("subscriber", "lift", "--campaign", "1", "--reply", "mailbox full")
    assert "No address is barred by an answer in campaign 1." in none.stdout
    some = pli("subscriber", "lift", "--campaign", "letter:294", "--reply", "550*no such user")
    assert "2 addresses may be written to again" in some.stdout
    assert not any(is_barred(it) for it in range(4))


def test_a_lift_of_a_campaign_leaves_what_people_have_said(fill: Fill) -> None:
    fill(UNKNOWN, UNKNOWN, then=barred)
    pli("subscriber", "suppress", "membre1.0@example.org")
    pli("subscriber", "lift", "--campaign", "1")
    assert [is_barred(it) for it in range(2)] == [True, False]


def test_a_complaint_is_lifted_only_if_its_person_asked(fill: Fill) -> None:
    fill(SENT)
    address = "membre1.0@example.org"
    pli("subscriber", "suppress", address, "--reason", "complaint")
    refused = pli("subscriber", "lift", address).exception
    assert isinstance(refused, PliError)
    assert refused.lines("en") == [
        f"{address}: the person complained, and only the person can come back: if they asked you "
        "for letters again, say so with --person-asked"
    ]
    assert is_barred(0)
    asked = pli("subscriber", "lift", "--campaign", "1", "--person-asked")
    assert "--person-asked goes with one address" in asked.stderr
    assert pli("subscriber", "lift", address, "--person-asked").exit_code == 0
    assert not is_barred(0)
    again = str(pli("subscriber", "lift", address, "--person-asked").exception)
    assert again == f"{address} was not suppressed."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name an address, or --campaign"),
        (("a@example.org", "--campaign", "1"), "name an address, or --campaign"),
        (("a@example.org", "--reply", "x"), "add --campaign"),
    ],
)
@pytest.mark.parametrize("verb", ["lift", "suppress"])
def test_what_is_meant_must_be_said(
    fill: Fill, verb: str, words: tuple[str, ...], said: str
) -> None:
    fill(UNKNOWN)
    result = pli("subscriber", verb, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_campaign_that_is_not_there_and_a_pattern_that_is_too_long_are_refused(
    fill: Fill,
) -> None:
    fill(UNKNOWN)
    assert "there is no campaign 7" in str(pli("subscriber", "lift", "--campaign", "7").exception)
    for words in (
        ("subscriber", "lift", "--campaign", "1"),
        ("campaign", "retry", "1", "--failed"),
    ):
        result = pli(*words, "--reply", "*a" * 30_000)
        assert "no answer is longer than" in str(result.exception)


def test_a_pattern_of_many_stars_is_answered_at_once(fill: Fill) -> None:
    fill(UNKNOWN)
    assert pli("subscriber", "lift", "--campaign", "1", "--reply", "*" * 400 + "z").exit_code == 0


def test_retry_leaves_out_whom_an_answer_barred_and_says_how_to_lift(fill: Fill) -> None:
    fill(UNKNOWN, UNKNOWN, FULL, then=barred)
    told = pli("campaign", "retry", "1", "--failed", "--yes")
    assert '2 of these addresses are barred and left out: "pli subscriber lift' in told.stderr
    assert "1 copy waits again" in told.stdout
    assert counted() == {"sent": 0, "failed": 2, "pending": 1}
    again = pli("campaign", "retry", "1", "--failed", "--lift", "--yes")
    assert "2 copies wait again" in again.stdout
    assert not is_barred(0)


def test_retry_offers_to_lift_what_an_answer_barred(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(UNKNOWN, UNKNOWN, FULL, then=barred)
    asked = answering(monkeypatch, True, True)
    assert pli("campaign", "retry", "1", "--failed").exit_code == 0
    assert "2 of these addresses are barred" in asked[0]
    assert "Send 3 copies" in asked[1]
    assert counted() == {"sent": 0, "failed": 0, "pending": 3}


def test_resume_asks_whether_a_burst_was_right(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(*[UNKNOWN] * 12, state=CampaignState.RUNNING, then=in_a_burst)
    asked = answering(monkeypatch, True)
    told = pli("campaign", "resume", "1").stdout
    assert asked == [
        "The relay called 12 addresses unknown, and a fault there may be why. Bar them all?"
    ]
    assert "12 addresses are barred." in told
    assert is_barred(11)


def test_resume_offers_to_send_again_what_is_not_barred(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*[UNKNOWN] * 12, FULL, state=CampaignState.RUNNING, then=in_a_burst)
    asked = answering(monkeypatch, False, True)
    told = pli("campaign", "resume", "1").stdout
    assert asked[1] == "12 copies were refused before the pause. Send them again?"
    assert "12 copies wait again." in told
    assert counted() == {"sent": 0, "failed": 1, "pending": 12}
    assert not is_barred(0)


def test_resume_without_a_terminal_bars_nobody_and_says_how(fill: Fill) -> None:
    fill(*[UNKNOWN] * 12, state=CampaignState.RUNNING, then=in_a_burst)
    told = pli("campaign", "resume", "1")
    assert told.exit_code == 0
    assert "12 addresses that the relay called unknown are not barred" in told.stdout
    assert "12 copies were refused before the pause" in told.stdout
    assert not is_barred(0)
    assert json.loads(pli("campaign", "show", "1", "--json").stdout)["state"] == "running"


@pytest.mark.parametrize(("option", "expected"), [("--bar", True), ("--no-bar", False)])
def test_resume_is_told_beforehand(fill: Fill, option: str, expected: bool) -> None:
    fill(*[UNKNOWN] * 12, state=CampaignState.RUNNING, then=in_a_burst)
    assert pli("campaign", "resume", "1", option).exit_code == 0
    assert is_barred(0) is expected


def test_resume_sends_again_what_was_refused_in_the_same_words(fill: Fill) -> None:
    async def paused(session: AsyncSession, campaign: Campaign) -> None:
        refused = Refused(6, 8, judge(Stage.RCPT, 550, "relay not permitted"))
        await lifecycle.pause(session, campaign_id=campaign.id, reason=refused.tell())

    fill(*[NOT_US] * 6, FULL, UNKNOWN, SENT, state=CampaignState.RUNNING, then=paused)
    told = pli("campaign", "resume", "1", "--again").stdout
    assert "6 copies wait again." in told
    assert counted() == {"sent": 1, "failed": 2, "pending": 6}


def test_a_pause_by_hand_asks_nothing(fill: Fill) -> None:
    async def paused(session: AsyncSession, campaign: Campaign) -> None:
        paused_by_hand = update(Campaign).where(Campaign.id == campaign.id)
        await session.execute(paused_by_hand.values(state=CampaignState.PAUSED))

    fill(UNKNOWN, FULL, SENT, then=paused)
    told = pli("campaign", "resume", "1")
    assert len(told.stdout.splitlines()) == 1
