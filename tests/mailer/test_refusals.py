"""Refusals of everybody are known by their codes, their stage, or their words."""

from __future__ import annotations

import pytest

from mailer.models import Stage
from mailer.outcomes import Outcome, judge
from mailer.refusals import alike, judge_latest

SENT = judge(Stage.BODY, 250, "2.0.0 ok")
SHARE = 0.3


def refused(text: str, n: int, stage: Stage = Stage.RCPT, code: int = 550) -> list[Outcome]:
    return [judge(stage, code, text.format(n=it)) for it in range(n)]


@pytest.mark.parametrize(
    ("text", "stage", "code", "advice"),
    [
        ("5.5.2 <localhost>: Helo command rejected", Stage.RCPT, 504, "relay_ehlo_name"),
        ("relay not permitted", Stage.RCPT, 550, "user and password"),
        ("Sender rate overlimit - {n}.0 / 1h / c@example.org", Stage.RCPT, 550, "relay_per_hour"),
        ("Message rejected: Email address is not verified", Stage.BODY, 554, "setting sender"),
        ("5.7.1 <p{n}@example.org>: you are on a blacklist", Stage.RCPT, 554, "operator"),
        ("5.1.8 Sender address rejected: Domain not found", Stage.MAIL, 553, "setting sender"),
        ("5.3.4 too large for this relay", Stage.CONNECT, 552, "smaller"),
        ("administrative prohibition", Stage.DATA, 550, "what it wants of us"),
    ],
)
def test_the_same_refusal_of_many_pauses_and_says_what_to_do(
    text: str, stage: Stage, code: int, advice: str
) -> None:
    found = judge_latest([SENT] * 11 + refused(text, 5, stage, code), SHARE)
    assert found is not None
    told = str(found.tell())
    assert told.startswith("5 of the last 16 copies were refused")
    assert advice in told
    assert "@" not in told
    assert judge_latest([SENT] * 12 + refused(text, 5, stage, code), SHARE) is None
    assert judge_latest(refused(text, 4, stage, code), SHARE) is None


@pytest.mark.parametrize(
    "outcomes",
    [
        refused("5.1.1 gone", 50),
        refused("No such user here", 50),
        refused("5.6.7 the relay does not offer SMTPUTF8", 50, Stage.CONNECT, 553),
        [judge(Stage.RCPT, 550, f"5.{n}.1 each for a reason of its own") for n in range(50)],
        [judge(Stage.RCPT, 450, "4.7.1 later") for _ in range(50)],
        refused("Daily user sending limit exceeded", 50),
    ],
)
def test_what_is_about_recipients_or_passes_pauses_nothing(outcomes: list[Outcome]) -> None:
    assert judge_latest([it for it in outcomes if it.enhanced != "5.7.1"], SHARE) is None


def test_the_same_words_at_another_stage_or_with_another_code_are_another_refusal() -> None:
    one = judge(Stage.RCPT, 550, "not now")
    assert alike(one, judge(Stage.RCPT, 550, "Not  now"))
    assert not alike(one, judge(Stage.BODY, 550, "not now"))
    assert not alike(one, judge(Stage.RCPT, 554, "not now"))
    assert not alike(judge(Stage.RCPT, 550, "5.1.1 gone"), judge(Stage.RCPT, 550, "5.1.1 gone"))
