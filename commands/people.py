"""pli subscriber: people read in, shown, and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    console,
    now,
    running,
    show_json,
    tell,
)
from commands.lists import STATES
from mailer import reasons
from mailer.models import Campaign, Delivery, Evidence, Status
from pli.errors import PliError
from pli.language import N_, Sentence, say, say_n, translations
from subscribers import attributes, consent, importing, lists, optout, people
from subscribers.address import Address
from subscribers.importing import ImportReport
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    List,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from subscribers.values import read_value

SHOWN = 20
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
COPIES = {
    Status.EXCLUDED: N_("not to be sent"),
    Status.PENDING: N_("waiting to be sent"),
    Status.SENDING: N_("being sent"),
    Status.SENT: N_("was sent"),
    Status.FAILED: N_("was refused"),
    Status.SKIPPED: N_("not sent after all"),
    Status.UNCERTAIN: N_("perhaps sent"),
}
REASONS = {
    SuppressionReason.HARD_BOUNCE: N_("the mailbox does not exist"),
    SuppressionReason.COMPLAINT: N_("complained"),
    SuppressionReason.OBJECTION: N_("objected"),
}

basis_option = click.option(
    "--basis",
    required=True,
    type=click.Choice([it.value for it in Basis]),
    help=_("Why we may write to them."),
)
source_option = click.option(
    "--source", required=True, help=_("Where the addresses come from, for the proof of consent.")
)
list_option = click.option("--list", "name", required=True, help=_("The list."))


class PeopleError(PliError):
    """That cannot be done with these people."""


@click.group(help=_("People: read them in, see what is held about them, let them leave."))
def subscriber() -> None:
    """Commands over people."""


@subscriber.command("import", help=_("Read people from a CSV file onto a list."))
@click.argument("file", type=click.Path(path_type=Path))
@list_option
@basis_option
@source_option
@click.option("--encoding", help=_("If the file's is not recognised: utf-8, cp1252 …"))
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def import_(
    context: Context,
    file: Path,
    name: str,
    basis: str,
    source: str,
    encoding: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """All of the file or nothing; a row that is no person is told with its line."""
    if not source.strip():
        raise PeopleError(N_("--source is empty: say where the addresses come from"))
    async with context.open() as installation:
        sheet = importing.read(file, encoding=encoding)
        rows = sum(1 for _row in sheet.rows())
        if not yes:
            async with installation.database.reading() as session:
                joined = await lists.find(session, name)
                with _counting(rows, quiet=as_json) as counted:
                    foreseen = await importing.preview(
                        session,
                        sheet,
                        list_id=joined.id if joined else None,
                        keys=installation.keys,
                        progress=counted,
                    )
            _refuse_all(foreseen, file)
            _show_rejected(foreseen, file)
            if not confirm(_foreseen(foreseen, name, is_new=joined is None), yes=False):
                raise click.Abort
        with _counting(rows, quiet=as_json) as counted:
            async with installation.database.begin() as session:
                joined = await lists.find(session, name)
                if joined is None:
                    joined = await lists.create(session, name=name, now=now())
                report = await importing.run(
                    session,
                    sheet,
                    list_id=joined.id,
                    basis=Basis(basis),
                    source=source,
                    keys=installation.keys,
                    file=file.name,
                    progress=counted,
                    now=now(),
                )
                _refuse_all(report, file)
    _show_import(report, as_json=as_json)
    if yes and not as_json:
        _show_rejected(report, file)


@contextmanager
def _counting(rows: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that a long import fills."""
    shown = Progress(console=console(stderr=True), disable=quiet, transient=True)
    with shown:
        task = shown.add_task(_("Reading"), total=rows)
        yield lambda done: shown.update(task, completed=done)


def _foreseen(report: ImportReport, name: str, *, is_new: bool) -> Sentence:
    return say(
        N_(
            "{added} to add to {list}, {updated} to change, {unchanged} as before, "
            "{objected} who objected or left, {rejected} that cannot be taken. Do it?"
        ),
        added=report.added,
        list=say(N_("the new list {name}"), name=name) if is_new else name,
        updated=report.updated,
        unchanged=report.unchanged,
        objected=report.objected,
        rejected=len(report.rejected),
    )


def _refuse_all(report: ImportReport, file: Path) -> None:
    """A file without one person in it is not an import but a mistake: nothing is kept of it."""
    if report.rejected and len(report.rejected) == report.rows:
        raise PeopleError.listing(_rejections(report, file))


