"""pli campaign: shows, pauses, resumes and cancels campaigns; the other commands lie elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.abilities import Ability
from commands.acting import acting, by_option, why_option
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    console,
    declined,
    new_table,
    now,
    relay_names,
    running,
    show_json,
    tell,
)
from commands.lazy import LazyGroup, Place
from mailer import reasons
from mailer.campaign import holds
from mailer.campaign.finding import CampaignError, find_campaign, lists_of, reason_of
from mailer.campaign.holds import Hold
from mailer.campaign.sending_hours import SendingHours
from mailer.report import put_off, relays_away, summary
from mailer.report.summary import Progress
from pli import audit_words
from pli.actor import NOBODY, Actor, kept
from pli.hours import clock_time, zone_of
from pli.language import N_, Sentence, say, translations

SHOWN = 50

which = click.argument("campaign")
yes = click.option("--yes", is_flag=True, help=_("Ask nothing."))


# Each is loaded when it is called: the commands here need neither letters nor the engine.
ELSEWHERE = {
    "create": Place(
        "commands.planning", "create",
        _("Freeze a letter and its lists into a draft; nothing is sent yet."),
    ),
    "approve": Place(
        "commands.planning", "approve",
        _("Approve a draft: just what it is now is what may be sent."),
    ),
    "foresee": Place(
        "commands.foreseeing", "foresee",
        _("Foresee who would get a letter, and who not and why; nothing is written."),
    ),
    "check": Place(
        "commands.releasing", "check",
        _("All findings about a campaign, worst first; exit 1 if one stops it."),
    ),
    "refreeze": Place(
        "commands.releasing", "refreeze",
        _("Freeze a draft anew: another text, or other people; an approval is lost."),
    ),
    "ask": Place(
        "commands.releasing", "ask",
        _("Ask somebody, or all who may, to approve a draft; they get a mail."),
    ),
    "send-back": Place(
        "commands.releasing", "send_back",
        _("Send a draft back to who made it, with a remark."),
    ),
    "release": Place(
        "commands.releasing", "release",
        _("Release a campaign, now or at an hour, after all findings were looked at."),
    ),
    "stop": Place(
        "commands.releasing", "stop",
        _("Stop a released campaign before its first copy."),
    ),
    "schedule": Place(
        "commands.planning", "schedule",
        _("Let a campaign start by itself at an hour."),
    ),
    "hours": Place(
        "commands.planning", "change_hours",
        _("Change when an unfinished campaign may send."),
    ),
    "start": Place(
        "commands.planning", "start",
        _("Start a campaign that was made step by step; the engine sends it."),
    ),
    "resume": Place(
        "commands.resuming", "resume",
        _("Go on with a paused campaign."),
    ),
    "story": Place(
        "commands.stories", "story",
        _("Did this person get it? The story of one copy, in sentences."),
    ),
    "settle": Place(
        "commands.doubts", "settle",
        _("Settle copies in doubt by what the relay's log says of them."),
    ),
    "retry": Place(
        "commands.doubts", "retry",
        _("Send failed or uncertain copies again, under the same Message-ID."),
    ),
}  # fmt: skip


@click.group(cls=LazyGroup, places=ELSEWHERE, help=_("Campaigns: each one sending of one letter."))
def campaign() -> None:
    """The group of the campaign commands."""


@campaign.command("list", help=_("The latest campaigns and where they stand."))
@as_json
@running
async def list_(context: Context, as_json: bool) -> None:
    """Show the latest campaigns, newest first."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await summary.campaigns(session, list_ids=None, limit=SHOWN)
        waiting = await relays_away.waits(
            session,
            relay_names(installation.settings),
            zone=zone_of(installation.settings.timezone),
        )
    if as_json:
        show_json(
            [
                {
                    **_document(it),
                    "held_by": holds.as_json(waiting.get(it.campaign, ()), LANGUAGE),
                }
                for it in found
            ]
        )
        return
    why = {it.campaign: [sentence.tell(LANGUAGE) for sentence in _why(it, waiting)] for it in found}
    table = new_table("#", _("letter"), _("title"), _("state"), _("sent"), _("prepared"))
    if any(why.values()):
        table.add_column(_("why"))
    for it in found:
        table.add_row(
            str(it.campaign),
            str(it.letter),
            it.title,
            reasons.state(it.state).tell(LANGUAGE),
            str(it.sent),
            str(it.prepared),
            *(["; ".join(why[it.campaign])] if any(why.values()) else []),
        )
    console().print(table)


