"""pli send: a letter to a list, from the question to the report."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from commands import hours as opening_hours
from commands import pacing, relays, testing
from commands.common import (
    LANGUAGE,
    House,
    Panel,
    _,
    as_json,
    confirm,
    console,
    now,
    running,
    show_json,
    tell,
)
from commands.engine_room import EXIT_INTERRUPTED, engine, interruptible, lock_of, take
from commands.reporting import print_table
from mailer import campaigns, letters, preflight, reasons, reports, theming
from mailer.campaigns import CampaignError, Frozen
from mailer.identity import Identity
from mailer.letters import Letter
from mailer.models import Audience, Batch, CampaignState
from mailer.preflight import Severity
from mailer.rendering import press
from mailer.sending_hours import ALWAYS, SendingHours
from pli import hours
from pli.errors import PliError
from pli.hours import Hour
from pli.language import N_, Sentence, say, say_n
from pli.settings import Settings
from subscribers import attributes, lists, segments

POLL_SECONDS = 0.25
SHOWN_HOLDS = 3
OUTLOOK_SECONDS = 1.0
"""Between two looks at what holds a campaign back."""
TRY_AGAIN_SECONDS = 1.0
RESTING = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.PAUSED)


class SendError(PliError):
    """This sending is refused."""


class Delays(click.ParamType[tuple[float, ...]]):
    """Waits before each further try, such as 5m,15m,1h."""

    name = "5m,15m,1h"

    def convert(self, value: str, param: object, ctx: object) -> tuple[float, ...]:
        """Seconds; click shows the fault."""
        del param, ctx
        found = [_DELAY.fullmatch(it.strip()) for it in value.split(",") if value != "0"]
        if not all(found):
            self.fail(_("write waits such as 5m,15m,1h; 0 for no further try"))
        return tuple(int(it[1]) * _UNITS[it[2]] for it in found if it)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0}
_DELAY = re.compile(r"([1-9]\d{0,5})([smh])")
at = click.option("--at", "hour", help=_("Not now: at this hour, such as 2026-11-25 08:00."))
retry_after = click.option(
    "--retry-after",
    "delays",
    type=Delays(),
    help=_("Waits before each further try of a copy, if not those of the settings."),
)


@click.command(help=_("Send a letter to a list, and stay until it is done."))
@click.argument("letter", type=click.Path(path_type=Path))
@click.option(
    "--list", "names", multiple=True, required=True, help=_("The list; several, in order.")
)
@click.option("--segment", default="", help=_("A saved segment, or a rule."))
@click.option(
    "--again",
    type=click.Choice(["new", "all"]),
    help=_("A letter that was sent already: to those who had none, or to everybody."),
)
@click.option("--test", "reader", help=_("Only one copy, marked as a test, to this address."))
@at
@retry_after
@opening_hours.quiet
@opening_hours.not_after
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def send(
    panel: Panel,
    letter: Path,
    names: Sequence[str],
    segment: str,
    again: str | None,
    reader: str | None,
    hour: str | None,
    delays: Sequence[float] | None,
    quiet: str | None,
    end: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Create, prepare, start; work or watch; report. With an hour: create and schedule."""
    written = letters.read(letter)
    async with panel.house() as house:
        when = hours.parse(hour, zone=house.settings.timezone, now=now()) if hour else None
        house.settings.require("relay_url", "public_url", "committee", "address", "phone", "email")
        async with house.database.reading() as session:
            known = await attributes.declared(session)
            to = [await lists.get(session, name) for name in dict.fromkeys(names)]
        frozen = checked(written, house.settings, known, quiet=as_json)
        await relays.greet(house, to)
        if reader is not None:
            await testing.send_one(house, frozen, names[0], reader, as_json=as_json)
            return
        audience = Audience(again) if again else None
        order = await ordered(house, frozen, names, segment, audience, delays)
        order = replace(order, hours=await _hours(house, order, quiet, end, when))
        if house.settings.second_person and order.go_on_with is None:
            raise SendError(
                N_(
                    'a second person must approve it: "pli campaign create", then "approve" and '
                    '"start"'
                )
            )
        if when is not None:
            refuse_what_is_there(order)
        if not yes:
            await _ask(house, order, when)
        if when is not None:
            async with house.database.begin() as session:
                campaign_id = await _set_for(session, order, when, house=house, now=now())
            if as_json:
                show_json({"campaign": campaign_id, "scheduled_at": when.moment})
            else:
                tell(starts_by_itself(campaign_id, when))
                if silent := opening_hours.told(order.hours or ALWAYS, when.moment):
                    tell(silent)
            return
        async with house.database.begin() as session:
            campaign_id = await release(session, order, house=house, now=now())
        if order.hours and not as_json and (silent := opening_hours.told(order.hours, now())):
            tell(silent, stderr=True)
        code = await work_or_watch(house, campaign_id, quiet=as_json)
        if code == EXIT_INTERRUPTED:
            raise click.exceptions.Exit(code)
        raise click.exceptions.Exit(await show_result(house, campaign_id, as_json=as_json))