def _rejections(report: ImportReport, file: Path) -> Iterator[Sentence]:
    for it in report.rejected[:SHOWN]:
        yield say(
            N_("{file}:{line}: {value}: {reason}"),
            file=file.name,
            line=it.line,
            value=it.value or "–",
            reason=it.reason,
        )
    if len(report.rejected) > SHOWN:
        yield say(N_("and {n} more: --json lists all"), n=len(report.rejected) - SHOWN)


def _show_import(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "added": report.added,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "objected": report.objected,
                "rejected": [
                    {"line": it.line, "value": it.value, "reason": it.reason.tell(LANGUAGE)}
                    for it in report.rejected
                ],
            }
        )
        return
    tell(
        say(
            N_("{added} added, {updated} changed, {unchanged} as before"),
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
        )
    )
    if report.objected:
        tell(
            say_n(
                "{n} person objected or left: skipped",
                "{n} people objected or left: skipped",
                report.objected,
            )
        )


def _show_rejected(report: ImportReport, file: Path) -> None:
    if report.rejected:
        n = len(report.rejected)
        tell(say_n("{n} row cannot be taken:", "{n} rows cannot be taken:", n), stderr=True)
        for sentence in _rejections(report, file):
            tell(sentence, stderr=True)


@subscriber.command(help=_("Add one person to a list."))
@click.argument("address")
@list_option
@basis_option
@source_option
@click.option("--first-name", default="", help=_("First name."))
@click.option("--last-name", default="", help=_("Last name."))
@click.option("--set", "pairs", multiple=True, help=_("An attribute: departement=44"))
@click.option("--again", is_flag=True, help=_("Also who left and asks to come back."))
@running
async def add(
    context: Context,
    address: str,
    name: str,
    basis: str,
    source: str,
    first_name: str,
    last_name: str,
    pairs: tuple[str, ...],
    again: bool,
) -> None:
    """Somebody who left comes back by `--again` alone."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        joined = await lists.get(session, name)
        person = await people.find(session, parsed)
        if person is None:
            person = await people.add(
                session,
                address=parsed,
                keys=installation.keys,
                first_name=first_name,
                last_name=last_name,
                attributes=await _values(session, pairs),
                now=now(),
            )
        done = await consent.subscribe(
            session,
            subscriber_id=person.id,
            list_id=joined.id,
            basis=Basis(basis),
            source=source,
            confirmed=True,
            again=again,
            now=now(),
        )
        if not done:
            raise PeopleError(
                N_(
                    "{address} is on {list} already, or has left it (then --again brings back): "
                    'see "pli subscriber show {address}"'
                ),
                address=parsed.email,
                list=name,
            )
    tell(say(N_("{address} is on {list} now."), address=parsed.email, list=name))


async def _values(session: AsyncSession, pairs: tuple[str, ...]) -> dict[str, Any]:
    declared = await attributes.declared(session)
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in declared:
            raise PeopleError(
                N_("--set {pair}: there is no such attribute: known are {names}"),
                pair=pair,
                names=", ".join(declared) or "–",
            )
        values[name] = read_value(text, declared[name])
    return values


@subscriber.command(help=_("Everything that is held about one person."))
@click.argument("address")
@as_json
@running
async def show(context: Context, address: str, as_json: bool) -> None:
    """Also what became of each copy to that person."""
    async with context.open() as installation, installation.database.reading() as session:
        person = await people.get(session, Address.parse(address))
        document = await _everything(session, person)
    if as_json:
        show_json(document)
        return
    table = Table(show_header=False, box=None)
    for label, value in (
        (_("address"), document["email"]),
        (_("name"), f"{person.first_name} {person.last_name}".strip()),
        *person.attributes.items(),
    ):
        table.add_row(label, str(value))
    if document["suppressed"]:
        table.add_row(_("never written to"), _told(REASONS[document["suppressed"]]))
    for it in document["subscriptions"]:
        paused = f", {_('paused')}" if it["paused"] else ""
        basis = _told(BASES[it["basis"]])
        table.add_row(it["list"], f"{_told(STATES[it['state']])}{paused} ({basis})")
    for it in document["consent"]:
        told = f"{_told(EVENTS[it['event']])}, {it['list']}: {it['source']}"
        table.add_row(f"{it['at']:%Y-%m-%d %H:%M}", told)
    for it in document["copies"]:
        why = reasons.sentence(it["status"], it["reason"])
        table.add_row(
            say(N_("letter {number}"), number=it["letter"]).tell(LANGUAGE),
            _told(COPIES[it["status"]]) + (f". {why.tell(LANGUAGE)}" if why else ""),
        )
        for proof in it["evidence"]:
            shown = reasons.proof(proof["source"], proof["status"]).tell(LANGUAGE)
            table.add_row(f"{proof['at']:%Y-%m-%d %H:%M}", f"{shown} {proof['detail']}".strip())
    console().print(table)


def _told(text: str) -> str:
    return translations(LANGUAGE).gettext(text)


async def _everything(session: AsyncSession, person: Subscriber) -> dict[str, Any]:
    subscriptions = await session.execute(
        select(
            List.name,
            Subscription.state,
            Subscription.paused,
            Subscription.basis,
            Subscription.since,
        )
        .join(Subscription, Subscription.list_id == List.id)
        .where(Subscription.subscriber_id == person.id)
        .order_by(List.name)
    )
    consents = await session.execute(
        select(ConsentRecord, List.name)
        .outerjoin(List, List.id == ConsentRecord.list_id)
        .where(ConsentRecord.subscriber_id == person.id)
        .order_by(ConsentRecord.id)
    )
    copies = await session.execute(
        select(Campaign.number, Delivery.campaign_id, Delivery.status, Delivery.reason, Delivery.id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.subscriber_id == person.id)
        .order_by(Delivery.id)
    )
    evidence = await session.scalars(
        select(Evidence)
        .join(Delivery, Delivery.id == Evidence.delivery_id)
        .where(Delivery.subscriber_id == person.id)
        .order_by(Evidence.id)
    )
    proofs: dict[int, list[dict[str, Any]]] = {}
    for it in evidence:
        proofs.setdefault(it.delivery_id, []).append(
            {"at": it.at, "source": it.source, "status": it.status, "detail": it.detail}
        )
    suppressed = await session.get(Suppression, person.address_key)
    return {
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language": person.language,
        "attributes": person.attributes,
        "since": person.created_at,
        "suppressed": suppressed.reason if suppressed else None,
        "subscriptions": [
            {"list": name, "state": state, "paused": paused, "basis": basis, "since": since}
            for name, state, paused, basis, since in subscriptions
        ],
        "consent": [
            {
                "at": record.at,
                "event": record.event,
                "list": name,
                "basis": record.basis,
                "source": record.source,
                "wording": record.wording,
                "entered_by": record.entered_by,
            }
            for record, name in consents
        ],
        "copies": [
            {
                "letter": number,
                "campaign": campaign,
                "status": status,
                "reason": reason,
                "evidence": proofs.get(delivery_id, []),
            }
            for number, campaign, status, reason, delivery_id in copies
        ],
    }


@subscriber.command(help=_("Let a person leave a list: said by telephone, by letter …"))
@click.argument("address")
@list_option
@click.option("--source", default="", help=_("How it was said."))
@running
async def unsubscribe(context: Context, address: str, name: str, source: str) -> None:
    """Takes effect in running sendings, too."""
    async with context.open() as installation, installation.database.begin() as session:
        person = await people.get(session, Address.parse(address))
        joined = await lists.get(session, name)
        done = await optout.unsubscribe(
            session,
            subscriber_id=person.id,
            list_id=joined.id,
            source=source or "pli subscriber unsubscribe",
            now=now(),
        )
    told = N_("{address} has left {list}.") if done else N_("{address} was not on {list}.")
    tell(say(told, address=person.email, list=name))


@subscriber.command(help=_("Never write to an address again, on any list."))
@click.argument("address")
@click.option(
    "--reason",
    type=click.Choice([it.value for it in SuppressionReason]),
    default=SuppressionReason.OBJECTION.value,
    show_default=True,
)
@click.option("--source", default="", help=_("How it was said."))
@running
async def suppress(context: Context, address: str, reason: str, source: str) -> None:
    """The address need not be known: it stays away from imports, too."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        await session.run_sync(
            optout.suppress,
            address_key=installation.keys.address_key(parsed.folded),
            reason=SuppressionReason(reason),
            source=source or "pli subscriber suppress",
            now=now(),
        )
    tell(say(N_("{address} is not written to any more."), address=parsed.email))


@subscriber.command(help=_("Write to an address again: it was suppressed by mistake."))
@click.argument("address")
@running
async def lift(context: Context, address: str) -> None:
    """Lists that were left stay left."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        key = installation.keys.address_key(parsed.folded)
        if not await optout.lift(session, address_key=key):
            raise PeopleError(N_("{address} was not suppressed."), address=parsed.email)
    tell(say(N_("{address} may be written to again."), address=parsed.email))
