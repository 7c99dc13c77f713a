"""pli campaign check, refreeze, ask, send-back, release, stop: a letter on its way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import people
from accounts.abilities import Ability
from commands.acting import acting, by_option, decided_by
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    as_json,
    confirm,
    declined,
    now,
    running,
    show_json,
    tell,
)
from commands.freezing import freeze
from commands.policy import identity_of, letter_of, sizes_of
from commands.sending import without_list, without_segment
from mailer.campaign import addressees, freezing, lifecycle, releasing, ticking
from mailer.campaign.finding import CampaignError, find_campaign, lists_of
from mailer.letter.snapshot import Frozen
from mailer.models import Campaign
from mailer.notices import asking
from mailer.notices.asking import MailRoom
from mailer.report import readiness, summary
from mailer.report.foresee import Foreseen
from mailer.report.readiness import Point
from pli import hours
from pli.actor import Actor
from pli.hours import Hour
from pli.language import N_, Sentence, say, say_n
from subscribers import attributes
from subscribers.address import Address

which = click.argument("campaign")
yes = click.option("--yes", is_flag=True, help=_("Ask nothing."))
note_option = click.option("--note", default="", help=_("What is said to them, in the mail."))


@click.command(help=_("All findings about a campaign, worst first; exit 1 if one stops it."))
@which
@click.option("--tick", "keys", multiple=True, help=_("Let this warning pass; several."))
@by_option
@as_json
@running
async def check(
    context: Context, campaign: str, keys: Sequence[str], person: str | None, as_json: bool
) -> None:
    """Show the findings of letter, lists and machine, and let warnings pass by their keys."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            by = await _acting(session, person, Ability.RELEASE, campaign_id)
        points, _not_asked = await _points(installation, context, campaign_id)
        warnings = {it.key: it.sentence for it in points if not it.stops}
        if unknown := [it for it in keys if it not in warnings]:
            raise CampaignError(N_("there is no warning {key} now"), key=", ".join(unknown))
        async with installation.database.begin() as session:
            if keys:
                await ticking.tick(
                    session,
                    campaign_id=campaign_id,
                    warnings={it: warnings[it] for it in keys},
                    by=by,
                    now=now(),
                )
            ticked = {it.key for it in await ticking.ticked(session, campaign_id)}
    if as_json:
        show_json([_point(it, it.key in ticked) for it in points])
    else:
        for it in points:
            tell(_told(it, it.key in ticked))
        if not points:
            tell(say(N_("Nothing stands in the way.")))
    if any(it.stops for it in points):
        raise click.exceptions.Exit(1)


def _point(point: Point, ticked: bool) -> dict[str, object]:
    return {
        "severity": point.severity,
        "about": point.about,
        "key": point.key,
        "ticked": ticked,
        "line": point.line,
        "message": point.sentence.tell(LANGUAGE),
        "remedy": point.remedy.tell(LANGUAGE) if point.remedy else None,
    }


def _told(point: Point, ticked: bool) -> Sentence:
    state = N_("error") if point.stops else N_("let pass") if ticked else N_("warning")
    told = point.sentence
    if point.remedy is not None:
        told = say(N_("{sentence}: {remedy}"), sentence=told, remedy=point.remedy)
    if point.stops:
        return say(N_("{state}: {told}"), state=say(state), told=told)
    return say(N_("{state} {key}: {told}"), state=say(state), key=point.key, told=told)