def identity_of(settings: Settings, letter: Letter | None = None) -> Identity:
    """Who writes: the settings, where the letter itself says nothing else."""
    return Identity(
        committee=settings.committee,
        address=settings.address,
        phone=settings.phone,
        email=settings.email,
        sender=(letter.sender if letter else None) or settings.sender,
        reply_to=(letter.reply_to if letter else None) or settings.reply_to,
        public_url=settings.public_url,
    )


def checked(letter: Letter, settings: Settings, known: Collection[str], *, quiet: bool) -> Frozen:
    """Freeze a letter that can be sent; warnings are told, errors refuse it."""
    if unknown := letters.check_expressions(letter, known):
        raise SendError.listing(unknown)
    identity = identity_of(settings, letter)
    theme = theming.load(letter.theme)
    findings = preflight.check(letter, press(letter, theme, identity), identity)
    errors = [it for it in findings if it.severity is Severity.ERROR]
    if errors:
        raise SendError.listing(it.line for it in errors)
    if not quiet:
        for finding in findings:
            tell(finding.line, stderr=True)
    return Frozen.of(letter, theme, identity)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent to whom; `go_on_with` is the unfinished campaign for just that."""

    frozen: Frozen
    list_ids: Sequence[int]
    segment: str
    rule: str
    audience: Audience
    go_on_with: int | None
    retry_delays: Sequence[float] | None = None
    hours: SendingHours | None = None


async def ordered(
    house: House,
    frozen: Frozen,
    names: Sequence[str],
    segment: str,
    again: Audience | None,
    retry_delays: Sequence[float] | None = None,
) -> Order:
    """Read what was asked for; refused where a letter would go out twice."""
    async with house.database.reading() as session:
        list_ids = [(await lists.get(session, name)).id for name in dict.fromkeys(names)]
        name, rule = await segments.resolve(session, segment) if segment else ("", "")
        order = Order(
            frozen, list_ids, name, str(rule), again or Audience.FIRST, None, retry_delays
        )
        return replace(order, go_on_with=await _to_go_on_with(session, order))


async def prepare(
    session: AsyncSession, order: Order, *, house: House, now: datetime
) -> tuple[int, int]:
    """The campaign's id, and how many copies wait in it."""
    campaign_id = order.go_on_with
    if campaign_id is None:
        campaign_id = await create(session, order, house=house, now=now)
    else:
        await _still_as_ordered(session, order)
    await campaigns.prepare(
        session,
        campaign_id=campaign_id,
        batch_size=house.settings.batch_size,
        providers=pacing.providers(house.settings),
        now=now,
    )
    waiting = await session.scalar(
        select(func.sum(Batch.pending)).where(Batch.campaign_id == campaign_id)
    )
    return campaign_id, int(waiting or 0)


async def create(
    session: AsyncSession,
    order: Order,
    *,
    house: House,
    created_by: str | None = None,
    now: datetime,
) -> int:
    """A draft of what was ordered; its id."""
    await _still_as_ordered(session, order)
    campaign = await campaigns.create(
        session,
        frozen=order.frozen,
        list_ids=order.list_ids,
        segment=order.segment,
        rule=order.rule,
        audience=order.audience,
        token_key=house.keys.current,
        retry_delays=(
            house.settings.retry_delays if order.retry_delays is None else order.retry_delays
        ),
        resend_uncertain=house.settings.uncertain == "resend",
        hours=order.hours or ALWAYS,
        created_by=created_by,
        now=now,
    )
    return campaign.id


