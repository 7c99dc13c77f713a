"""What a Postfix log proves about copies, and what it does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.ledger.postfix_log import TakenMessage, read
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
