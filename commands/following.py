"""Follows a sending: runs or watches the engine, shows a bar, and the report at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from commands import limits
from commands.common import LANGUAGE, Installation, _, console, now, show_json, tell
from commands.engine_room import EXIT_INTERRUPTED, engine, interruptible
from commands.engine_turn import Turn
from commands.report_table import visible
from commands.reporting import print_table
from mailer import reasons
from mailer.campaign import unfinished
from mailer.campaign.finding import CampaignError, find_campaign, reason_of
from mailer.engine.engine import Engine
from mailer.models import CampaignState
from mailer.report import put_off, summary
from mailer.report.outlook import Outlook
from mailer.scope import Scope
from pli.hours import zone_of
from pli.language import N_, Sentence, say, say_n
from pli.lock import Owner

POLL_SECONDS = 0.25
SHOWN_HOLDS = 3
OUTLOOK_SECONDS = 1.0
"""The pause between two looks at what holds a campaign back."""
TRY_AGAIN_SECONDS = 1.0
RESTING = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.PAUSED)


async def work_or_watch(installation: Installation, campaign_id: int, *, quiet: bool) -> int:
    """Run the engine, or watch another process run it, until the campaign rests; the exit code.

    The engine of this process sends only this campaign, and notices. The process takes the
    engine's lock as soon as the lock is free: the other process may have died.
    """
    stop = asyncio.Event()
    waited_for: int | None = None
    watched: Owner | None = None
    with (
        Bar(quiet, zone_of(installation.settings.timezone)) as shown,
        Turn(installation, "pli send", Scope.of_campaign(campaign_id)) as turn,
    ):
        async with interruptible(stop.set):
            while not stop.is_set():
                if turn.take():
                    watched = None
                    async with engine(installation, turn) as machine:
                        rests = await _follow(
                            installation,
                            campaign_id,
                            shown,
                            stop,
                            partial(_is_over, machine, turn),
                        )
                else:
                    other = turn.waits_for()
                    if other and other.pid != waited_for:
                        tell(_waits_for(campaign_id, other), stderr=True)
                        waited_for = other.pid
                    again_at = time.monotonic() + TRY_AGAIN_SECONDS
                    rests = await _follow(
                        installation, campaign_id, shown, stop, partial(_has_passed, again_at)
                    )
                    watched = None if other else turn.owner()
                if rests:
                    return 0
    tell(await _stopped(installation, campaign_id, watched), stderr=True)
    return EXIT_INTERRUPTED


def _is_over(machine: Engine, turn: Turn) -> bool:
    return machine.over.is_set() or turn.makes_room(machine.figures().batches)


def _has_passed(moment: float) -> bool:
    return time.monotonic() > moment


def _waits_for(campaign_id: int, other: Owner) -> Sentence:
    return say(
        N_("Campaign {id} waits until {command} ({pid}) is done with {only}."),
        id=campaign_id,
        command=other.command,
        pid=other.pid,
        only=say(N_("campaign {id}"), id=other.only.removeprefix("campaign "))
        if other.only.startswith("campaign ")
        else say(N_("a test copy")),
    )


async def _stopped(installation: Installation, campaign_id: int, watched: Owner | None) -> Sentence:
    """The last line after Ctrl-C: how many people have the letter, and what a person can do."""
    async with installation.database.reading() as session:
        progress = await summary.progress(session, campaign_id)
    have_it = unfinished.have_it(progress.sent, progress.prepared)
    if watched is not None:
        return say(
            N_(
                "Stopped watching: {command} ({pid}) goes on with campaign {id}: {have_it}. "
                '"pli campaign pause {id}" holds it, "pli campaign cancel {id}" gives it up.'
            ),
            command=watched.command,
            pid=watched.pid,
            id=campaign_id,
            have_it=have_it,
        )
    return say(
        N_(
            'Stopped in campaign {id}: {have_it}. The same "pli send", or "pli campaign resume '
            '{id}" with "pli serve", goes on; "pli campaign cancel {id}" gives it up.'
        ),
        id=campaign_id,
        have_it=have_it,
    )


async def _follow(
    installation: Installation,
    campaign_id: int,
    shown: Bar,
    stop: asyncio.Event,
    is_over: Callable[[], bool],
) -> bool:
    """Show the numbers until the campaign rests; False if `stop` or `is_over` came first."""
    ahead, asked = Outlook(), float("-inf")
    reply: str | None = None
    told: set[str] = set()
    while not (stop.is_set() or is_over()):
        async with installation.database.reading() as session:
            progress = await summary.progress(session, campaign_id)
            if shown.seen and time.monotonic() > asked + OUTLOOK_SECONDS:
                ahead = await limits.look_ahead(session, installation.settings, progress)
                said = await put_off.relay_says(session, campaign_id) if _waits(progress) else None
                reply = visible(said) if said else None
                asked = time.monotonic()
        shown.show(progress, ahead, reply)
        if reply and reply not in told and progress.next_try_at:
            tell(_put_off(progress, reply, shown.zone), stderr=True)
            told.add(reply)
        if progress.state in RESTING:
            return True
        await asyncio.sleep(POLL_SECONDS)
    return False


def _waits(progress: summary.Progress) -> bool:
    """Whether all copies that are left wait for another try."""
    due = progress.next_try_at
    return bool(progress.pending and not progress.sending and due and due > now())


def _put_off(progress: summary.Progress, reply: str, zone: tzinfo) -> Sentence:
    assert progress.next_try_at is not None
    time = progress.next_try_at.astimezone(zone).strftime("%H:%M:%S")
    if progress.pending == progress.prepared:
        return say(
            N_("The relay puts everybody off: “{reply}”; next try at {time}."),
            reply=reply,
            time=time,
        )
    return say_n(
        "{n} copy is put off by the relay: “{reply}”; next try at {time}.",
        "{n} copies are put off by the relay: “{reply}”; next try at {time}.",
        progress.pending,
        reply=reply,
        time=time,
    )


class Bar:
    """The progress bar, on stderr; nothing at all when quiet."""

    def __init__(self, quiet: bool, zone: tzinfo) -> None:
        self.seen = not quiet
        self.zone = zone
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console(stderr=True),
            disable=quiet,
        )
        self._task = self._progress.add_task(_("Sending"), total=None, note="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def show(self, progress: summary.Progress, ahead: Outlook, reply: str | None) -> None:
        """Show how many copies are settled, what holds the rest back, and when all will be sent.

        If all copies that are left wait for another try: when that is, and the relay's reply.
        """
        note = ", ".join(it.sentence.tell(LANGUAGE) for it in ahead.held_by[:SHOWN_HOLDS])
        if ahead.arrives_at and progress.pending:
            arrives = ahead.arrives_at.astimezone(self.zone).strftime("%H:%M")
            done = say(N_("all sent about {time}"), time=arrives).tell(LANGUAGE)
            note = f"{note}; {done}" if note else done
        due = progress.next_try_at
        if _waits(progress) and due and not ahead.held_by:
            note = say_n(
                "{n} waits, next try at {time}",
                "{n} wait, next try at {time}",
                progress.pending,
                time=due.astimezone(self.zone).strftime("%H:%M:%S"),
            ).tell(LANGUAGE)
            note = f"{note} ({reply})" if reply else note
        self._progress.update(
            self._task, completed=progress.settled, total=progress.prepared, note=note
        )


async def show_result(
    installation: Installation,
    campaign_id: int,
    *,
    as_json: bool,
    beside: Mapping[str, object] | None = None,
) -> int:
    """The report, and the exit code: 0 for a finished, balanced campaign, else 1 with a reason.

    `beside` is what the JSON says besides the report.
    """
    async with installation.database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
        report = await summary.report(session, campaign_id)
    if as_json:
        show_json({**report.as_json(), **(beside or {})})
    else:
        await print_table(installation, campaign_id)
    if campaign.state is CampaignState.FINISHED and report.balanced:
        return 0
    reason = reason_of(campaign)
    if reason is not None:
        raise CampaignError(
            N_('campaign {id} is paused: {reason}. Then: "pli campaign resume {id}"'),
            id=campaign_id,
            reason=reason,
        )
    raise CampaignError(
        N_('campaign {id} is {state}: "pli campaign show {id}"'),
        id=campaign_id,
        state=reasons.state(campaign.state),
    )
