"""The journal: which notes outlive a process, and what a missing note proves."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle
from mailer.engine import journal as journal_module
from mailer.engine.journal import Journal, Notes
from mailer.ledger import balance, claiming, leasing, recovery, settling
from mailer.ledger.journal_record import Note
from mailer.ledger.rows import LeasedBatch
from mailer.models import (
    Attempt,
    Batch,
    Campaign,
    CampaignState,
    Delivery,
    Evidence,
    Stage,
    Status,
)
from mailer.outcomes import Kind, Outcome, Result, judge
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.mailer.engine.killed_worker import close_as_killed

TAKEN = LeasedBatch(id=7, campaign_id=3, number=1, lease=2**62 + 5, takings=1)
FINE = judge(Stage.BODY, 250, "2.0.0 Ok: queued as 4F1A2B3C", 12)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", "ours")


def test_a_file_whose_process_died_before_naming_it_goes_after_a_minute(journal: Journal) -> None:
    close_as_killed(journal.begin(TAKEN.id, TAKEN.lease, "relay:25"))
    old, fresh = (journal._folder / name for name in ("old.new", "fresh.new"))
    for path in (old, fresh):
        path.touch()
    os.utime(old, (0, 0))
    with journal.left_behind() as found:
        assert len(list(found)) == 1
    assert (old.exists(), fresh.exists()) == (False, True)


def test_what_was_noted_is_read_back_once_its_writer_is_dead(journal: Journal) -> None:
    notes = journal.begin(TAKEN.id, TAKEN.lease, "relay:25")
    notes.leaves(1, 1)
    notes.leaves(2, 1)
    notes.told(1, 1, FINE)
    assert journal.record(TAKEN.lease) is None, "its writer lives"
    close_as_killed(notes)
    record = journal.record(TAKEN.lease)
    assert record is not None
    assert record.complete
    assert record.relay == "relay:25"
    assert record.notes[1].outcome == FINE
    assert record.notes[2].outcome is None
    assert 3 not in record.notes


def test_a_settled_taking_leaves_no_file(journal: Journal, tmp_path: Path) -> None:
    journal.begin(TAKEN.id, TAKEN.lease, "relay:25").close(all_settled=True)
    assert list((tmp_path / "journal").iterdir()) == []
    assert journal.record(TAKEN.lease) is None


def test_a_journal_of_an_earlier_boot_proves_only_what_it_says(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = journal.begin(TAKEN.id, TAKEN.lease, "relay:25")
    notes.told(1, 1, FINE)
    close_as_killed(notes)
    monkeypatch.setattr(journal_module, "boot_id", lambda: "another")
    record = journal.record(TAKEN.lease)
    assert record is not None
    assert not record.complete
    assert record.notes[1].outcome == FINE


def test_the_journal_of_another_installation_is_left_alone(
    journal: Journal, tmp_path: Path
) -> None:
    close_as_killed(
        Journal(tmp_path / "journal", "theirs").begin(TAKEN.id, TAKEN.lease, "relay:25")
    )
    with journal.left_behind() as found:
        assert list(found) == []
    assert len(list((tmp_path / "journal").iterdir())) == 1


def test_a_full_disk_is_told_before_the_copy_leaves_and_the_file_stays_readable(
    journal: Journal,
) -> None:
    notes = journal.begin(TAKEN.id, TAKEN.lease, "relay:25")
    size = os.fstat(notes._descriptor).st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    noted = 0
    told: int | None = None
    try:
        for noted in range(10_000):
            notes.leaves(noted + 1, 1)
    except OSError as error:
        told = error.errno
        notes.told(noted, 1, FINE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told == errno.EFBIG
    assert noted > 1_000
    notes.leaves(noted + 1, 1)
    close_as_killed(notes)
    record = journal.record(TAKEN.lease)
    assert record is not None
    assert record.complete
    assert set(record.notes) == set(range(1, noted + 2))
    assert record.notes[noted] == Note(1), "what there was no room for is left out whole"


def test_a_note_cut_off_by_a_crash_does_not_count(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = journal.begin(TAKEN.id, TAKEN.lease, "relay:25")
    notes.leaves(1, 1)
    monkeypatch.setattr(notes, "_end_note", lambda *_: None)
    notes.told(1, 1, FINE)
    close_as_killed(notes)
    record = journal.record(TAKEN.lease)
    assert record is not None
    assert record.notes == {1: Note(1)}
    assert record.complete, "what is not in it was never written"


@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"o".__add__))
def test_a_journal_with_any_content_is_read_without_a_crash(data: bytes) -> None:
    notes, _whole = journal_module._notes(data)
    assert all(note.number >= 0 for note in notes.values())


@given(
    st.integers(1, 2**63 - 1),
    st.integers(1, 100),
    st.sampled_from(Kind),
    st.sampled_from(Stage),
    st.integers(0, 599),
    st.text(max_size=500),
    st.integers(0, 2**31),
)
def test_every_outcome_comes_back_as_it_was(
    delivery: int, number: int, kind: Kind, stage: Stage, code: int, text: str, took: int
) -> None:
    text = text.encode("utf-8", "replace").decode()
    outcome = Outcome(kind, stage, code, text, took)
    with tempfile.TemporaryFile() as file:
        file.truncate(8192)
        Notes(os.dup(file.fileno()), Path("nowhere"), 0).told(delivery, number, outcome)
        notes, whole = journal_module._notes(file.read())
    assert whole
    assert (notes[delivery].number, notes[delivery].outcome) == (number, outcome)


# How the ledger uses a journal, on both databases


async def six_claimed(
    database: Database, keys: Keys, now: datetime
) -> tuple[LeasedBatch, list[int]]:
    """A running campaign with six copies, all in work."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 6, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now, batch_size=10)
        batch_id = await session.scalar(select(Batch.id).where(Batch.campaign_id == campaign.id))
        assert batch_id is not None
    async with database.begin() as session:
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=4711)
        assert taken is not None
        window = await session.run_sync(claiming.claim, taken, size=6)
    return taken, sorted(row.id for row in window.rows)