@click.command(help=_("Freeze a draft anew: another text, or other people; an approval is lost."))
@which
@click.option("--letter", type=click.Path(path_type=Path), help=_("The letter's new text."))
@click.option("--list", "names", multiple=True, help=_("The list; several, in order."))
@click.option("--segment", help=_("A saved segment, or a rule; “all” for everybody."))
@without_list
@without_segment
@decided_by
@running
async def refreeze(
    context: Context,
    campaign: str,
    letter: Path | None,
    names: Sequence[str],
    segment: str | None,
    without_lists: Sequence[str],
    without_segments: Sequence[str],
    person: str | None,
) -> None:
    """Freeze letter or addressees anew; what is not named stays as it is."""
    written = letter_of(letter, context.settings()) if letter else None
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            by = await _acting(session, person, Ability.WRITE_DRAFTS, campaign_id, decides=True)
            found = await find_campaign(session, campaign_id)
            seen = found.frozen_hash
            before = await addressees.addressees_of(session, found)
            text = await freezing.frozen_text(session, campaign_id)
            known = await attributes.declared(session)
            asked = await addressees.chosen(
                session,
                list_names=names,
                segment="" if segment in (None, "all") else segment,
                without_lists=without_lists,
                without_segments=without_segments,
            )
        frozen = (
            freeze(written, installation.settings, known, quiet=False)
            if written
            else Frozen.of_text(text)
        )
        to = replace(
            before,
            list_ids=asked.list_ids if names else before.list_ids,
            segment=before.segment if segment is None else asked.segment,
            rule=before.rule if segment is None else asked.rule,
            aside=asked.aside if without_lists or without_segments else before.aside,
        )
        async with installation.database.begin() as session:
            lost = await freezing.refreeze(
                session,
                campaign_id=campaign_id,
                frozen=frozen,
                to=to,
                seen_hash=seen,
                by=by,
                now=now(),
            )
    tell(say(N_("Campaign {id} is frozen anew."), id=campaign_id))
    if lost:
        tell(say(N_("Its approval is taken away: what was approved was something else.")))


@click.command(help=_("Ask somebody, or all who may, to approve a draft; they get a mail."))
@which
@click.option("--of", "of", metavar="ADDRESS", help=_("One person of the office; all if not said."))
@note_option
@decided_by
@running
async def ask(
    context: Context, campaign: str, of: str | None, note: str, person: str | None
) -> None:
    """Ask for an approval: each who is asked gets a mail with a link, not the letter."""
    async with context.open() as installation, installation.database.begin() as session:
        campaign_id = await summary.find(session, campaign)
        by = await _acting(session, person, Ability.WRITE_DRAFTS, campaign_id, decides=True)
        account = await people.get(session, Address.parse(of)) if of else None
        asked = await asking.ask(
            session,
            campaign_id=campaign_id,
            account_id=account.id if account else None,
            note=note,
            second_person=installation.settings.second_person,
            room=_room(installation),
            by=by,
            now=now(),
        )
    tell(say(N_("Asked: {names}."), names=", ".join(it.name for it in asked)))


@click.command("send-back", help=_("Send a draft back to who made it, with a remark."))
@which
@click.option("--note", required=True, help=_("What is to be changed."))
@click.option("--line", type=int, help=_("The line of the letter's file that this is about."))
@decided_by
@running
async def send_back(
    context: Context, campaign: str, note: str, line: int | None, person: str | None
) -> None:
    """Send a draft, or an approved campaign, back; its makers get a mail."""
    async with context.open() as installation, installation.database.begin() as session:
        campaign_id = await summary.find(session, campaign)
        by = await _acting(session, person, Ability.APPROVE, campaign_id, decides=True)
        about = {} if line is None else {await _in_body(session, campaign_id, line): note}
        await lifecycle.send_back(
            session,
            campaign_id=campaign_id,
            note="" if about else note,
            remarks=about,
            by=by,
            now=now(),
        )
        await asking.tell_makers(
            session,
            campaign_id=campaign_id,
            approved=False,
            room=_room(installation),
            by=by,
            now=now(),
        )
    tell(say(N_("Campaign {id} was sent back."), id=campaign_id))


