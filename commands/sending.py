"""pli send: sends a letter to a list, from the question to the report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from accounts.abilities import Ability
from commands import hours as opening_hours
from commands import relays, silence
from commands.acting import acting, by_option
from commands.common import (
    Context,
    Installation,
    _,
    as_json,
    confirm,
    now,
    running,
    show_json,
    tell,
)
from commands.freezing import freeze
from commands.policy import letter_of, policy_of
from commands.resuming import not_asked
from mailer.campaign import ordering, unfinished
from mailer.campaign.finding import find_campaign
from mailer.campaign.ordering import Order, OrderError
from mailer.campaign.policy import SendingPolicy
from mailer.campaign.sending_hours import ALWAYS, SendingHours
from mailer.engine import workers
from mailer.intake import checkup
from mailer.letter import weights
from mailer.models import Audience
from pli import hours
from pli.actor import Actor
from pli.hours import Hour
from pli.language import N_, Sentence, say, say_n
from subscribers import attributes, lists


class Delays(click.ParamType[tuple[float, ...]]):
    """Reads the waits before each further try, such as 5m,15m,1h."""

    name = "5m,15m,1h"

    def convert(self, value: str, param: object, ctx: object) -> tuple[float, ...]:
        """The waits in seconds; Click shows a fault."""
        del param, ctx
        found = [_DELAY.fullmatch(it.strip()) for it in value.split(",") if value != "0"]
        if not all(found):
            self.fail(_("write waits such as 5m,15m,1h; 0 for no further try"))
        return tuple(int(it[1]) * _UNITS[it[2]] for it in found if it)


_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0}
_DELAY = re.compile(r"([1-9]\d{0,5})([smh])")
segment_option = click.option("--segment", default="", help=_("A saved segment, or a rule."))
without_list = click.option(
    "--without-list",
    "without_lists",
    metavar="LIST",
    multiple=True,
    help=_("Who is on this list gets nothing; several."),
)
without_segment = click.option(
    "--without-segment",
    "without_segments",
    metavar="SEGMENT",
    multiple=True,
    help=_("Whom this saved segment or rule selects gets nothing; several."),
)
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
@segment_option
@without_list
@without_segment
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
@by_option
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def send(
    context: Context,
    letter: Path,
    names: Sequence[str],
    segment: str,
    without_lists: Sequence[str],
    without_segments: Sequence[str],
    again: str | None,
    reader: str | None,
    hour: str | None,
    delays: Sequence[float] | None,
    quiet: str | None,
    end: str | None,
    person: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Create, prepare and start a campaign, follow it, report; with an hour, only schedule it."""
    # Imported here: they load the engine, and `pli campaign create` imports options from here.
    from commands import send_test
    from commands.engine_room import EXIT_INTERRUPTED
    from commands.following import show_result, work_or_watch

    written = letter_of(letter, context.settings())
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        when = hours.parse(hour, zone=installation.settings.timezone, now=now()) if hour else None
        installation.settings.require(
            "relay_url", "public_url", "committee", "address", "phone", "email"
        )
        async with installation.database.reading() as session:
            known = await attributes.declared(session)
            to = [await lists.get(session, name) for name in dict.fromkeys(names)]
            may = Ability.RELEASE if reader is None else Ability.SEND_TEST
            by = await acting(session, person, may, lists=[it.id for it in to])
        frozen = freeze(written, installation.settings, known, quiet=as_json)
        await relays.greet(installation, to)
        if reader is not None:
            await send_test.send_one(installation, frozen, names[0], reader, as_json=as_json)
            return
        policy = policy_of(installation)
        async with installation.database.reading() as session:
            order = await ordering.order(
                session,
                frozen=frozen,
                list_names=names,
                segment=segment,
                without_lists=without_lists,
                without_segments=without_segments,
                again=Audience(again) if again else None,
                retry_delays=delays,
            )
        order = replace(order, hours=await _hours(installation, order, quiet, end, when))
        ordering.refuse_unseen(order, policy)
        if when is not None:
            ordering.refuse_what_is_there(order)
        if not as_json:
            await _tell_what_waits(installation, order)
        heavy = weights.told(order.frozen.letter, 1) and not as_json
        if order.go_on_with is None and (heavy or not yes):
            people = await _foreseen(installation, order, policy, by)
            if heavy and (sentence := weights.told(order.frozen.letter, people)):
                tell(sentence, stderr=True)
        else:
            people = 0
        if not yes:
            await _tell_of_silence(installation, people)
            _ask(order, people, when)
        if when is not None:
            async with installation.database.begin() as session:
                campaign_id = await ordering.schedule(
                    session, order=order, policy=policy, at=when, by=by, now=now()
                )
            await _warn_unasked(installation, campaign_id, order, asked=not yes or as_json)
            if as_json:
                show_json({"campaign": campaign_id, "scheduled_at": when.moment})
            else:
                tell(starts_by_itself(campaign_id, when))
                if silent := opening_hours.told(order.hours or ALWAYS, when.moment):
                    tell(silent)
            return
        async with installation.database.begin() as session:
            campaign_id = await ordering.release(
                session, order=order, policy=policy, by=by, now=now()
            )
        await _warn_unasked(installation, campaign_id, order, asked=not yes or as_json)
        if order.hours and not as_json and (silent := opening_hours.told(order.hours, now())):
            tell(silent, stderr=True)
        code = await work_or_watch(installation, campaign_id, quiet=as_json)
        if code == EXIT_INTERRUPTED:
            raise click.exceptions.Exit(code)
        raise click.exceptions.Exit(await show_result(installation, campaign_id, as_json=as_json))


