"""An import in slices: others get through, and one that was stopped goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from time import monotonic

import pytest
from sqlalchemy import func, select

from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from subscribers import csv_reading, importing, lists, optout, status_words
from subscribers.csv_reading import Sheet
from subscribers.import_report import ImportReport
from subscribers.importing import ImportFault, Work
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    Import,
    ImportState,
    Subscriber,
    Subscription,
    Suppression,
)
from subscribers.slice_pace import LARGEST, SMALLEST, TARGET_SECONDS, SlicePace

WORDS = ("inscrit", "inscrit", "désinscrit", "inscrit", "bounced", "inscrit", "plainte")


def people(count: int) -> str:
    """People with and without a no, a line that is nobody, and an address that comes again."""
    words: Iterator[str] = cycle(WORDS)
    rows = [f"p{n}@example.org;Zoé;{next(words)}\n" for n in range(count)]
    return "Courriel;Prénom;Statut\n" + "".join(rows) + "Dupont;Jean;\nP0@example.org;Zoé;\n"


@dataclass
class Office:
    database: Database
    keys: Keys
    now: datetime
    list_id: int

    async def begin(self, sheet: Sheet, source: str = "fichier", rows: int = 3) -> Work:
        async with self.database.begin() as session:
            work = await importing.begin(
                session,
                sheet,
                list_id=self.list_id,
                basis=Basis.MEMBER,
                source=source,
                keys=self.keys,
                file="membres.csv",
                by=Actor.system("secrétariat"),
                now=self.now,
            )
        work.pace.rows = rows
        return work

    async def run(
        self, work: Work, progress: Callable[[int], None] = lambda _: None
    ) -> ImportReport:
        return await importing.run_in_slices(
            self.database, work, progress=progress, now=lambda: self.now
        )

    async def kept(self) -> list[tuple[int, int, int, ImportState]]:
        async with self.database.reading() as session:
            rows = await importing.everything(session)
            return [(it.row.rows, it.row.line, it.row.objected, it.row.state) for it in rows]

    async def counts(self) -> list[int | None]:
        async with self.database.reading() as session:
            return [
                await session.scalar(select(func.count()).select_from(it))
                for it in (Subscriber, Subscription, ConsentRecord, Suppression)
            ]


@pytest.fixture
async def office(database: Database, keys: Keys, now: datetime) -> Office:
    async with database.begin() as session:
        joined = await lists.create(session, name="comite", now=now)
    return Office(database, keys, now, joined.id)


def told(report: ImportReport) -> tuple[object, ...]:
    told: list[tuple[int, Sentence]] = [(it.line, it.reason) for it in report.rejected]
    return (
        report.added,
        report.updated,
        report.unchanged,
        report.objected,
        report.left,
        report.suppressed,
        [(line, str(reason)) for line, reason in told],
    )


class Killed(Exception):
    """What a process that is killed between two slices comes to, for a test."""


async def test_slices_come_to_what_the_whole_import_comes_to(office: Office) -> None:
    sheet = csv_reading.read(people(40).encode())
    async with office.database.begin() as session:
        whole = await lists.create(session, name="autre", now=office.now)
        expected = await importing.preview(session, sheet, list_id=whole.id, keys=office.keys)
    report = await office.run(await office.begin(sheet))
    assert told(report) == told(expected)
    assert report.rows == 42
    assert (report.added, report.left, report.suppressed) == (23, 6, 11)
    assert await office.counts() == [29, 29, 29, 11]
    assert await office.kept() == [(42, 43, 17, ImportState.FINISHED)]


async def test_an_import_that_was_stopped_goes_on_behind_its_last_row(office: Office) -> None:
    sheet = csv_reading.read(people(40).encode())

    def killed(rows: int) -> None:
        if rows > 15:
            raise Killed

    with pytest.raises(Killed):
        await office.run(await office.begin(sheet), killed)
    (rows, line, _, state), *others = await office.kept()
    assert others == []
    assert state is ImportState.RUNNING
    assert 15 < rows == line - 1 < 42
    # Whoever left in between stays away.
    async with office.database.begin() as session:
        person = await session.scalar(
            select(Subscriber.id).where(Subscriber.email == "p0@example.org")
        )
        assert person is not None
        await optout.unsubscribe(
            session, subscriber_id=person, list_id=office.list_id, source="lien", now=office.now
        )
    again = await office.begin(sheet)
    assert (again.resumed_after, again.rows) == (line, rows)
    report = await office.run(again)
    assert (report.added, report.left, report.suppressed, report.rows) == (23, 6, 11, 42)
    assert [(it.line, str(it.reason)) for it in report.rejected] == [
        (42, "there is no @ in the address"),
        (43, "the address stands on line 2 already"),
    ]
    assert await office.counts() == [29, 29, 30, 11]
    assert await office.kept() == [(42, 43, 17, ImportState.FINISHED)]
    # Finished is finished: the same file again is an import of its own, and changes nothing.
    once_more = await office.begin(sheet)
    assert once_more.resumed_after is None
    assert (await office.run(once_more)).unchanged == 22
    assert await office.counts() == [29, 29, 30, 11]


async def test_another_file_list_source_or_answer_does_not_go_on(office: Office) -> None:
    sheet = csv_reading.read(people(9).encode())
    begun = await office.begin(sheet)
    assert (await office.begin(sheet)).id == begun.id
    assert (await office.begin(sheet, source="autre")).id != begun.id
    assert (await office.begin(csv_reading.read(people(10).encode()))).id != begun.id
    answers = status_words.read_answers(["inscrit=left"])
    async with office.database.reading() as session:
        for statuses, found in (
            (status_words.survey(sheet), begun.id),
            (status_words.survey(sheet, answers), None),
        ):
            row = await importing.find_stopped(
                session,
                sheet,
                list_id=office.list_id,
                basis=Basis.MEMBER,
                source="fichier",
                statuses=statuses,
            )
            assert (row.id if row else None) == found


async def test_two_that_write_one_import_write_no_row_twice(office: Office) -> None:
    sheet = csv_reading.read(people(20).encode())
    first, second = await office.begin(sheet), await office.begin(sheet)
    assert (await office.run(first)).added == 12
    with pytest.raises(ImportFault, match="another process writes import 1"):
        await office.run(second)
    assert (await office.counts())[0] == 15


async def test_what_a_slice_could_not_write_is_not_in(office: Office) -> None:
    sheet = csv_reading.read(people(20).encode())
    work = await office.begin(sheet)
    assert work.read_ahead()

    async def killed_before_its_commit() -> None:
        async with office.database.begin() as session:
            await importing.write_slice(session, work, now=office.now)
            raise Killed

    with pytest.raises(Killed):
        await killed_before_its_commit()
    assert (work.saved_rows, work.rows) == (0, 3)
    assert await office.counts() == [0, 0, 0, 0]
    assert (await office.run(await office.begin(sheet))).added == 12


async def test_who_leaves_waits_for_a_slice_and_not_for_the_file(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    """Two databases over one file are as two processes: each waits for the file's lock alone."""
    count = 2_000
    ours, theirs = Database(sqlite_url), Database(sqlite_url)
    async with ours.begin() as session:
        joined = await lists.create(session, name="comite", now=now)
    office = Office(ours, keys, now, joined.id)
    work = await office.begin(csv_reading.read(people(count).encode()), rows=50)
    importing_ = asyncio.create_task(office.run(work))
    waited = []
    while not importing_.done():
        begun = monotonic()
        async with theirs.begin() as session:
            person = await session.scalar(
                select(Subscriber.id)
                .join(Subscription, Subscription.subscriber_id == Subscriber.id)
                .where(Subscription.state != "left")
                .limit(1)
            )
            if person is not None:
                await optout.unsubscribe(
                    session,
                    subscriber_id=person,
                    list_id=office.list_id,
                    source="lien",
                    now=datetime.now(UTC),
                )
        waited.append(monotonic() - begun)
        await asyncio.sleep(0.05)
    assert (await importing_).rows == count + 2
    assert len(waited) > 2
    assert max(waited) < 2
    async with ours.reading() as session:
        left = await session.scalar(
            select(func.count()).where(
                ConsentRecord.event == ConsentEvent.LEFT, ConsentRecord.source == "lien"
            )
        )
        assert left is not None
        assert left >= len(waited) - 1
        assert await session.scalar(select(Import.state)) is ImportState.FINISHED
    await ours.close()
    await theirs.close()


@pytest.mark.parametrize("rows_a_second", [40, 900, 5_000, 200_000])
def test_a_slice_takes_its_time_on_any_machine(rows_a_second: int) -> None:
    pace = SlicePace()
    for _ in range(30):
        seconds = pace.rows / rows_a_second
        pace.learn(pace.rows, seconds)
    assert SMALLEST <= pace.rows <= LARGEST
    taken = pace.rows / rows_a_second
    assert taken <= max(TARGET_SECONDS, SMALLEST / rows_a_second) * 1.01


def test_a_machine_that_slows_down_gets_small_slices_at_once_and_grows_by_steps() -> None:
    pace = SlicePace(1_000)
    pace.learn(1_000, 5.0)
    assert pace.rows == 40
    pace.learn(40, 0.001)
    assert pace.rows == 80
