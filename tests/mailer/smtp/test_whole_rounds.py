"""The four replies of a round have one result, whether they are read at once or one by one."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast

import pytest

from mailer.models import Stage
from mailer.outcomes import Kind, accepted, judge
from mailer.smtp.session import JOINED, SMTPSession
from mailer.smtp.transaction import Extensions, Timeouts
from tests.mailer.smtp.parcels import Parcel

OPENING = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n"
GOOD = ("250 2.0.0 Ok: queued as A", "250 2.1.0 Ok", "250 2.1.5 Ok", "354 Go on")
OTHERS = (
    "251 2.1.0 as you like",
    "421 4.3.2 closing",
    "450 4.2.0 later",
    "550 5.1.1 nobody",
    "354 Go on",
    "299 odd",
)


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.joined = 0
        self.aborted = False

    def write(self, data: Any) -> None:
        self.joined += 1
        self.written.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.written.append(b"".join(list_of_data))

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


class Talk:
    """A conversation over a `Wire`, with a few copies to carry; it waits for a body's answer."""

    def __init__(self, parcels: list[Parcel], limit: int = 100) -> None:
        self.wire = Wire()
        self.parcels = parcels
        waiting = deque(parcels)
        self.put_back: list[Parcel] = []
        self.ended: list[bool] = []
        self.conversation = SMTPSession(
            self.wire,
            Extensions(pipelining=True, size=True, eightbit=True, smtputf8=True, size_limit=0),
            lambda: waiting.popleft() if waiting else None,
            cast("Any", self.put_back.append),
            lambda _, useful: self.ended.append(useful),
            limit,
            Timeouts(),
        )
        self.conversation.nudge()
        self.conversation.data_received(OPENING)

    def came_to(self) -> tuple[object, ...]:
        """All that can be seen from outside, except how long it took."""
        return (
            [[it._replace(milliseconds=0) for it in parcel.outcomes] for parcel in self.parcels],
            [parcel.back for parcel in self.parcels],
            [parcel.rcpt_to for parcel in self.put_back],
            b"".join(self.wire.written),
            self.wire.aborted,
            self.ended,
            self.conversation.idle,
            self.conversation.why,
        )


class Unnoted(Parcel):
    """A copy that raises an unexpected error when its leaving is noted."""

    def leaves(self) -> bool:
        raise ValueError("mmap closed or invalid")


def parcels(second: type[Parcel] = Parcel, *, wanted: bool = True) -> list[Parcel]:
    return [Parcel("one"), second("two", wanted=True), Parcel("three", wanted=wanted)]


def rounds() -> list[bytes]:
    """A good round; then rounds with one reply changed, added, left out or broken."""
    found: list[tuple[str, ...]] = [GOOD]
    for place in range(4):
        found += [(*GOOD[:place], other, *GOOD[place + 1 :]) for other in OTHERS]
    found += [(*GOOD, "250 2.0.0 one more"), GOOD[:3], ("250-2.0.0 in\r\n250 2.0.0 two", *GOOD[1:])]
    whole = ["".join(f"{line}\r\n" for line in lines).encode() for lines in found]
    return [*whole, whole[0] + b"250 2.0", whole[0] + b"\x16\x03\x01\r\n", whole[0][:-2]]


@pytest.mark.parametrize("said", rounds(), ids=repr)
@pytest.mark.parametrize("limit", [2, 100])
def test_a_round_in_one_piece_has_the_same_result_as_line_by_line(said: bytes, limit: int) -> None:
    whole = Talk(parcels(), limit)
    whole.conversation.data_received(said)
    for cut in range(1, len(said)):
        apart = Talk(parcels(), limit)
        apart.conversation.data_received(said[:cut])
        if not apart.wire.aborted:
            apart.conversation.data_received(said[cut:])
        # Bytes that come right behind a 354 mean something else than the same bytes a moment later.
        if not (whole.wire.aborted and "spoke before" in whole.conversation.why):
            assert apart.came_to() == whole.came_to(), f"cut after {said[:cut]!r}"


def test_a_whole_good_round_settles_one_copy_and_hands_over_the_next() -> None:
    talk = Talk(parcels())
    talk.conversation.data_received("".join(f"{line}\r\n" for line in GOOD).encode())
    first, second, third = talk.parcels
    assert [it.kind for it in first.outcomes] == [Kind.SENT]
    assert first.outcomes[0].text == "2.0.0 Ok: queued as A"
    assert second.outcomes == third.outcomes == []
    assert talk.wire.written[-1].endswith(b".\r\nMAIL FROM:<bounce+three@example.org> SIZE=37\r\n"
                                          b"RCPT TO:<three@example.org>\r\nDATA\r\n")  # fmt: skip


def test_a_copy_that_must_not_leave_any_more_is_given_back_behind_a_whole_round() -> None:
    talk = Talk(parcels())
    talk.parcels[1].wanted = False
    talk.conversation.data_received("".join(f"{line}\r\n" for line in GOOD).encode())
    assert talk.wire.aborted
    assert [len(it.outcomes) for it in talk.parcels] == [1, 0, 0]
    assert [it.back for it in talk.parcels] == [0, 1, 0]


@pytest.mark.parametrize("cut", [None, 30])
def test_what_fails_before_a_body_leaves_is_told_of_its_own_copy(cut: int | None) -> None:
    said = "".join(f"{line}\r\n" for line in GOOD).encode()
    talk = Talk(parcels(Unnoted))
    if cut:
        talk.conversation.data_received(said[:cut])
    with pytest.raises(ValueError, match="mmap"):
        talk.conversation.data_received(said[cut or 0 :])
    talk.conversation.connection_lost(None)
    (outcome,) = talk.parcels[1].outcomes
    assert (outcome.kind, outcome.stage) == (Kind.DEFERRED, Stage.DATA)
    assert talk.put_back == []


def test_what_a_body_is_answered_with_2xx_is_judged_alike_by_both_roads() -> None:
    for code in (200, 250, 251, 299):
        text = "2.0.0 " + "x" * 1_000
        assert accepted(code, text, 7) == judge(Stage.BODY, code, text, 7)


@pytest.mark.parametrize(("size", "joined"), [(JOINED, True), (JOINED + 1, False)])
def test_small_bodies_are_joined_and_large_ones_handed_over_piece_by_piece(
    size: int, joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = [b"x" * (size - 20), b"y" * 20]
    monkeypatch.setattr(Parcel, "compose", lambda _: list(body))
    talk = Talk(parcels())
    assert talk.wire.joined == 1 + joined, "the first envelope goes alone"
    assert body[0] + body[1] + b".\r\n" in b"".join(talk.wire.written)
