"""The demo shows excluded, failed, retried and skipped copies, not only sent ones."""

from __future__ import annotations

import csv
import io
import mailbox
import re
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.journeys.installation import Installation
from tests.waiting import until


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    return Installation(tmp_path, 0)


def test_the_demo_walks_the_whole_road_and_its_sum_is_right(empty: Installation) -> None:
    said = empty.pli("demo", "--once", "--json", "--dir", "demo")
    report = said.json
    assert (report["state"], report["balanced"]) == ("finished", True)
    assert report["candidates"] == sum(report["excluded"].values()) + report["prepared"]
    assert {"suppressed", "left", "unconfirmed"} <= set(report["excluded"])
    assert min(report["failures"][it] for it in ("unknown_user", "mailbox_full")) >= 1
    assert report["skipped"] == 2
    assert (report["uncertain"], report["pending"], report["sending"]) == (0, 0, 0)
    kept = mailbox.Maildir(empty.folder / "demo" / "inbox", create=False)
    assert len(kept) == report["sent"]
    csv_rows = empty.pli("--config", "demo/pli.toml", "report", "1", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(csv_rows)))
    assert len(rows) == report["candidates"]
    delivered = {mail["Delivered-To"] for mail in kept}
    assert delivered == {row["email"] for row in rows if row["status"] == "sent"}
    retried = [row for row in rows if row["status"] == "sent" and row["attempts"] == "2"]
    assert retried
    with sqlite3.connect(empty.folder / "demo" / "pli.db") as connection:
        people = connection.execute("SELECT count(*) FROM subscriber").fetchone()[0]
        lists = connection.execute("SELECT count(*) FROM list").fetchone()[0]
    connection.close()
    assert (people, lists) == (240, 2)
    office = empty.pli("--config", "demo/pli.toml", "user", "list", "--json").json
    assert {it["address"]: list(it["rights"]) for it in office} == {
        it["address"]: it["roles"] for it in report["office"]
    }
    assert [it["roles"] for it in report["office"]] == [["author"], ["sender"], ["reader", "who"]]


def test_the_demo_refuses_a_folder_that_is_not_empty(empty: Installation) -> None:
    (empty.folder / "full").mkdir()
    (empty.folder / "full" / "thing").touch()
    said = empty.pli("demo", "--dir", "full", code=1)
    assert "is not empty" in said.err
    assert [it.name for it in (empty.folder / "full").iterdir()] == ["thing"]


@pytest.mark.proof
def test_the_demo_takes_as_many_recipients_as_one_asks_for(empty: Installation) -> None:
    report = empty.pli("demo", "--once", "--json", "--recipients", "1000").json
    assert report["balanced"]
    assert report["sent"] > 100


@pytest.mark.proof
def test_the_demo_stays_to_be_looked_at_until_ctrl_c(empty: Installation) -> None:
    with empty.running("demo", "--dir", "demo") as process:
        lines: list[str] = []

        def says_how_to_stop() -> bool:
            lines.append(process.stdout.readline())
            return "Ctrl-C" in lines[-1]

        until(says_how_to_stop)
        shown = "".join(lines)
        links = re.findall(r"http://127\.0\.0\.1:(\d+)(/\S*)", shown)
        port = int(links[0][0])
        there = Installation(empty.folder, port)
        pages = {path: there.get(path) for _, path in links}
        assert len(pages) == 3
        assert {status for status, _ in pages.values()} == {200}
        assert f"http://localhost:{port}/office/sendings/" in shown
        invitations = re.findall(rf"http://localhost:{port}(/office/link/\S{{43}})\n", shown)
        assert len(set(invitations)) == 3
        report = next(path for _, path in re.findall(r"(Report:)\s+http://[^/]+(/\S+)", shown))
        for invitation, sees_people in zip(invitations, (False, None, True), strict=True):
            assert _sees_people(port, invitation, report) is sees_people
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def _sees_people(port: int, invitation: str, report: str) -> bool | None:
    """Come in by an invitation; whether one may see who got it, or None without the report."""
    from_here = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
    with httpx.Client(base_url=f"http://localhost:{port}", headers=from_here) as client:
        page = client.get(invitation)
        for path, typed in (
            (invitation, {}),
            ("/office/enrol/password", {"password": "quatre grands bateaux bleus"}),
        ):
            token = re.search(r'name="token" value="([^"]+)"', page.text)
            assert token is not None
            page = client.post(path, data={"token": token[1], **typed})
        shown = client.get(report)
        assert "@" not in shown.text
        copies = client.get(f"{report}/copies")
    return "@" in copies.text if shown.status_code == 200 else None
