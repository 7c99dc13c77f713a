"""A file holds one mail, or many if it is an mbox; none is passed over."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.mbox import mails_in

BEGINS = b"From MAILER-DAEMON Thu Dec  3 09:00:00 2026\n"


def read(raw: bytes, most: int = 1_000) -> list[bytes]:
    return list(mails_in(BytesIO(raw), most))


def test_each_mail_of_an_mbox_is_read_and_a_line_of_a_text_begins_none() -> None:
    first = BEGINS + b"Subject: a\n\nFrom here on: 1\n\nFrom now on we write less.\n\n"
    second = BEGINS + b"Subject: b\r\n\r\n>From x\n"
    assert read(first + second) == [first, second]
    assert read(first + second, 60) == [first[:60], second[:60]]


def test_a_file_that_is_no_mbox_is_one_mail_as_far_as_the_limit() -> None:
    mail = b"Subject: a\n\nText\n\n" + BEGINS + b"Subject: b\n"
    assert read(mail) == [mail]
    assert read(mail, 20) == [mail[:20]]
    assert read(b"x" * 50, 20) == [b"x" * 20]
    assert read(b"") == [b""]


@given(st.lists(st.binary(max_size=80), max_size=5), st.integers(1, 200))
def test_no_octets_of_a_file_take_long_or_are_more_than_asked(some: list[bytes], most: int) -> None:
    raw = BEGINS.join(some)
    found = read(raw, most)
    assert found
    assert all(len(it) <= most for it in found)
    assert b"".join(read(raw, len(raw) + 1)) == raw