async def statuses(session: AsyncSession, ids: list[int]) -> list[str]:
    rows = await session.execute(select(Delivery.id, Delivery.status).order_by(Delivery.id))
    return [row.status.value for row in rows if row.id in ids]


async def test_after_a_kill_only_what_was_on_the_wire_is_in_doubt(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    for id_ in ids[:4]:
        notes.leaves(id_, 1)
    notes.told(ids[0], 1, FINE)
    notes.told(ids[1], 1, judge(Stage.RCPT, 550, "5.2.2 full"))
    notes.told(ids[2], 1, judge(Stage.BODY, 451, "4.3.0 later"))
    close_as_killed(notes)
    async with database.begin() as session:
        await leasing.end_leases(session)
    async with database.begin() as session:
        again = await session.run_sync(
            leasing.take, batch_id=taken.id, lease=4712, find_record=journal.record
        )
        assert again is not None
        assert await statuses(session, ids) == [
            "sent",
            "failed",
            "pending",
            "uncertain",
            "pending",
            "pending",
        ]
        attempts = (await session.execute(select(Attempt).order_by(Attempt.delivery_id))).scalars()
        assert [(it.delivery_id, it.relay, it.outcome) for it in attempts] == [
            (ids[0], "relay:25", "sent"),
            (ids[1], "relay:25", "failed"),
            (ids[2], "relay:25", "deferred"),
        ]
    async with database.reading() as session:
        assert await balance.faults(session, campaign_id=taken.campaign_id) == []


async def test_later_truth_corrects_what_another_worker_called_uncertain(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    for id_ in ids[:3]:
        notes.leaves(id_, 1)
    for id_ in ids[:2]:
        notes.told(id_, 1, FINE)
    close_as_killed(notes)
    async with database.begin() as session:
        await session.execute(update(Batch).values(lease=None))
        # Another machine, without that journal file, takes the batch.
        elsewhere = await session.run_sync(leasing.take, batch_id=taken.id, lease=4712)
        assert elsewhere is not None
        assert set(await statuses(session, ids)) == {"uncertain"}
        await session.run_sync(leasing.release, elsewhere)
        await lifecycle.finish(session, campaign_id=taken.campaign_id, now=now)
    with journal.left_behind() as found:
        for record in found:
            async with database.begin() as session:
                assert await session.run_sync(recovery.replay, record) == taken.campaign_id
                assert await session.run_sync(lifecycle.reopen, campaign_id=taken.campaign_id)
            journal.forget(record)
    async with database.reading() as session:
        assert await statuses(session, ids) == ["sent"] * 2 + ["uncertain"] + ["pending"] * 3
        known = (await session.execute(select(Evidence).order_by(Evidence.delivery_id))).scalars()
        assert [(it.delivery_id, it.source.value, it.status.value) for it in known] == [
            (ids[0], "journal", "sent"),
            (ids[1], "journal", "sent"),
            *((id_, "journal", "pending") for id_ in ids[3:]),
        ]
        assert await balance.faults(session, campaign_id=taken.campaign_id) == []
    assert journal.record(taken.lease) is None


async def test_while_one_process_replays_a_journal_another_may_take_its_batch(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    for id_ in ids[:3]:
        notes.leaves(id_, 1)
        notes.told(id_, 1, FINE)
    close_as_killed(notes)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(resend_uncertain=True))
        await leasing.end_leases(session)
    with journal.left_behind() as found:
        heard = next(found)
        async with database.begin() as session:
            find_record = journal.record
            assert await session.run_sync(
                leasing.take, batch_id=taken.id, lease=4712, find_record=find_record
            )
        async with database.begin() as session:
            assert await session.run_sync(recovery.replay, heard) is None
    async with database.reading() as session:
        assert await statuses(session, ids) == ["sent"] * 3 + ["pending"] * 3
        assert not (await session.scalars(select(Evidence.id))).all()
        assert not any(await session.scalars(select(Delivery.doubted)))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_two_processes_that_replay_one_journal_record_it_once(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    for id_ in ids:
        notes.leaves(id_, 1)
        notes.told(id_, 1, FINE)
    close_as_killed(notes)
    async with database.begin() as session:
        await leasing.end_leases(session)
        assert await session.run_sync(leasing.take, batch_id=taken.id, lease=4712)
    record = journal.record(taken.lease)
    assert record is not None

    async def replay() -> None:
        async with database.begin() as session:
            await session.run_sync(recovery.replay, record)

    async with database.begin() as session:
        await session.run_sync(recovery.replay, record)
        other = asyncio.create_task(replay())
        await asyncio.sleep(0.3)
    await other
    async with database.reading() as session:
        assert len((await session.scalars(select(Evidence.id))).all()) == len(ids)


async def test_without_a_journal_all_copies_in_work_are_uncertain(
    database: Database, keys: Keys, now: datetime
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    async with database.begin() as session:
        await leasing.end_leases(session)
        await session.run_sync(leasing.take, batch_id=taken.id, lease=4712)
        assert set(await statuses(session, ids)) == {"uncertain"}


async def test_a_note_of_an_earlier_try_says_nothing_of_the_next(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    later = judge(Stage.RCPT, 451, "4.7.1 greylisted")
    notes.leaves(ids[0], 1)
    notes.told(ids[0], 1, later)
    async with database.begin() as session:
        await session.run_sync(
            settling.settle,
            taken,
            [Result(ids[0], 1, now.timestamp(), later)],
            relay="relay:25",
            delays=[0.0],
            now=now,
        )
        await session.run_sync(claiming.claim, taken, size=6)
    close_as_killed(notes)
    async with database.begin() as session:
        await leasing.end_leases(session)
        await session.run_sync(
            leasing.take, batch_id=taken.id, lease=4712, find_record=journal.record
        )
        assert (await statuses(session, ids))[0] == "pending"
        assert await session.scalar(select(Attempt.number)) == 1


async def test_copies_that_a_cancelled_campaign_never_wrote_are_skipped(
    database: Database, keys: Keys, now: datetime, journal: Journal
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    close_as_killed(journal.begin(taken.id, taken.lease, "relay:25"))
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=taken.campaign_id, now=now)
    with journal.left_behind() as found:
        for record in found:
            async with database.begin() as session:
                assert None is await session.run_sync(recovery.replay, record)
    async with database.reading() as session:
        assert set(await statuses(session, ids)) == {"skipped"}
        assert (await session.scalar(select(Campaign.state))) is CampaignState.CANCELLED
        assert await balance.faults(session, campaign_id=taken.campaign_id) == []


async def test_a_worker_that_seemed_dead_gives_back_what_it_never_wrote(
    database: Database, keys: Keys, now: datetime
) -> None:
    taken, ids = await six_claimed(database, keys, now)
    async with database.begin() as session:
        await session.execute(update(Batch).values(lease=None))
        other = await session.run_sync(leasing.take, batch_id=taken.id, lease=4712)
        assert other is not None
    async with database.begin() as session:
        await session.run_sync(claiming.put_back, taken, ids)
        assert set(await statuses(session, ids)) == {Status.PENDING.value}
    async with database.reading() as session:
        assert await balance.faults(session, campaign_id=taken.campaign_id) == []