async def _hours(
    house: House, order: Order, quiet: str | None, end: str | None, when: Hour | None
) -> SendingHours | None:
    """When it may send; None: a campaign that is there keeps what it has."""
    if order.go_on_with is None:
        return opening_hours.asked(house.settings, quiet, end, begins=when)
    if quiet is None and end is None:
        return None
    async with house.database.reading() as session:
        before = SendingHours.of(await campaigns.find(session, order.go_on_with))
    return opening_hours.asked(house.settings, quiet, end, before=before)


async def _set_for(
    session: AsyncSession, order: Order, when: Hour, *, house: House, now: datetime
) -> int:
    campaign_id = await create(session, order, house=house, now=now)
    await campaigns.schedule(session, campaign_id=campaign_id, at=when.moment, zone=when.zone)
    return campaign_id


def refuse_what_is_there(order: Order) -> None:
    """A new campaign is wanted; an unfinished one for the same people is in its way."""
    if order.go_on_with is not None:
        raise SendError(
            N_("campaign {id} is there for just that: start it, or cancel it and make a new one"),
            id=order.go_on_with,
        )


def starts_by_itself(campaign_id: int, when: Hour) -> Sentence:
    """What is told of a campaign that has an hour."""
    return say(
        N_('Campaign {id} starts {hour}, if "pli serve" or a worker runs then.'),
        id=campaign_id,
        hour=when,
    )


async def _still_as_ordered(session: AsyncSession, order: Order) -> None:
    """Ask once more whether it would go out twice: somebody else may have sent it meanwhile."""
    await campaigns.lock_lists(session, order.list_ids)
    campaign_id = await _to_go_on_with(session, order)
    if campaign_id != order.go_on_with:
        raise SendError(
            N_("campaign {id} of letter {number} was made meanwhile: look at it first"),
            id=campaign_id,
            number=order.frozen.letter.number,
        )


async def _to_go_on_with(session: AsyncSession, order: Order) -> int | None:
    number = order.frozen.letter.number
    earlier = await campaigns.precedents(session, number=number, list_ids=order.list_ids)
    for campaign in earlier:
        if campaign.letter_hash != order.frozen.letter_hash:
            raise SendError(
                N_(
                    "letter {number} was sent with another text in campaign {id}: "
                    "give this one a number of its own"
                ),
                number=number,
                id=campaign.id,
            )
    for campaign in reversed(earlier):
        if campaign.state not in campaigns.UNFINISHED or campaign.rule != order.rule:
            continue
        if await campaigns.lists_of(session, campaign_id=campaign.id) == list(order.list_ids):
            return campaign.id
    if earlier and order.audience is Audience.FIRST:
        last = earlier[-1]
        when = last.finished_at or last.started_at or last.created_at
        raise SendError(
            N_(
                "letter {number} was sent in campaign {id} on {date}: "
                '"--again new" sends it to those who had none, "--again all" to everybody'
            ),
            number=number,
            id=last.id,
            date=when.astimezone().strftime("%Y-%m-%d %H:%M"),
        )
    return None


async def _ask(house: House, order: Order, when: Hour | None) -> None:
    """Ask before anything is written: who says no, or goes away, leaves nothing behind."""
    number = order.frozen.letter.number
    if order.go_on_with is not None:
        question = say(
            N_("Letter {number} has the unfinished campaign {id} for the same people. Go on?"),
            number=number,
            id=order.go_on_with,
        )
    else:
        async with house.database.begin() as session:
            _campaign, waiting = await prepare(session, order, house=house, now=now())
            await session.rollback()
        question = say_n(
            "Send letter {number}, “{subject}”, to {n} person?",
            "Send letter {number}, “{subject}”, to {n} people?",
            waiting,
            number=number,
            subject=order.frozen.letter.subject,
        )
        if when is not None:
            question = say(N_("{question} ({hour})"), question=question, hour=when)
    if not confirm(question, yes=False):
        raise SendError(N_("Nothing was sent."))


async def release(session: AsyncSession, order: Order, *, house: House, now: datetime) -> int:
    """Prepare and start in one transaction, or go on; the campaign's id."""
    campaign_id, _waiting = await prepare(session, order, house=house, now=now)
    if order.go_on_with is not None and order.hours is not None:
        await campaigns.set_hours(session, campaign_id=campaign_id, hours=order.hours)
    campaign = await campaigns.find(session, campaign_id)
    await session.refresh(campaign)
    if campaign.state is CampaignState.PAUSED:
        if SendingHours.of(campaign).over(now):
            raise SendError(
                N_(
                    "campaign {id} is paused since its end has passed: "
                    '"pli campaign resume {id}" goes on without it'
                ),
                id=campaign_id,
            )
        await campaigns.resume(session, campaign_id=campaign_id)
    elif campaign.state is CampaignState.PREPARED:
        await campaigns.start(
            session,
            campaign_id=campaign_id,
            second_person=house.settings.second_person,
            now=now,
        )
    return campaign_id


