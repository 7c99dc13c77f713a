"""What a Postfix log proves about copies, and what it does not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.ledger.postfix_log import Seen, TakenMessage, read
from tests.paths import ROOT

SPECIMENS = ROOT / "tests" / "specimens" / "postfix"
OURS = re.compile(r"<copy(\d+)@lettres\.example\.org>")


def copy_of(message_id: str) -> int | None:
    found = OURS.fullmatch(message_id)
    return int(found[1]) if found else None


def taken(text: str) -> list[TakenMessage]:
    return list(read([("mail.log", [it.encode() + b"\n" for it in text.splitlines()])], copy_of))


def from_specimen(name: str) -> list[TakenMessage]:
    with (SPECIMENS / name).open("rb") as file:
        return list(read([(name, file)], copy_of))


AT = "Nov 24 09:00:00 relais postfix"
CLEANUP = f"{AT}/cleanup[2]: 3F2A1B4C5D: message-id=<copy1@lettres.example.org>"
ACTIVE = f"{AT}/qmgr[3]: 3F2A1B4C5D: from=<bounce@example.org>, size=812, nrcpt=1 (queue active)"
REMOVED = f"{AT}/qmgr[3]: 3F2A1B4C5D: removed"
OTHER = f"{AT}/cleanup[2]: 3F2A1B4C5D: message-id=<other@example.org>"


def status(word: str, *, agent: str = "smtp", to: str = "jeanne@example.org") -> str:
    return (
        f"{AT}/{agent}[4]: 3F2A1B4C5D: to=<{to}>, relay=mx.example.org[192.0.2.1]:25, delay=1, "
        f"delays=0/0/0/1, dsn=2.0.0, status={word} (250 2.0.0 Ok)"
    )


@pytest.mark.parametrize(
    ("lines", "proved"),
    [
        ([CLEANUP], False),
        ([CLEANUP, REMOVED], False),
        ([CLEANUP, ACTIVE], True),
        ([CLEANUP, ACTIVE, status("sent"), REMOVED], True),
        ([CLEANUP, status("bounced")], True),
        ([CLEANUP, status("deferred", agent="lmtp")], True),
        ([CLEANUP, status("sent", agent="pipe")], True),
        ([ACTIVE, status("sent"), REMOVED], False),
        ([ACTIVE, CLEANUP], False),
        ([OTHER, ACTIVE, status("sent"), REMOVED], False),
        # Postfix uses the queue id again: these lines are about another message.
        ([CLEANUP, OTHER, ACTIVE, REMOVED], False),
        ([CLEANUP, f"{AT}/smtpd[1]: 3F2A1B4C5D: client=x[192.0.2.9]", ACTIVE], False),
        ([CLEANUP, f"{AT}/pickup[1]: 3F2A1B4C5D: uid=0 from=<root>", ACTIVE], False),
        # The same queue id on another instance or machine means another message.
        ([CLEANUP, ACTIVE.replace("postfix/", "postfix-out/")], False),
        ([CLEANUP, ACTIVE.replace("relais", "secours")], False),
        ([CLEANUP, f"{AT}/cleanup[2]: 3F2A1B4C5D: milter-reject: END-OF-MESSAGE: 4.7.1"], False),
        ([f"{AT}/smtpd[1]: NOQUEUE: reject: RCPT from x: <copy1@lettres.example.org>"], False),
    ],
)  # fmt: skip
def test_only_log_lines_of_a_queued_message_prove_that_the_relay_took_it(
    lines: list[str], proved: bool
) -> None:
    assert [it.delivery_id for it in taken("\n".join(lines))] == [1] * proved


def test_the_line_kept_is_the_last_word_on_the_delivery_and_names_nobody() -> None:
    (it,) = taken("\n".join([CLEANUP, ACTIVE, status("deferred"), status("sent"), ACTIVE, REMOVED]))
    assert it.number == 4
    assert "status=sent (250 2.0.0 Ok)" in it.line
    assert "to=<…>" in it.line
    assert "jeanne" not in it.line


def test_a_message_may_be_half_in_one_log_and_half_in_the_next() -> None:
    older, newer = CLEANUP.encode(), ACTIVE.encode()
    (it,) = read([("mail.log.1", [older]), ("mail.log", [b"", newer])], copy_of)
    assert (it.log, it.number) == ("mail.log", 2)
    assert list(read([("mail.log", [newer]), ("mail.log.1", [older])], copy_of)) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("syslog.log", {1: 6, 4: 22, 5: 26}), ("rfc3339.log", {1: 6, 2: 12, 3: 22})],
)
def test_specimens_are_read_as_is_written_beside_them(name: str, expected: dict[int, int]) -> None:
    first: dict[int, int] = {}
    for it in from_specimen(name):
        first.setdefault(it.delivery_id, it.number)
    assert first == expected


def test_what_postfix_3_7_itself_wrote_tells_lost_connections_apart() -> None:
    """Copies 2 and 6 were cut off in the middle, copies 4 and 8 right after the final dot.

    A real Postfix wrote this log, first with short queue ids, then with long ones.
    """
    assert {it.delivery_id for it in from_specimen("real.log")} == {1, 3, 4, 5, 7, 8}


def rfc5424(line: str, data: str = "-", mark: str = "") -> str:
    """A line of Postfix as RFC 5424 has it."""
    tag, _, said = line.removeprefix("Nov 24 09:00:00 relais ").partition(": ")
    name, _, pid = tag.rstrip("]").partition("[")
    return f"<22>1 2026-11-24T09:00:00.003Z relais {name} {pid} - {data} {mark}{said}"


def iso(line: str) -> str:
    return line.replace("Nov 24 09:00:00", "2026-11-24T09:00:00+0100")


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda it: f"mail-1  | {it}",
        lambda it: f"\x1b[36mmail_1  |\x1b[0m {it}",
        lambda it: f"2026-11-24T09:00:00.123456789Z {it}",
        lambda it: f"2026-11-24T09:00:00.123456789+01:00 stdout F {it}",
        lambda it: f"Nov 24 09:00:01 hôte docker/mail[812]: {it}",
        lambda it: json.dumps({"log": f"{it}\n", "stream": "stdout", "time": "2026"}),
        iso,
        lambda it: it.replace("Nov 24 09:00:00", "Nov 24 09:00:00.123456"),
        lambda it: it.replace("Nov 24 09:00:00", "Tue 2026-11-24 09:00:00 CET"),
        lambda it: it.replace("Nov 24 09:00:00", "1795507200.123456"),
        lambda it: json.dumps(
            {
                "_HOSTNAME": "relais",
                "SYSLOG_IDENTIFIER": it.split()[4].partition("[")[0],
                "MESSAGE": it.partition(": ")[2],
            }
        ),
        lambda it: f"Nov 24 09:00:01 collecteur {it}",
        lambda it: f"2026-11-24T09:00:01+01:00 192.0.2.1 <22>{it}",
        lambda it: f"<22>{it}",
        lambda it: it.replace("relais postfix", "relais mail.info postfix"),
        rfc5424,
        lambda it: rfc5424(it, '[origin ip="192.0.2.1"]'),
        lambda it: rfc5424(it, "-", "\ufeff"),
        lambda it: f"300 {rfc5424(it)}",
        lambda it: it.replace("postfix/", "postfix-out/submission/"),
    ],
)
def test_what_carries_a_log_may_write_before_its_lines(wrapped: Callable[[str], str]) -> None:
    text = "\n".join(wrapped(it) for it in (CLEANUP, ACTIVE, status("sent"), REMOVED))
    assert [it.delivery_id for it in taken(text)] == [1]
    assert taken("\n".join(wrapped(it) for it in (CLEANUP, REMOVED))) == []


def test_lines_that_are_not_postfixs_are_told_from_those_that_are() -> None:
    seen = Seen()
    lines = [
        b"exim[12]: 1abcde-000001-AB <= a@example.org",
        b'{"level": "info", "msg": "postfix is not here"}',
        b"{",
        b"",
        f"{AT}/smtpd[1]: connect from x[192.0.2.9]".encode(),
    ]
    assert list(read([("mail.log", lines)], copy_of, seen)) == []
    assert (seen.lines, seen.of_postfix) == (5, 1)


def test_what_a_client_makes_postfix_write_is_no_line_of_its_own() -> None:
    forged = ACTIVE.partition("relais ")[2]
    for said in (
        f"{AT}/smtpd[1]: warning: header Subject: relais {forged}",
        f"{AT}/cleanup[2]: 4F00000001: message-id=<x relais {forged}>",
        f"{AT}/smtpd[1]: NOQUEUE: reject: helo=<relais {forged}>",
    ):
        assert taken("\n".join([CLEANUP, said])) == []


@pytest.mark.parametrize("piece", ["a", "/", " a/", "postfix/", " [", "postfix/qmgr 1 ", "| "])
def test_a_line_is_read_in_a_time_in_proportion_to_its_length(piece: str) -> None:
    def seconds(n: int) -> float:
        line = (piece * n).encode()
        began = time.process_time()
        list(read([("", [line] * 20)], copy_of))
        return time.process_time() - began

    assert min(seconds(8_000) for _ in range(3)) < 4 * min(seconds(4_000) for _ in range(3)) + 0.02


PIECES = st.sampled_from(
    [CLEANUP, ACTIVE, REMOVED, OTHER, status("sent"), CLEANUP[:60], "\0", "status=", "Nov 24 ", ""]
)


@given(
    st.lists(st.binary(max_size=80) | PIECES.map(str.encode) | st.text(max_size=40).map(str.encode))
)
def test_any_lines_at_all_are_read_without_a_crash(lines: list[bytes]) -> None:
    for it in read([("", lines)], copy_of):
        assert it.delivery_id == 1
        assert 1 <= it.number <= len(lines)
