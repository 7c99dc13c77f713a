"""What a journal proves about a row that a dead worker left in work: a table of all cases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.ledger.journal_record import Findings, JournalRecord, Note, Orphan, classify
from mailer.models import Stage, Status
from mailer.outcomes import Outcome, Result, judge

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 24, 8, 59, tzinfo=UTC)
TAKEN_IT = judge(Stage.BODY, 250, "2.0.0 ok")

IN_DOUBT = Findings(in_doubt={7})
UNWRITTEN = Findings(unwritten={7})
NOTHING = Findings()


def answered(at: datetime, outcome: Outcome = TAKEN_IT) -> Findings:
    return Findings(answered=[Result(7, 2, at.timestamp(), outcome)])


def record(note: Note | None, *, complete: bool) -> JournalRecord:
    notes = {} if note is None else {7: note}
    return JournalRecord(1, 4711, "relay:25", complete=complete, notes=notes)


HANDED_OVER = Note(2)
OF_THE_FIRST_TRY = Note(1, EARLIER, TAKEN_IT)
TOLD = Note(2, EARLIER, TAKEN_IT)
TOLD_WITHOUT_AN_HOUR = Note(2, None, TAKEN_IT)


@pytest.mark.parametrize(
    ("status", "found", "expected"),
    [
        (Status.SENDING, None, IN_DOUBT),
        (Status.UNCERTAIN, None, IN_DOUBT),
        (Status.SENDING, record(None, complete=False), IN_DOUBT),
        (Status.SENDING, record(None, complete=True), UNWRITTEN),
        (Status.UNCERTAIN, record(None, complete=True), UNWRITTEN),
        (Status.SENDING, record(HANDED_OVER, complete=True), IN_DOUBT),
        (Status.UNCERTAIN, record(HANDED_OVER, complete=True), IN_DOUBT),
        (Status.SENDING, record(TOLD, complete=True), answered(EARLIER)),
        (Status.SENDING, record(TOLD, complete=False), answered(EARLIER)),
        (Status.UNCERTAIN, record(TOLD, complete=True), answered(EARLIER)),
        (Status.SENDING, record(TOLD_WITHOUT_AN_HOUR, complete=True), answered(NOW)),
        # The note is of an earlier try, which is settled; nothing is noted of this try.
        (Status.SENDING, record(OF_THE_FIRST_TRY, complete=True), UNWRITTEN),
        (Status.SENDING, record(OF_THE_FIRST_TRY, complete=False), IN_DOUBT),
        # The worker itself settled the row as uncertain: no later finding will come.
        (Status.UNCERTAIN, record(OF_THE_FIRST_TRY, complete=True), NOTHING),
        (Status.UNCERTAIN, record(Note(3, EARLIER, TAKEN_IT), complete=True), NOTHING),
    ],
)
def test_a_row_is_judged_by_what_its_journal_can_prove(
    status: Status, found: JournalRecord | None, expected: Findings
) -> None:
    assert classify([Orphan(7, 1, status)], found, NOW) == expected


def test_each_row_is_judged_by_its_own_note() -> None:
    notes = {1: Note(1), 2: Note(1, EARLIER, TAKEN_IT)}
    found = classify(
        [Orphan(id_, 0, Status.SENDING) for id_ in (1, 2, 3)],
        JournalRecord(1, 4711, "relay:25", complete=True, notes=notes),
        NOW,
    )
    assert found.in_doubt == {1}
    assert [it.delivery_id for it in found.answered] == [2]
    assert found.unwritten == {3}
