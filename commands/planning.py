"""pli campaign create, approve, schedule, hours, start: a sending in steps, by several people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.abilities import Ability
from commands import hours as opening_hours
from commands import silence
from commands.acting import acting, by_option, decided_by, why_option
from commands.common import Context, _, confirm, declined, now, running, tell
from commands.freezing import freeze
from commands.policy import letter_of, policy_of
from commands.sending import (
    retry_after,
    segment_option,
    starts_by_itself,
    without_list,
    without_segment,
)
from mailer.campaign import lifecycle, ordering, scheduling
from mailer.campaign.finding import find_campaign, lists_of
from mailer.campaign.sending_hours import SendingHours, refuse_an_end_before
from mailer.letter import weights
from mailer.models import Audience
from mailer.report import summary
from pli import hours
from pli.actor import Actor
from pli.language import N_, say, say_n
from subscribers import attributes, lists

which = click.argument("campaign")
yes = click.option("--yes", is_flag=True, help=_("Ask nothing."))


@click.command(help=_("Freeze a letter and its lists into a draft; nothing is sent yet."))
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
@retry_after
@opening_hours.quiet
@opening_hours.not_after
@decided_by
@running
async def create(
    context: Context,
    letter: Path,
    names: Sequence[str],
    segment: str,
    without_lists: Sequence[str],
    without_segments: Sequence[str],
    again: str | None,
    delays: Sequence[float] | None,
    quiet: str | None,
    end: str | None,
    person: str | None,
) -> None:
    """Make a draft, which keeps the letter as it is now; its file may change afterwards."""
    written = letter_of(letter, context.settings())
    async with context.open() as installation:
        installation.settings.require(
            "relay_url", "public_url", "committee", "address", "phone", "email"
        )
        async with installation.database.reading() as session:
            to = [(await lists.get(session, it)).id for it in names]
            by = await acting(session, person, Ability.WRITE_DRAFTS, lists=to, decides=True)
            known = await attributes.declared(session)
        frozen = freeze(written, installation.settings, known, quiet=False)
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
        order = replace(order, hours=opening_hours.asked(installation.settings, quiet, end))
        ordering.refuse_what_is_there(order)
        async with installation.database.begin() as session:
            foreseen = await ordering.prepare(session, order=order, policy=policy, by=by, now=now())
            await session.rollback()
        if heavy := weights.told(written, foreseen.waiting):
            tell(heavy, stderr=True)
        async with installation.database.begin() as session:
            campaign_id = await ordering.create(
                session,
                order=order,
                policy=policy,
                by=by,
                now=now(),
            )
        tell(
            say_n(
                "Campaign {id} is a draft: letter {number}, for {n} person as things stand. "
                '"pli campaign approve {id}", then "pli campaign start {id}".',
                "Campaign {id} is a draft: letter {number}, for {n} people as things stand. "
                '"pli campaign approve {id}", then "pli campaign start {id}".',
                foreseen.waiting,
                id=campaign_id,
                number=written.number,
            )
        )


@click.command(help=_("Approve a draft: just what it is now is what may be sent."))
@which
@decided_by
@yes
@running
async def approve(context: Context, campaign: str, person: str | None, yes: bool) -> None:
    """Approve a draft: keep who did so, when, and the hash of letter, theme and sender."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            found = await find_campaign(session, campaign_id)
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, Ability.APPROVE, lists=its, decides=True)
        await silence.warn(installation, campaign_id)
        question = say(
            N_("Approve campaign {id}: letter {number}, “{subject}”?"),
            id=campaign_id,
            number=found.number,
            subject=found.subject,
        )
        if not confirm(question, yes=yes):
            raise declined()
        async with installation.database.begin() as session:
            await lifecycle.approve(
                session,
                campaign_id=campaign_id,
                by=by,
                second_person=installation.settings.second_person,
                now=now(),
            )
    tell(say(N_("Campaign {id} is approved by {name}."), id=campaign_id, name=by.name))


@click.command(help=_("Let a campaign start by itself at an hour."))
@which
@click.option("--at", "hour", required=True, help=_("Such as 2026-11-25 08:00, or 08:00."))
@by_option
@running
async def schedule(context: Context, campaign: str, hour: str, person: str | None) -> None:
    """Let a campaign start at an hour, when its copies are prepared.

    Until then a person can schedule it anew, start it or cancel it.
    """
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        when = hours.parse(hour, zone=installation.settings.timezone, now=now())
        async with installation.database.begin() as session:
            campaign_id = await summary.find(session, campaign)
            its = SendingHours.of(await find_campaign(session, campaign_id))
            by = await _released_by(session, person, campaign_id)
            await scheduling.schedule(
                session,
                campaign_id=campaign_id,
                at=when.moment,
                zone=when.zone,
                second_person=installation.settings.second_person,
                by=by,
            )
        await silence.warn(installation, campaign_id)
    tell(starts_by_itself(campaign_id, when))
    if silent := opening_hours.told(its, when.moment):
        tell(silent)


@click.command("hours", help=_("Change when an unfinished campaign may send."))
@which
@opening_hours.quiet
@opening_hours.not_after
@by_option
@why_option
@running
async def change_hours(
    context: Context,
    campaign: str,
    quiet: str | None,
    end: str | None,
    person: str | None,
    why: str,
) -> None:
    """Change a campaign's hours; the process that sends it notices within two seconds."""
    async with context.open() as installation, installation.database.begin() as session:
        campaign_id = await summary.find(session, campaign)
        before = SendingHours.of(await find_campaign(session, campaign_id))
        after = opening_hours.asked(installation.settings, quiet, end, before=before)
        by = await _released_by(session, person, campaign_id)
        await scheduling.set_hours(session, campaign_id=campaign_id, hours=after, by=by, why=why)
    tell(opening_hours.summary(campaign_id, after))


@click.command(help=_("Start a campaign that was made step by step; the engine sends it."))
@which
@by_option
@yes
@running
async def start(context: Context, campaign: str, person: str | None, yes: bool) -> None:
    """Prepare copies for the people who are on the lists now, and let the engine send them."""
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            its = SendingHours.of(await find_campaign(session, campaign_id))
            by = await _released_by(session, person, campaign_id)
        refuse_an_end_before(now(), its, campaign_id=campaign_id)
        await silence.warn(installation, campaign_id)
        question = say(N_("Start campaign {id}?"), id=campaign_id)
        if not confirm(question, yes=yes):
            raise declined()
        policy = policy_of(installation)
        async with installation.database.begin() as session:
            await lifecycle.prepare(
                session,
                campaign_id=campaign_id,
                batch_size=policy.batch_size,
                providers=policy.providers,
                now=now(),
            )
            await lifecycle.start(
                session,
                campaign_id=campaign_id,
                second_person=policy.second_person,
                by=by,
                now=now(),
            )
    tell(say(N_('It runs: "pli serve", or the same "pli send", does the work.')))
    if silent := opening_hours.told(its, now()):
        tell(silent)


async def _released_by(session: AsyncSession, person: str | None, campaign_id: int) -> Actor:
    its = await lists_of(session, campaign_id=campaign_id)
    return await acting(session, person, Ability.RELEASE, lists=its)
