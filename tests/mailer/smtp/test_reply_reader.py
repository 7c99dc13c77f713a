"""Replies are read alike however the network cuts them, and no reply crashes the reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.outcomes import TEXT_LIMIT
from mailer.smtp.reply_reader import LONGEST_LINE, MOST_LINES, ReplyReader, printable

LINES = st.one_of(
    st.sampled_from(
        [b"250 2.0.0 Ok\r\n", b"250-a\r\n", b"250 b\n", b"354\r\n", b"550-5.1.1 no\r\n", b"\r\n"]
    ),
    st.from_regex(rb"\A[1-6][0-9][0-9][ -][ -~]{0,8}\r?\n\Z"),
    st.binary(max_size=12),
    st.just(b"250 " + b"x" * LONGEST_LINE),
    st.just(b"250-\r\n" * (MOST_LINES - 1)),
)
SPOKEN = st.lists(LINES, max_size=8).map(b"".join)


def read(*chunks: bytes) -> tuple[list[tuple[int, str]], str]:
    reader = ReplyReader()
    return [reply for chunk in chunks for reply in reader.feed(chunk)], reader.fault


@given(SPOKEN, st.lists(st.integers(0, 60), max_size=12))
def test_the_same_bytes_are_the_same_replies_however_they_are_cut(
    spoken: bytes, cuts: list[int]
) -> None:
    chunks, rest = [], spoken
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    assert read(*chunks, rest) == read(spoken)
    replies, _ = read(spoken)
    assert all(200 <= code < 600 and text.isprintable() for code, text in replies)


@given(SPOKEN)
def test_byte_by_byte_is_the_same_too(spoken: bytes) -> None:
    assert read(*(spoken[n : n + 1] for n in range(len(spoken)))) == read(spoken)


def test_several_lines_are_one_reply_with_its_enhanced_code_once() -> None:
    assert read(b"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n") == (
        [(550, "5.1.1 no such user")],
        "",
    )
    assert read(b"250-one\n250-\n250 two\n")[0] == [(250, "one  two")]


def test_what_comes_behind_a_fault_is_not_read() -> None:
    replies, fault = read(b"250 ok\r\nhello\r\n250 ok\r\n", b"250 ok\r\n")
    assert (replies, fault) == ([(250, "ok")], "the relay answered what is no reply: hello")
    assert read(b"250-yes\r\n550 no\r\n")[1] == "a reply contradicts itself: 550 no"
    assert read(b"250-\r\n" * (MOST_LINES + 1))[1] == "the reply is too long"
    assert read(b"x" * (LONGEST_LINE + 1))[1] == "the reply is too long"


def test_what_would_harm_a_table_or_a_terminal_is_a_space() -> None:
    assert read(b"550 a\x00b\x1b[2Jc \xff\r\n")[0] == [(550, "a b [2Jc \ufffd")]


def test_a_reply_that_has_begun_is_known() -> None:
    reader = ReplyReader()
    for chunk, begun in [(b"25", True), (b"0 ok\r\n", False), (b"250-x\r\n", True)]:
        reader.feed(chunk)
        assert reader.in_the_middle is begun


@given(
    st.integers(1, MOST_LINES),
    st.text("aé€😀 @.", min_size=0, max_size=900),
    st.sampled_from([b"4.3.2 ", b""]),
)
def test_a_reply_is_cut_before_anybody_reads_it(lines: int, text: str, enhanced: bytes) -> None:
    line = enhanced + text.encode()[:3_900]
    spoken = b"421-" + line + b"\r\n"
    ((code, told),), fault = read(spoken * (lines - 1) + b"421 " + line + b"\r\n")
    assert (code, fault) == (421, "")
    assert len(told) <= TEXT_LIMIT
    whole = printable(line.decode("utf-8", "replace"))
    assert told.startswith(whole[: min(len(whole), TEXT_LIMIT)])


def test_lines_that_nobody_keeps_still_count() -> None:
    assert read(b"421-x\r\n" * (MOST_LINES + 1))[1] == "the reply is too long"
    assert read(b"421-" + b"x" * 4_000 + b"\r\n", b"421-x\r\n" * MOST_LINES)[1] != ""
    replies, fault = read(b"250-a\r\n250 b\r\n" * 90)
    assert (len(replies), fault) == (90, "")
