"""Each kept mail is read as its sheet says: what it is, of whom, why, and how much that weighs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailer.bounces import keeping
from mailer.bounces.mail import opened
from mailer.bounces.reading import read
from mailer.bounces.report import Report, Weight
from mailer.bounces.whose import is_our_own, whose
from tests.paths import ROOT
from tests.specimens.bounces import written
from tests.specimens.bounces.pieces import TOKENS

FOLDER = ROOT / "tests" / "specimens" / "bounces"
MAILS = sorted(FOLDER.rglob("*.eml"))
HARDNESS = (
    Weight.NONE, Weight.TEMPORARY, Weight.POLICY, Weight.LIKELY, Weight.COMPLAINT, Weight.CERTAIN,
)  # fmt: skip


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def sheet_of(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
    return read


def told(report: Report) -> dict[str, Any]:
    recipients = [
        {
            "address": it.recipient.address,
            "action": it.recipient.action.value,
            "reason": it.verdict.reason.value,
            "weight": it.verdict.weight.value,
        }
        for it in report.recipients
    ]
    return {"kind": report.kind.value, "recipients": recipients}


@pytest.mark.parametrize("file", MAILS, ids=name_of)
def test_a_specimen_is_read_as_its_sheet_says(file: Path) -> None:
    raw, sheet = file.read_bytes(), sheet_of(file)
    report = read(raw)
    assert told(report) == {name: sheet[name] for name in ("kind", "recipients")}
    mail = opened(raw)
    owner = whose(mail, "", report.envelope_id, TOKENS)
    found = owner.number if owner else None
    if found is None and is_our_own(mail, TOKENS):
        found = TOKENS.of_message_id(mail.first("message-id"))
    assert found == sheet["delivery"]


@pytest.mark.parametrize("file", MAILS, ids=name_of)
def test_what_is_kept_of_a_mail_reads_as_the_whole_and_holds_no_letter(file: Path) -> None:
    raw = file.read_bytes()
    kept = keeping.unpacked(keeping.packed(raw))
    report = read(raw)
    assert read(kept) == report
    envelope_id = report.envelope_id
    assert whose(opened(kept), "", envelope_id, TOKENS) == whose(
        opened(raw), "", envelope_id, TOKENS
    )
    assert len(kept) <= keeping.MOST
    if opened(raw).returned:
        assert "l'assemblée se tient jeudi".encode() not in kept


def harder() -> Iterator[str]:
    for file in MAILS:
        sheet = {it["address"]: Weight(it["weight"]) for it in sheet_of(file)["recipients"]}
        for it in read(file.read_bytes()).recipients:
            most = sheet.get(it.recipient.address, Weight.NONE)
            if HARDNESS.index(it.verdict.weight) > HARDNESS.index(most):
                yield f"{name_of(file)}: {it.verdict.weight} of {it.recipient.address!r}"


def test_no_specimen_is_read_harder_than_its_sheet_says() -> None:
    assert list(harder()) == []


def test_there_are_specimens_of_real_servers_and_of_each_weight() -> None:
    assert len(MAILS) >= 120
    servers = {file.stem.partition("-")[0] for file in MAILS if file.parent.name == "real"}
    assert servers == {"postfix", "exim", "opensmtpd"}
    weights = {it["weight"] for file in MAILS for it in sheet_of(file)["recipients"]}
    assert weights == {it.value for it in Weight}


def test_what_is_kept_is_what_the_script_writes() -> None:
    for name, mail, sheet in written.specimens():
        file = FOLDER / "written" / f"{name}.eml"
        assert file.read_bytes() == mail
        assert sheet_of(file) == json.loads(json.dumps(sheet))