async def work_or_watch(house: House, campaign_id: int, *, quiet: bool) -> int:
    """Run the engine, or watch another process run it, until the campaign rests; the exit code.

    Whenever the engine's lock is free this process takes it: the other may have died.
    """
    lock = lock_of(house)
    stop = asyncio.Event()
    told = say(
        N_('Stopped in campaign {id}: the same "pli send", or "pli serve", goes on.'),
        id=campaign_id,
    )
    with Bar(quiet) as shown:
        async with interruptible(stop.set):
            while not stop.is_set():
                if take(lock, "pli send"):
                    async with engine(house, lock, "pli send") as machine:
                        rests = await _follow(house, campaign_id, shown, stop, machine.over)
                else:
                    soon = asyncio.Event()
                    asyncio.get_running_loop().call_later(TRY_AGAIN_SECONDS, soon.set)
                    rests = await _follow(house, campaign_id, shown, stop, soon)
                    if stop.is_set() and lock is not None and (owner := lock.owner()):
                        told = say(
                            N_("Stopped watching: {command} ({pid}) goes on with campaign {id}."),
                            command=owner.command,
                            pid=owner.pid,
                            id=campaign_id,
                        )
                if rests:
                    return 0
    tell(told, stderr=True)
    return EXIT_INTERRUPTED


async def _follow(
    house: House, campaign_id: int, shown: Bar, stop: asyncio.Event, over: asyncio.Event
) -> bool:
    """Show the numbers until the campaign rests; False: stopped, or it is over otherwise."""
    ahead, asked = pacing.Outlook(), float("-inf")
    while not (stop.is_set() or over.is_set()):
        async with house.database.reading() as session:
            progress = await reports.progress(session, campaign_id)
            if shown.seen and time.monotonic() > asked + OUTLOOK_SECONDS:
                state = progress.state
                ahead = await pacing.outlook(session, house.settings, campaign_id, state)
                asked = time.monotonic()
        shown.show(progress, ahead)
        if progress.state in RESTING:
            return True
        await asyncio.sleep(POLL_SECONDS)
    return False


class Bar:
    """The progress bar, on stderr; nothing at all when quiet."""

    def __init__(self, quiet: bool) -> None:
        self.seen = not quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=console(stderr=True),
            disable=quiet,
        )
        self._task = self._progress.add_task(_("Sending"), total=None, note="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def show(self, progress: reports.Progress, ahead: pacing.Outlook) -> None:
        """How much is settled, what holds it back, and when all will be.

        If all that is left waits for another try: when that is.
        """
        note = ", ".join(it.sentence.tell(LANGUAGE) for it in ahead.held_by[:SHOWN_HOLDS])
        if ahead.arrives_at and progress.pending:
            arrives = ahead.arrives_at.astimezone().strftime("%H:%M")
            done = say(N_("all sent about {time}"), time=arrives).tell(LANGUAGE)
            note = f"{note}; {done}" if note else done
        due = progress.next_try_at
        waits = progress.pending and not progress.sending and due and due > now()
        if waits and due and not ahead.held_by:
            note = say_n(
                "{n} waits, next try at {time}",
                "{n} wait, next try at {time}",
                progress.pending,
                time=due.astimezone().strftime("%H:%M:%S"),
            ).tell(LANGUAGE)
        self._progress.update(
            self._task, completed=progress.settled, total=progress.prepared, note=note
        )


async def show_result(house: House, campaign_id: int, *, as_json: bool) -> int:
    """The report, and the exit code: 0 for a finished, balanced campaign, else 1 with a reason."""
    async with house.database.reading() as session:
        campaign = await campaigns.find(session, campaign_id)
        report = await reports.report(session, campaign_id)
    if as_json:
        show_json(report.as_json())
    else:
        await print_table(house, campaign_id)
    if campaign.state is CampaignState.FINISHED and report.balanced:
        return 0
    reason = campaigns.reason_of(campaign)
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