@campaign.command(help=_("One campaign: its state, its numbers, and what it waits for."))
@which
@as_json
@running
async def show(context: Context, campaign: str, as_json: bool) -> None:
    """Show one campaign: its id, or letter:NUMBER for the latest campaign of that letter."""
    # Imported here: they load all that speaks with a relay, and the list needs none of that.
    from commands import limits
    from commands.outdated import restarts
    from commands.report_table import visible

    async with context.open() as installation, installation.database.reading() as session:
        campaign_id = await summary.find(session, campaign)
        it = await summary.progress(session, campaign_id)
        found = await find_campaign(session, campaign_id)
        reason, hours = reason_of(found), SendingHours.of(found)
        maker, approver = kept(found.created_by or ""), kept(found.approved_by or "")
        ahead = await limits.look_ahead(session, installation.settings, it)
        outdated = await restarts(session, installation)
        reply = await put_off.relay_says(session, campaign_id)
    if as_json:
        show_json(
            {
                **_document(it),
                "quiet_hours": str(hours.quiet) if hours.quiet else None,
                "not_after": summary.iso(hours.end.moment) if hours.end else None,
                "held_by": holds.as_json(ahead.held_by, LANGUAGE),
                "arrives_at": ahead.arrives_at,
                "put_off_with": reply,
                "created_by": _actor(maker),
                "approved_by": _actor(approver),
                "restart": [sentence.tell(LANGUAGE) for sentence in outdated],
            }
        )
        return
    zone = installation.settings.timezone
    table = new_table(show_header=False)
    table.add_row(_("campaign"), str(it.campaign))
    table.add_row(_("letter"), f"{it.letter}, {it.title}")
    table.add_row(_("state"), reasons.state(it.state).tell(LANGUAGE))
    if it.starts:
        table.add_row(_("starts"), replace(it.starts, zone=zone).tell(LANGUAGE))
    for head, said in _said(reason, maker, approver):
        table.add_row(head, said.tell(LANGUAGE))
    for sentence in outdated:
        table.add_row(_("look"), sentence.tell(LANGUAGE))
    for hold in ahead.held_by:
        table.add_row(_("held back by"), hold.sentence.tell(LANGUAGE))
    if it.pending and ahead.arrives_at:
        table.add_row(_("all sent about"), clock_time(ahead.arrives_at, zone))
    if hours.quiet:
        table.add_row(_("quiet hours"), f"{hours.quiet} ({hours.zone})")
    if hours.end:
        table.add_row(_("end"), replace(hours.end, zone=zone).tell(LANGUAGE))
    for name, n in _numbers(it).items():
        table.add_row(translations(LANGUAGE).gettext(name), str(n))
    if it.pending and it.next_try_at and it.next_try_at > now():
        table.add_row(_("next try"), clock_time(it.next_try_at, zone))
    if reply:
        table.add_row(_("the relay says"), visible(reply))
    console().print(table)


def _said(reason: Sentence | None, maker: Actor, approver: Actor) -> Iterator[tuple[str, Sentence]]:
    """Yield why a campaign stands still, and whose it is; nothing that is not known."""
    if reason:
        yield _("why"), reason
    for head, actor in ((_("made by"), maker), (_("approved by"), approver)):
        if actor != NOBODY:
            yield head, audit_words.who(actor)


def _actor(actor: Actor) -> dict[str, object] | None:
    if actor == NOBODY:
        return None
    return {"name": actor.name, "account": actor.account_id, "said_by": actor.said_by or None}


@campaign.command(help=_("Hold a running campaign."))
@which
@by_option
@why_option
@running
async def pause(context: Context, campaign: str, person: str | None, why: str) -> None:
    """Pause a campaign; the process that sends it stops within two seconds."""

    from mailer.campaign import lifecycle  # not above: commands that only show do not need it

    async def hold(session: AsyncSession, campaign_id: int, by: Actor) -> None:
        if not await lifecycle.pause(session, campaign_id=campaign_id, by=by, why=why):
            raise CampaignError(N_("campaign {id} is not running"), id=campaign_id)

    campaign_id = await _change(context, campaign, hold, person, Ability.PAUSE)
    tell(say(N_('Paused. "pli campaign resume {id}" goes on.'), id=campaign_id))


@campaign.command(help=_("Give a campaign up: what waits is not sent."))
@which
@by_option
@why_option
@yes
@running
async def cancel(context: Context, campaign: str, person: str | None, why: str, yes: bool) -> None:
    """Cancel a campaign for good; the report still counts what was sent."""

    from mailer.campaign import lifecycle  # not above, as in `pause`

    async def give_up(session: AsyncSession, campaign_id: int, by: Actor) -> None:
        await lifecycle.cancel(session, campaign_id=campaign_id, by=by, why=why, now=now())

    def question(it: Progress) -> Sentence:
        return say(N_("Cancel campaign {id} for good?"), id=it.campaign)

    campaign_id = await _change(
        context, campaign, give_up, person, Ability.CANCEL, question, yes=yes
    )
    tell(say(N_("Campaign {id} is cancelled."), id=campaign_id))


async def _change(
    context: Context,
    name: str,
    verb: Callable[[AsyncSession, int, Actor], Awaitable[None]],
    person: str | None,
    may: Ability,
    question: Callable[[Progress], Sentence] | None = None,
    *,
    yes: bool = False,
) -> int:
    """Open the installation, ask, and call the verb in a transaction; the campaign's id.

    The transaction begins after the answer, so that no process waits for a person.
    """
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, name)
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, may, lists=its)
            progress = await summary.progress(session, campaign_id)
        if question is not None and not confirm(question(progress), yes=yes):
            raise declined()
        async with installation.database.begin() as session:
            await verb(session, campaign_id, by)
    return campaign_id


def _why(it: Progress, waiting: Mapping[int, Sequence[Hold]]) -> list[Sentence]:
    """Why a campaign is paused or does not start, or which relays it waits for."""
    reason = [it.reason] if it.reason else []
    return reason + [hold.sentence for hold in waiting.get(it.campaign, ())]


def _numbers(it: Progress) -> dict[str, int]:
    return {
        N_("candidates"): it.candidates,
        N_("prepared"): it.prepared,
        N_("pending"): it.pending,
        N_("sending"): it.sending,
        N_("sent"): it.sent,
        N_("failed"): it.failed,
        N_("skipped"): it.skipped,
        N_("uncertain"): it.uncertain,
    }


def _document(it: Progress) -> dict[str, object]:
    return {
        "campaign": it.campaign,
        "letter": it.letter,
        "title": it.title,
        "state": it.state.value,
        "reason": it.reason.tell(LANGUAGE) if it.reason else None,
        **_numbers(it),
        "scheduled_at": summary.iso(it.starts.moment) if it.starts else None,
        "next_try_at": summary.iso(it.next_try_at),
        "started_at": summary.iso(it.started_at),
        "finished_at": summary.iso(it.finished_at),
    }
