"""pli intake list, leave, dismiss, retry: what came in, and what waits for a person."""

from __future__ import annotations

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    as_json,
    console,
    iso,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from mailer.bounces import whose
from mailer.bounces.tokens import Tokens
from mailer.intake import deciding, words
from mailer.report import intake as came_in
from mailer.report import viewing
from mailer.report.intake import Noise
from pli.hours import zone_of
from pli.language import N_, Sentence, say, say_n


@click.command("list", help=_("What came in by each door, and the wishes that wait for a person."))
@as_json
@by_option
@running
async def list_(context: Context, as_json: bool, person: str | None) -> None:
    """Show the counts, the mailboxes, and who wrote STOP without being proven."""
    async with context.open() as installation:
        async with installation.database.begin() as session:
            by = await acting(session, person, Ability.NOES, lists=ALL_LISTS)
            wishes = await came_in.wishes(session)
            viewing.note_people(session, count=len(wishes), how="intake list", by=by, now=now())
        async with installation.database.reading() as session:
            counted = await came_in.counted(session)
            mailboxes = await came_in.mailboxes(session)
            waiting = await came_in.waiting(session, now=now())
            noises = await came_in.noises(session)
            stuck = await came_in.stuck(session)
    if as_json:
        show_json(
            {
                "came_in": [it._asdict() for it in counted],
                "mailboxes": [
                    {
                        "name": it.name,
                        "seen_at": iso(it.seen_at) if it.seen_at else None,
                        "fault": it.fault.tell(LANGUAGE) if it.fault else None,
                    }
                    for it in mailboxes
                ],
                "waiting": waiting.mails,
                "oldest_seconds": waiting.oldest,
                "wishes": [{**it._asdict(), "at": iso(it.at)} for it in wishes],
                "stuck": [{**it._asdict(), "at": iso(it.at)} for it in stuck],
                "noise": [
                    {
                        "door": it.door,
                        "copy": _copy_of(installation, it),
                        "dropped": it.dropped,
                        "at": iso(it.at),
                    }
                    for it in noises
                ],
            }
        )
        return
    if not counted:
        tell(say(N_("Nothing ever came in by a door: “pli intake setup” tells how.")))
    else:
        table = new_table(_("door"), _("what came in"), _("mails"))
        for it in counted:
            table.add_row(it.door, words.kind(it.kind).tell(LANGUAGE), str(it.mails))
        console().print(table)
    for box in mailboxes:
        if box.fault is not None:
            tell(say(N_("mailbox {name}: {reason}"), name=box.name, reason=box.fault))
    for mail in stuck:
        tell(
            say(
                N_("mail {number}: {kind} ({place})"),
                number=mail.mail,
                kind=words.kind(mail.kind),
                place=f"{mail.door} {mail.note}".strip(),
            )
        )
    if stuck:
        tell(
            say(N_("“pli intake retry MAIL” works on it again; “pli intake dismiss MAIL” drops it"))
        )
    for noise in noises:
        tell(_told(noise, _copy_of(installation, noise)))
    zone = zone_of(installation.settings.timezone)
    if wishes:
        tell(say(N_("These may want to leave; nothing proves that they wrote it themselves:")))
        table = new_table(_("mail"), _("since"), _("address"), _("subject"))
        for wish in wishes:
            at = wish.at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
            table.add_row(str(wish.mail), at, wish.address, wish.subject)
        console().print(table)
        tell(
            say(
                N_(
                    "“pli intake leave MAIL” takes a person off every list; “pli intake dismiss "
                    "MAIL” takes the line away, and nothing follows."
                )
            )
        )


def _copy_of(installation: Installation, noise: Noise) -> int | None:
    """The number of the copy that noise is about; None if its token is not ours."""
    tokens = Tokens(installation.keys)
    if (number := tokens.of_return_path(noise.came_to)) is not None:
        return number
    if token := tokens.of_leave_address(noise.came_to):
        return token.delivery_id
    return whose.of_mark(noise.came_to, tokens)


def _told(noise: Noise, copy: int | None) -> Sentence:
    if copy is None:
        return say_n(
            "{n} mail to one address came so often by {door} that it was not kept",
            "{n} mails to one address came so often by {door} that they were not kept",
            noise.dropped,
            door=noise.door,
        )
    return say_n(
        "{n} mail about copy {copy} came so often by {door} that it was not kept",
        "{n} mails about copy {copy} came so often by {door} that they were not kept",
        noise.dropped,
        copy=copy,
        door=noise.door,
    )


@click.command(help=_("Work again on a mail that a fault of Pli kept from it."))
@click.argument("mail", type=int)
@by_option
@running
async def retry(context: Context, mail: int, person: str | None) -> None:
    """Let it wait anew; `pli serve` works on it at once."""
    async with context.open() as installation, installation.database.begin() as session:
        await acting(session, person, Ability.NOES, lists=ALL_LISTS)
        await deciding.work_again(session, mail_id=mail, now=now())
    tell(say(N_("Mail {number} waits to be worked on."), number=mail))


@click.command(help=_("Let whoever wrote a wish to leave, which nothing proves, leave every list."))
@click.argument("mail", type=int)
@by_option
@running
async def leave(context: Context, mail: int, person: str | None) -> None:
    """Do what the mail wants; running sendings notice, too."""
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person, Ability.NOES, lists=ALL_LISTS)
        left = await deciding.leave(session, mail_id=mail, by=by, now=now())
    tell(say_n("They have left {n} list.", "They have left {n} lists.", left))


@click.command(help=_("Take a mail off the list: what it wants is done, or nothing follows."))
@click.argument("mail", type=int)
@by_option
@running
async def dismiss(context: Context, mail: int, person: str | None) -> None:
    """Note that a person has decided."""
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person, Ability.NOES, lists=ALL_LISTS)
        await deciding.dismiss(session, mail_id=mail, by=by, now=now())
    tell(say(N_("Mail {number} waits no more."), number=mail))
