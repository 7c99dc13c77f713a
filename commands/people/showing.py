"""pli subscriber show: shows everything that is held about one person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import tzinfo

import click
from rich.table import Table

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import LANGUAGE, Context, _, as_json, console, now, running, show_json
from mailer import reasons
from mailer.bounces import words
from mailer.report import viewing
from mailer.report.person import AccessAnswer, access_answer
from pli import actor, audit_words
from pli.hours import zone_of
from pli.language import N_, say, translations
from subscribers.address import Address
from subscribers.models import Basis, ConsentEvent
from subscribers.state_words import BARRED, STATES

BASES = {
    Basis.MEMBER: N_("member"),
    Basis.CONTACT: N_("regular contact"),
    Basis.CONSENT: N_("consent"),
}
EVENTS = {
    ConsentEvent.SUBSCRIBED: N_("put on the list"),
    ConsentEvent.CONFIRMED: N_("confirmed the subscription"),
    ConsentEvent.LEFT: N_("left the list"),
    ConsentEvent.RESTORED: N_("took the leaving back"),
    ConsentEvent.PAUSED: N_("paused the subscription"),
    ConsentEvent.RESUMED: N_("resumed the subscription"),
}
SOURCES = {
    "one-click": N_("by one click in the mail program"),
    "unsubscribe page": N_("on the page behind the letter's link"),
    "mail": N_("by a mail to the address to leave by"),
    "reply": N_("by an answer to a letter"),
    "opt-out report": N_("the provider passed it on"),
}
"""Where Pli itself heard of it; any other source is what somebody wrote."""


@click.command(help=_("Everything that is held about one person."))
@click.argument("address")
@by_option
@as_json
@running
async def show(context: Context, address: str, person: str | None, as_json: bool) -> None:
    """Show what is held about a person, with what became of each copy to that person."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person, Ability.ACCESS, Ability.SEE_PEOPLE, lists=ALL_LISTS)
        await viewing.note_person(session, address=parsed, how="show", by=by, now=now())
        answer = await access_answer(session, address=parsed)
        zone = zone_of(installation.settings.timezone)
    if as_json:
        show_json(asdict(answer))
        return
    table = Table(show_header=False, box=None)
    for row in (*_of_the_person(answer), *_of_lists(answer, zone), *_of_copies(answer, zone)):
        table.add_row(*row)
    console().print(table)


def _of_the_person(answer: AccessAnswer) -> Iterator[tuple[str, str]]:
    yield _("address"), answer.email
    yield _("name"), f"{answer.first_name} {answer.last_name}".strip()
    for name, value in answer.attributes.items():
        yield name, str(value)
    if answer.suppressed:
        yield _("never written to"), _told(BARRED[answer.suppressed])


def _of_lists(answer: AccessAnswer, zone: tzinfo) -> Iterator[tuple[str, str]]:
    for tie in answer.subscriptions:
        paused = f", {_('paused')}" if tie.paused else ""
        yield tie.list, f"{_told(STATES[tie.state])}{paused} ({_told(BASES[tie.basis])})"
    for it in answer.consent:
        yield (
            f"{it.at.astimezone(zone):%Y-%m-%d %H:%M}",
            f"{_told(EVENTS[it.event])}, {it.list}: {_source(it.source)}{_entered(it.entered_by)}",
        )


def _source(of: str) -> str:
    return _told(SOURCES[of]) if of in SOURCES else of


def _entered(by: str) -> str:
    """Who of the office entered it, if not the person alone."""
    if not by:
        return ""
    told = say(N_(" (entered by {who})"), who=audit_words.who(actor.kept(by)))
    return told.tell(LANGUAGE)


def _of_copies(answer: AccessAnswer, zone: tzinfo) -> Iterator[tuple[str, str]]:
    for copy in answer.copies:
        why = reasons.sentence(copy.status, copy.reason)
        yield (
            say(N_("letter {number}"), number=copy.letter).tell(LANGUAGE),
            reasons.status_of_one(copy.status).tell(LANGUAGE)
            + (f". {why.tell(LANGUAGE)}" if why else ""),
        )
        for proof in copy.evidence:
            shown = reasons.proof(proof.source, proof.status).tell(LANGUAGE)
            yield f"{proof.at.astimezone(zone):%Y-%m-%d %H:%M}", f"{shown} {proof.detail}".strip()
        for it in copy.bounces:
            told = words.sentence(it.action, it.reason, it.diagnostic).tell(LANGUAGE)
            yield f"{it.at.astimezone(zone):%Y-%m-%d %H:%M}", told


def _told(text: str) -> str:
    return translations(LANGUAGE).gettext(text)
