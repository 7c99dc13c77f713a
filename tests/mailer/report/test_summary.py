"""What a report counts of a campaign, on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import update

from mailer.models import Batch, Campaign, CampaignState, Status
from mailer.report import summary
from mailer.report.summary import ReportError
from pli.database import Database
from tests import factories as make


async def test_the_document_has_the_keys_scripts_rely_on_and_adds_up(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    async with database.reading() as session:
        report = await summary.report(session, campaign.id)
    assert report.as_json() == {
        "campaign": campaign.id,
        "letter": 294,
        "lists": ["membres"],
        "segment": None,
        "state": "running",
        "candidates": 11,
        "excluded": {"left": 2, "suppressed": 1},
        "prepared": 8,
        "pending": 1,
        "sending": 1,
        "sent": 2,
        "failed": 2,
        "skipped": 1,
        "uncertain": 1,
        "balanced": True,
        "started_at": "2026-11-24T09:00:00Z",
        "finished_at": None,
        "failures": {
            "unknown_user": 1,
            "mailbox_full": 1,
            "policy": 0,
            "too_large": 0,
            "gave_up": 0,
            "other": 0,
        },
        "bounces": {},
    }
    assert report.skipped_for == {"left": 1}


async def test_progress_counts_by_the_batches_what_the_report_counts_by_the_rows(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    async with database.reading() as session:
        progress = await summary.progress(session, campaign.id)
        report = await summary.report(session, campaign.id)
    assert [progress.of(it) for it in Status] == [report.of(it) for it in Status]
    assert progress.next_try_at == now
    assert progress.state is CampaignState.RUNNING


async def test_a_batch_that_counts_otherwise_than_its_rows_is_named(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
        await session.execute(update(Batch).where(Batch.number == 2).values(sent=Batch.sent + 1))
    async with database.reading() as session:
        report = await summary.report(session, campaign.id)
    assert not report.balanced
    assert "batch 2" in str(report.faults[0])


async def test_excluded_counts_that_are_not_the_rows_are_noticed(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
        await session.execute(update(Campaign).values(excluded={"left": 1}))
    async with database.reading() as session:
        assert not (await summary.report(session, campaign.id)).balanced


async def test_a_campaign_called_finished_with_copies_in_work_is_not_balanced(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now, state=CampaignState.FINISHED)
    async with database.reading() as session:
        report = await summary.report(session, campaign.id)
    assert not report.balanced
    assert "2 copies" in str(report.faults[0])


async def test_a_campaign_without_copies_yet_reports_nothing_and_balances(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, (), now=now, state=CampaignState.DRAFT)
    async with database.reading() as session:
        report = await summary.report(session, campaign.id)
        progress = await summary.progress(session, campaign.id)
    assert report.balanced
    assert progress.candidates == 0
    assert report.candidates == 0


async def test_a_campaign_is_found_by_its_id_and_by_its_letter_the_latest(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        first = await make.a_campaign_with(session, (), now=now)
        second = await make.a_campaign_with(session, (), now=now, list_name="autres")
    async with database.reading() as session:
        assert await summary.find(session, str(first.id)) == first.id
        assert await summary.find(session, "letter:294") == second.id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("99", "there is no campaign 99"),
        ("letter:7", "no campaign of letter 7"),
        ("lettre 294", "write its id"),
        ("letter:", "write its id"),
        ("-1", "write its id"),
        ("letter:9999999999", "write its id"),
        ("9" * 5000, "write its id"),
    ],
)
async def test_a_name_that_names_no_campaign_is_told(
    database: Database, name: str, said: str
) -> None:
    async with database.reading() as session:
        with pytest.raises(ReportError, match=said):
            await summary.find(session, name)


async def test_a_campaign_that_is_not_there_has_no_report(database: Database) -> None:
    async with database.reading() as session:
        for verb in (summary.report, summary.progress):
            with pytest.raises(ReportError, match="there is no campaign 99"):
                await verb(session, 99)
