"""pli audit: who did what, and who looked at whom."""

from __future__ import annotations

from collections.abc import Mapping

import click

from accounts import people
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    console,
    new_table,
    running,
    show_json,
    tell,
)
from mailer.report import viewing
from pli import audit, audit_words
from pli.actor import kept
from pli.audit import AuditObject, Event
from pli.hours import zone_of
from pli.language import N_, say
from subscribers import lists, values
from subscribers.address import Address


@click.command("audit", help=_("Who did what, and who looked at whom; the latest first."))
@click.option("--who", metavar="ADDRESS", help=_("Only what this person of the office did."))
@click.option(
    "--person",
    "of_whom",
    metavar="ADDRESS",
    help=_("Only what was done to this subscriber, and who looked."),
)
@click.option("--since", help=_("Only from this day on: 2026-01-31 or 31/01/2026."))
@click.option(
    "--limit",
    type=click.IntRange(1, audit.LONGEST_PAGE),
    default=50,
    show_default=True,
    help=_("How many are shown."),
)
@as_json
@running
async def audit_(
    context: Context,
    who: str | None,
    of_whom: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show events of the audit, which is only ever added to."""
    doer = None if who is None else Address.parse(who)
    seen = None if of_whom is None else Address.parse(of_whom)
    async with context.open() as installation, installation.database.reading() as session:
        zone = zone_of(installation.settings.timezone)
        begins = None if since is None else values.midnight(since, zone)
        account_id = None if doer is None else (await people.get(session, doer)).id
        if seen is None:
            page = await audit.events(session, account_id=account_id, since=begins, limit=limit)
        else:
            page = await viewing.of_person(
                session, address=seen, account_id=account_id, since=begins, limit=limit
            )
        accounts = {it.id: it.name for it in await people.everybody(session)}
        names = {it.id: it.name for it in await lists.everything(session)}
    if as_json:
        show_json(
            {"events": [_document(it) for it in page.events], "more": page.before is not None}
        )
        return
    if not page.events:
        tell(say(N_("Nothing of that kind was done.")))
        return
    table = new_table(_("when"), _("who"), _("what"), "")
    for it in page.events:
        table.add_row(
            f"{it.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            audit_words.who(kept(it.actor)).tell(LANGUAGE),
            audit_words.action(it.action).tell(LANGUAGE),
            _of_what(it, accounts, names),
        )
    console().print(table)
    if page.before is not None:
        tell(say(N_("There are more: --limit shows more, --since and --who show fewer.")))


def _of_what(it: Event, accounts: Mapping[int, str], names: Mapping[int, str]) -> str:
    """What it was done to: by number, and by name where that is no subscriber's."""
    told = []
    if what := audit_words.what(it.kind, it.object_id):
        name = {AuditObject.ACCOUNT: accounts, AuditObject.LIST: names}.get(it.kind, {})
        of = name.get(it.object_id or 0)
        told.append(what.tell(LANGUAGE) + (f" ({of})" if of else ""))
    if it.list_id is not None and it.kind is not AuditObject.LIST:
        told.append(say(N_("list {id}"), id=names.get(it.list_id, it.list_id)).tell(LANGUAGE))
    if it.count is not None:
        told.append(str(it.count))
    if it.why:
        told.append(it.why)
    return ", ".join(told)


def _document(it: Event) -> dict[str, object]:
    return {
        "id": it.id,
        "at": it.at,
        "by": it.actor,
        "account": it.account_id,
        "action": it.action,
        "kind": it.kind,
        "object": it.object_id,
        "list": it.list_id,
        "count": it.count,
        "why": it.why,
    }
