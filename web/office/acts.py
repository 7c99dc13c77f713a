"""What can be done to a sending, in each of its states, as buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.abilities import Ability
from mailer.models import CampaignState
from mailer.report.summary import Counts, Progress
from pli.language import N_


@dataclass(frozen=True, slots=True)
class Act:
    """What can be done to a sending: under which path, and as the button says it."""

    path: str
    words: str
    needs: Ability
    danger: bool = False


def acts(progress: Progress) -> Iterator[Act]:
    """What can be done to a sending that is prepared, runs or is paused."""
    state = progress.state
    if state is CampaignState.PREPARED:
        yield Act("start", N_("Start it"), Ability.RELEASE)
    if state is CampaignState.RUNNING:
        yield Act("pause", N_("Pause"), Ability.PAUSE)
    if state is CampaignState.PAUSED:
        yield Act("resume", N_("Let it go on"), Ability.RESUME)
    if state in (CampaignState.RUNNING, CampaignState.PAUSED):
        yield from settling_acts(progress)
    yield Act("hours", N_("Change its hours"), Ability.RELEASE)
    yield Act("cancel", N_("Cancel the sending"), Ability.CANCEL, danger=True)


def settling_acts(counts: Counts) -> Iterator[Act]:
    """What can be done to copies that failed, or are in doubt."""
    if counts.failed:
        yield Act("retry", N_("Send failed copies again"), Ability.RETRY)
    if counts.uncertain:
        yield Act("doubts", N_("Settle the uncertain copies"), Ability.SETTLE)
