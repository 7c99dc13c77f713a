"""pli bounce list, show: what came back, about whom, and what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    console,
    new_table,
    now,
    running,
    show,
    show_json,
    tell,
)
from commands.policy import bounce_rules_of
from mailer.bounces import words
from mailer.campaign.finding import lists_of
from mailer.intake import words as intake_words
from mailer.report import bounces, summary, viewing
from mailer.report.bounces import Listed, StalePerson, Unclaimed
from pli.hours import zone_of
from pli.language import N_, say

ERASED = N_("(erased)")


@click.command("list", help=_("What came back; the latest first."))
@click.option("--campaign", metavar="CAMPAIGN", help=_("Only of this campaign."))
@click.option("--held", is_flag=True, help=_("Only what waits for a decision."))
@click.option("--unclaimed", is_flag=True, help=_("Mails that carry no token: they act on nobody."))
@click.option(
    "--stale",
    is_flag=True,
    help=_("People of whom letters keep coming back for passing trouble."),
)
@click.option("--notes", is_flag=True, help=_("Answers such as “has left, write to …”."))
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help=_("How many are shown."),
)
@by_option
@as_json
@running
async def list_(
    context: Context,
    campaign: str | None,
    held: bool,
    unclaimed: bool,
    stale: bool,
    notes: bool,
    limit: int,
    person: str | None,
    as_json: bool,
) -> None:
    """Show bounces, or what the option names."""
    if sum((held, unclaimed, stale, notes)) > 1:
        raise click.UsageError(_("name one of --held, --unclaimed, --stale and --notes"))
    if campaign is not None and (unclaimed or stale or notes):
        raise click.UsageError(_("--campaign goes with --held alone"))
    found: Sequence[Listed] | Sequence[Unclaimed] | Sequence[StalePerson]
    async with context.open() as installation, installation.database.begin() as session:
        zone = zone_of(installation.settings.timezone)
        campaign_id, its = None, ALL_LISTS
        if campaign is not None:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
        if unclaimed:
            found = await bounces.unclaimed(session, limit=limit)
        elif notes:
            found = await bounces.notes(session, limit=limit)
        elif stale:
            rules = bounce_rules_of(installation.settings)
            found = (await bounces.stale(session, rules, now()))[:limit]
        else:
            found = await bounces.latest(session, campaign_id=campaign_id, held=held, limit=limit)
        viewing.note_people(
            session,
            count=len(found),
            how="bounces",
            campaign_id=campaign_id,
            by=await acting(session, person, Ability.SEE_COPIES, lists=its),
            now=now(),
        )
    if as_json:
        show_json([asdict(it) for it in found])
    elif not found:
        tell(say(N_("Nothing of that kind came back.")))
    else:
        _print(found, zone)


def _print(
    found: Sequence[Listed] | Sequence[Unclaimed] | Sequence[StalePerson], zone: tzinfo
) -> None:
    table = new_table(_("which"), _("when"), _("about"), _("what"), "")
    for it in found:
        if isinstance(it, Listed):
            table.add_row(
                str(it.id),
                _hour(it.at, zone),
                it.email or _(ERASED),
                it.sentence.tell(LANGUAGE),
                it.followed.tell(LANGUAGE),
            )
        elif isinstance(it, Unclaimed):
            table.add_row(
                str(it.mail), _hour(it.at, zone), it.address, it.note or _kind(it.kind), ""
            )
        else:
            told = words.sentence("failed", it.reason).tell(LANGUAGE)
            since = say(N_("{n} letters since {date}"), n=it.letters, date=_day(it.since, zone))
            table.add_row("", _hour(it.latest, zone), it.email, told, since.tell(LANGUAGE))
    console().print(table)


def _kind(name: str) -> str:
    return intake_words.kind(name).tell(LANGUAGE)


def _hour(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


@click.command("show", help=_("One bounce, with the mail that told it."))
@click.argument("number", type=int)
@by_option
@as_json
@running
async def show_one(context: Context, number: int, person: str | None, as_json: bool) -> None:
    """Show a bounce and, as long as it is kept, its mail."""
    async with context.open() as installation, installation.database.begin() as session:
        zone = zone_of(installation.settings.timezone)
        found, mail = await bounces.one(session, number)
        by = await acting(session, person, Ability.SEE_COPIES, lists=ALL_LISTS)
        viewing.note_people(session, count=1, how="bounce", by=by, now=now())
    if as_json:
        show_json({**asdict(found), "source": mail})
        return
    table = new_table(show_header=False)
    for name, value in (
        (_("when"), _hour(found.at, zone)),
        (_("about"), found.email or _(ERASED)),
        (_("campaign"), str(found.campaign or "")),
        (_("what"), found.sentence.tell(LANGUAGE)),
        (_("reason"), found.reason),
        (_("weight"), words.weight(found.weight).tell(LANGUAGE)),
        (_("what followed"), found.followed.tell(LANGUAGE)),
        (_("read as"), found.how),
    ):
        table.add_row(name, value)
    console().print(table)
    if mail:
        show("")
        show(mail)