async def _hours(
    installation: Installation, order: Order, quiet: str | None, end: str | None, when: Hour | None
) -> SendingHours | None:
    """The hours in which the campaign may send; None: an unfinished campaign keeps its hours."""
    if order.go_on_with is None:
        return opening_hours.asked(installation.settings, quiet, end, begins=when)
    if quiet is None and end is None:
        return None
    async with installation.database.reading() as session:
        before = SendingHours.of(await find_campaign(session, order.go_on_with))
    return opening_hours.asked(installation.settings, quiet, end, before=before)


def starts_by_itself(campaign_id: int, when: Hour) -> Sentence:
    """The sentence that tells when a campaign starts by itself."""
    return say(
        N_('Campaign {id} starts {hour}, if "pli serve" or a worker runs then.'),
        id=campaign_id,
        hour=when,
    )


async def _tell_what_waits(installation: Installation, order: Order) -> None:
    """Tell, before the question, which campaigns to these lists were begun and stand still."""
    async with installation.database.reading() as session:
        served = await workers.sends(session)
        for sentence in await unfinished.beside(
            session, list_ids=order.list_ids, besides=order.go_on_with, served=served
        ):
            tell(sentence, stderr=True)
        if order.go_on_with is not None:
            for sentence in await not_asked(session, order.go_on_with):
                tell(sentence, stderr=True)


async def _tell_of_silence(installation: Installation, people: int) -> None:
    """Warn who releases a large campaign while no answer ever came in."""
    async with installation.database.reading() as session:
        if silence := await checkup.before_a_release(session, copies=people):
            tell(silence, stderr=True)


async def _warn_unasked(
    installation: Installation, campaign_id: int, order: Order, *, asked: bool
) -> None:
    """The same for who is asked nothing, once the campaign is there; not where it goes on."""
    if not asked and order.go_on_with is None:
        await silence.warn(installation, campaign_id)


async def _foreseen(
    installation: Installation, order: Order, policy: SendingPolicy, by: Actor
) -> int:
    """To how many people the letter would go; leaves nothing behind."""
    async with installation.database.begin() as session:
        foreseen = await ordering.prepare(session, order=order, policy=policy, by=by, now=now())
        await session.rollback()
    return foreseen.waiting


def _ask(order: Order, people: int, when: Hour | None) -> None:
    """Ask before anything is written: who says no, or goes away, leaves nothing behind."""
    number = order.frozen.letter.number
    if order.go_on_with is not None:
        question = say(
            N_("Letter {number} has the unfinished campaign {id} for the same people. Go on?"),
            number=number,
            id=order.go_on_with,
        )
    else:
        question = say_n(
            "Send letter {number}, “{subject}”, to {n} person?",
            "Send letter {number}, “{subject}”, to {n} people?",
            people,
            number=number,
            subject=order.frozen.letter.subject,
        )
        if when is not None:
            question = say(N_("{question} ({hour})"), question=question, hour=when)
    if not confirm(question, yes=False):
        raise OrderError(N_("Nothing was sent."))
