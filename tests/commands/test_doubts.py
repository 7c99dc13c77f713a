"""pli campaign settle and retry from the outside."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.links import Links
from mailer.models import CampaignState, Delivery, Status
from pli import keys as key_ring
from pli.database import Database
from pli.errors import PliError
from tests import factories as make
from tests.clock import NOW
from tests.commands.invoking import pli
from tests.factories import (
    IDENTITY,
    MAILBOX_FULL,
    QUEUED,
    UNKNOWN_USER,
    Copy,
)

COPIES = (
    Copy(Status.UNCERTAIN),
    Copy(Status.SENT, None, (QUEUED,)),
    Copy(Status.UNCERTAIN),
    Copy(Status.FAILED, "mailbox_full", (MAILBOX_FULL,)),
    Copy(Status.FAILED, "mailbox_full", (MAILBOX_FULL,)),
    Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),
)


@pytest.fixture(autouse=True)
def ids(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with a finished campaign; the Message-IDs of its copies."""
    monkeypatch.chdir(tmp_path)
    keys = key_ring.generate()
    key_ring.write(keys, tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    links = Links(keys, IDENTITY.public_url, IDENTITY.domain)

    async def fill() -> list[str]:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/pli.db")
        written = make.letter("# Titre\n")
        async with database.begin() as session:
            await make.a_campaign_with(
                session, COPIES, now=NOW, of=written, state=CampaignState.FINISHED, keys=keys
            )
            copies = await session.scalars(select(Delivery.id).order_by(Delivery.id))
            made = [links.marks(it, keys.current).message_id for it in copies]
        await database.close()
        return made

    return asyncio.run(fill())


def a_log(message_id: str, *, queued: bool = True) -> bytes:
    before = "Nov 24 09:00:00 relais postfix"
    lines = [f"{before}/cleanup[1]: 3F2A1B4C5D: message-id={message_id}"]
    if queued:
        lines.append(f"{before}/qmgr[2]: 3F2A1B4C5D: from=<b@example.org>, size=9 (queue active)")
    return "\n".join([*lines, ""]).encode()


def counted() -> tuple[int, int, int]:
    report = json.loads(pli("report", "1", "--json").stdout)
    assert report["balanced"]
    return report["sent"], report["uncertain"], report["failed"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_settles_what_it_shows_and_says_what_stays(
    ids: list[str], tmp_path: Path, packed: bool
) -> None:
    whole = a_log(ids[0]) + a_log(ids[2], queued=False) + a_log(ids[5])
    (tmp_path / "mail.log").write_bytes(gzip.compress(whole) if packed else whole)
    told = pli("campaign", "settle", "1", "--log", "mail.log")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "2 copies were in doubt.",
        "1 is settled: the log shows that the relay took it.",
        '1 stays in doubt: "pli campaign retry 1 --uncertain" sends it again.',
    ]
    assert counted() == (2, 1, 3)
    again = pli("campaign", "settle", "letter:294", "--log", "mail.log", "--json")
    assert json.loads(again.stdout) == {
        "campaign": 1, "in_doubt": 1, "settled": 0, "uncertain": 1,
    }  # fmt: skip


def test_several_logs_are_one_and_what_settled_a_copy_is_shown_with_it(
    ids: list[str], tmp_path: Path
) -> None:
    cleanup, queued, _ = a_log(ids[0]).split(b"\n")
    (tmp_path / "mail.log.1").write_bytes(cleanup + b"\n")
    (tmp_path / "mail.log").write_bytes(queued + b"\n")
    pli("campaign", "settle", "1", "--log", "mail.log.1", "--log", "mail.log")
    assert counted() == (2, 1, 3)
    assert "1 copy was in doubt until the relay's log told" in pli("report", "1").stdout
    assert "in doubt until the relay&#39;s log" in pli("report", "1", "--format", "html").stdout
    shown = pli("subscriber", "show", "membre1.0@example.org").stdout
    assert "the relay's log shows that it took the copy" in " ".join(shown.split())
    assert "mail.log:1: Nov 24" in " ".join(shown.split())
    held = json.loads(pli("subscriber", "show", "membre1.0@example.org", "--json").stdout)
    assert [it["source"] for it in held["copies"][0]["evidence"]] == ["log"]
    (row, *_) = csv.DictReader(pli("report", "1", "--format", "csv").stdout.splitlines())
    assert row["message_id"] == ids[0]


@pytest.mark.parametrize("written", [b"", b"Nov 24 09:00:00 relais exim[1]: 1a <= b@example.org\n"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_log_without_a_line_of_postfixs_is_told_and_offers_no_resending(
    tmp_path: Path, written: bytes, form: tuple[str, ...]
) -> None:
    (tmp_path / "mail.log").write_bytes(written)
    told = pli("campaign", "settle", "1", "--log", "mail.log", *form)
    assert told.exit_code == 0
    assert "not Postfix's" in told.stderr or "is Postfix's" in told.stderr
    assert "retry" not in told.output
    assert counted() == (1, 2, 3)


def test_a_log_that_cannot_be_read_is_refused_and_changes_nothing(
    ids: list[str], tmp_path: Path
) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(a_log(ids[0]) * 50)[:-20])
    cut = pli("campaign", "settle", "1", "--log", "cut.gz")
    assert isinstance(cut.exception, PliError)
    assert str(cut.exception).startswith("cut.gz: the compressed file is damaged")
    absent = pli("campaign", "settle", "1", "--log", "absent.log")
    assert isinstance(absent.exception, FileNotFoundError)
    assert pli("campaign", "settle", "1", "--log", ".").exit_code == 1
    assert pli("campaign", "settle", "1").exit_code == 2
    assert counted() == (1, 2, 3)


def test_a_file_that_is_no_log_settles_nothing(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(300_000))
    assert pli("campaign", "settle", "1", "--log", "zeros").exit_code == 0
    assert counted() == (1, 2, 3)


def test_the_failed_are_chosen_by_their_reply_and_shown_before_the_question() -> None:
    asked = pli("campaign", "retry", "1", "--failed", "--reply", "mailbox*FULL")
    assert isinstance(asked.exception, PliError)
    assert "Send 2 copies of campaign 1 again?" in str(asked.exception)
    assert "2" in asked.stderr
    assert "552 5.2.2 Mailbox full" in asked.stderr
    assert "550" not in asked.stderr
    assert counted() == (1, 2, 3)
    done = pli("campaign", "retry", "1", "--failed", "--reply", "mailbox*FULL", "--yes")
    assert done.stdout.startswith("2 copies wait again")
    assert counted() == (1, 2, 1)
    with sqlite3.connect("pli.db") as database:
        rows = database.execute("SELECT attempts FROM delivery WHERE status = 'pending'").fetchall()
        state = database.execute("SELECT state FROM campaign").fetchone()
    database.close()
    assert rows == [(1,), (1,)]
    assert state == ("running",)


def test_what_waits_again_in_a_paused_campaign_is_told_to_need_a_resume() -> None:
    with sqlite3.connect("pli.db") as database:
        database.execute("UPDATE campaign SET state = 'paused', finished_at = NULL")
    database.close()
    told = pli("campaign", "retry", "1", "--uncertain", "--yes")
    assert told.stdout == (
        '2 copies wait again, in a paused campaign: "pli campaign resume 1" goes on.\n'
    )


def test_a_machine_whose_clock_is_wrong_does_not_make_what_is_sent_again_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hour = timedelta(hours=1)
    monkeypatch.setattr("commands.doubts.now", lambda: datetime.now(UTC) + hour)
    pli("campaign", "retry", "1", "--failed", "--uncertain", "--yes")
    with sqlite3.connect("pli.db") as database:
        rows = database.execute(
            "SELECT max(next_attempt_at) <= datetime('now', '+1 second') FROM delivery"
            " WHERE status = 'pending' UNION ALL "
            "SELECT max(due_at) <= datetime('now', '+1 second') FROM batch WHERE pending > 0"
        ).fetchall()
    database.close()
    assert rows == [(1,), (1,)]


def test_where_no_copy_is_meant_nothing_changes_and_nobody_is_asked() -> None:
    none = pli("campaign", "retry", "1", "--failed", "--reply", "no such reply")
    assert none.stdout == "No copy of campaign 1 is meant by that: nothing changed.\n"
    assert pli("campaign", "retry", "1", "--reply", "x", "--uncertain").exit_code == 2
    assert pli("campaign", "retry", "1").exit_code == 2


def test_brackets_in_a_title_or_in_what_a_relay_said_are_shown_as_they_stand() -> None:
    reason = json.dumps({"text": "the relay said {reason}", "values": {"reason": "550 [/b] no"}})
    with sqlite3.connect("pli.db") as database:
        database.execute("UPDATE campaign SET title = 'Un [b]titre[/i]', reason = ?", [reason])
    database.close()
    shown = pli("campaign", "show", "1")
    assert shown.exit_code == 0
    assert "the relay said 550 [/b] no" in shown.stdout
    assert "Un [b]titre[/i]" in pli("campaign", "list").stdout
