"""What follows from something that came back is told as what it is."""

from __future__ import annotations

from mailer.bounce_models import Effect
from mailer.bounces import words
from mailer.bounces.report import Action, Kind


def test_who_had_themselves_taken_off_by_their_provider_left_and_a_failure_is_only_noted() -> None:
    assert words.effect(Effect.NONE, Kind.LEAVE).text == "left the list"
    assert words.effect(Effect.NONE, Action.FAILED).text == "noted"
    assert words.effect(Effect.SUPPRESSED, Kind.COMPLAINT).text == "barred"