@click.command(help=_("Release a campaign, now or at an hour, after all findings were looked at."))
@which
@click.option("--at", "hour", help=_("Such as 2026-11-25 08:00, or 08:00."))
@by_option
@yes
@running
async def release(
    context: Context, campaign: str, hour: str | None, person: str | None, yes: bool
) -> None:
    """Let a campaign go: refused by any error, and by a warning that nobody let pass."""
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        settings = installation.settings
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            found = await find_campaign(session, campaign_id)
            by = await _acting(session, person, Ability.RELEASE, campaign_id)
        releasing.refuse_released(found)
        at = (
            hours.parse(hour, zone=settings.timezone, now=now())
            if hour
            else Hour(now() + timedelta(seconds=settings.grace_seconds), settings.timezone)
        )
        points, foreseen = await _points(installation, context, campaign_id, at)
        async with installation.database.reading() as session:
            ticked = {it.key for it in await ticking.ticked(session, campaign_id)}
        open_ = [it for it in points if it.stops or it.key not in ticked]
        if open_:
            raise CampaignError.listing([_told(it, False) for it in open_])
        people_ = foreseen.receiving if foreseen else 0
        if not confirm(_question(found, people_, at), yes=yes):
            raise declined()
        async with installation.database.begin() as session:
            await releasing.release(
                session,
                campaign_id=campaign_id,
                at=at.moment,
                zone=at.zone,
                number=people_,
                seen_hash=found.frozen_hash,
                second_person=settings.second_person,
                by=by,
                now=now(),
            )
    tell(
        say(
            N_('Campaign {id} is released: {hour}. "pli campaign stop {id}" stops it until then.'),
            id=campaign_id,
            hour=at,
        )
    )


@click.command(help=_("Stop a released campaign before its first copy."))
@which
@by_option
@running
async def stop(context: Context, campaign: str, person: str | None) -> None:
    """Take a release back: the campaign is a draft, or approved, as before."""
    async with context.open() as installation, installation.database.begin() as session:
        campaign_id = await summary.find(session, campaign)
        its = await lists_of(session, campaign_id=campaign_id)
        by = await acting(session, person, Ability.RELEASE, Ability.PAUSE, lists=its)
        await releasing.unschedule(session, campaign_id=campaign_id, by=by, now=now())
    tell(say(N_("Campaign {id} is stopped: nothing was sent."), id=campaign_id))


def _question(campaign: Campaign, people_: int, at: Hour) -> Sentence:
    question = say_n(
        "Send letter {number}, “{subject}”, to {n} person?",
        "Send letter {number}, “{subject}”, to {n} people?",
        people_,
        number=campaign.number,
        subject=campaign.subject,
    )
    return say(N_("{question} ({hour})"), question=question, hour=at)


async def _points(
    installation: Installation, context: Context, campaign_id: int, at: Hour | None = None
) -> tuple[list[Point], Foreseen | None]:
    # Imported here: it loads what speaks with relays and name servers.
    from commands import doctor

    settings = installation.settings
    async with installation.database.reading() as session:
        found = await find_campaign(session, campaign_id)
        text = await freezing.frozen_text(session, campaign_id)
        known = await attributes.declared(session)
        points, foreseen = await readiness.of_lists(
            session, found, at=at.moment if at else now(), notified=bool(settings.notify)
        )
    file = context.config or Path("pli.toml")
    checks = await doctor.look(settings, file, installation.database)
    of_letter = readiness.of_letter(text, known, sizes_of(settings))
    return readiness.worst_first([*of_letter, *points, *readiness.of_machine(checks)]), foreseen


async def _in_body(session: AsyncSession, campaign_id: int, line: int) -> int:
    """A line of a letter's file as a line of its body, from 0; below 0 in the front matter."""
    text = await freezing.frozen_text(session, campaign_id)
    return line - Frozen.of_text(text).letter.line


async def _acting(
    session: AsyncSession,
    person: str | None,
    may: Ability,
    campaign_id: int,
    *,
    decides: bool = False,
) -> Actor:
    its = await lists_of(session, campaign_id=campaign_id)
    return await acting(session, person, may, lists=its, decides=decides)


def _room(installation: Installation) -> MailRoom:
    settings = installation.settings
    return MailRoom(identity_of(settings), settings.office_at, installation.keys)
