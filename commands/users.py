"""pli user: the people of the office: who may come in, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import last_operator, links, people, rights, session_ends
from accounts.abilities import Granted, OnLists, Right
from accounts.links import Made
from accounts.models import Account, AccountState
from accounts.people import AccountError
from commands.acting import acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    as_json,
    console,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from pli.actor import Actor
from pli.hours import Hour
from pli.language import N_, Sentence, say, say_n, translations
from subscribers import lists
from subscribers.address import Address

STATES = {
    AccountState.INVITED: N_("invited"),
    AccountState.ACTIVE: N_("in use"),
    AccountState.CLOSED: N_("closed"),
}
ROLES = click.Choice([it.value for it in Right])

of_whom = click.argument("address")


@click.group(help=_("The people of the office: who may come in, and what each may do."))
def user() -> None:
    """The group of the commands over accounts."""


@user.command(help=_("Let somebody into the office; prints a link that works once, for a day."))
@of_whom
@click.option("--name", required=True, help=_("The name of the person."))
@click.option(
    "--role", "roles", multiple=True, required=True, type=ROLES, help=_("A right; several.")
)
@click.option("--list", "names", multiple=True, help=_("On this list; several. Else on all."))
@click.option(
    "--language", type=click.Choice(["fr", "en"]), help=_("As the settings, if not said.")
)
@by_option
@as_json
@running
async def add(
    context: Context,
    address: str,
    name: str,
    roles: Sequence[str],
    names: Sequence[str],
    language: str | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Make an account with its rights, and a link; all of it or nothing."""
    parsed = Address.parse(address)
    async with context.open() as installation:
        _require_an_address(installation)
        async with installation.database.begin() as session:
            by = await acting(session, person)
            account = await people.invite(
                session,
                address=parsed,
                name=name,
                language=language or installation.settings.language,
                zone=installation.settings.timezone,
                by=by,
                now=now(),
            )
            for list_id in await _ids(session, names):
                for right in dict.fromkeys(roles):
                    await rights.grant(
                        session,
                        account_id=account.id,
                        right=Right(right),
                        list_id=list_id,
                        by=by,
                        now=now(),
                    )
            made = await _link(session, account, by)
            managed = await last_operator.anybody_manages(session)
    if as_json:
        show_json(_of_link(installation, account, made))
        return
    tell(say(N_("{name} ({address}) is invited."), name=account.name, address=account.address))
    _show_link(installation, made)
    if not managed:
        tell(
            say(N_('Nobody may manage accounts in the office yet: "--role operator" may.')),
            stderr=True,
        )


@user.command("list", help=_("Everybody of the office, and what each may do."))
@as_json
@running
async def list_(context: Context, as_json: bool) -> None:
    """Show all accounts, also those that are closed."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await people.everybody(session)
        granted = await rights.of_everybody(session)
        names = {it.id: it.name for it in await lists.everything(session)}
    nothing = Granted({})
    if as_json:
        show_json([_document(it, granted.get(it.id, nothing), names) for it in found])
        return
    if not found:
        tell(nobody_yet())
        return
    table = new_table("#", _("name"), _("address"), _("state"), _("rights"))
    for it in found:
        state = translations(LANGUAGE).gettext(STATES[it.state])
        may = "; ".join(_told(granted.get(it.id, nothing), names))
        table.add_row(str(it.id), it.name, it.address, state, may)
    console().print(table)


@user.command(help=_("Give rights to somebody of the office, or take them."))
@of_whom
@click.option("--add", "added", multiple=True, type=ROLES, help=_("A right to give; several."))
@click.option("--remove", "removed", multiple=True, type=ROLES, help=_("A right to take; several."))
@click.option("--list", "names", multiple=True, help=_("On this list; several. Else on all."))
@by_option
@running
async def role(
    context: Context,
    address: str,
    added: Sequence[str],
    removed: Sequence[str],
    names: Sequence[str],
    person: str | None,
) -> None:
    """Without a list, a right is given on all of them, and taken wherever it is held."""
    if not (added or removed):
        raise click.UsageError(_("say which: --add, --remove, or both"))
    if set(added) & set(removed):
        raise click.UsageError(_("a right is either given or taken"))
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person)
        account = await people.get(session, parsed)
        on = await _ids(session, names)
        changed = False
        for right in dict.fromkeys(removed):
            changed |= await _take(session, account.id, Right(right), on, by)
        for right in dict.fromkeys(added):
            for list_id in on:
                changed |= await rights.grant(
                    session,
                    account_id=account.id,
                    right=Right(right),
                    list_id=list_id,
                    by=by,
                    now=now(),
                )
        granted = await rights.granted(session, account_id=account.id)
        known = {it.id: it.name for it in await lists.everything(session)}
    if not changed:
        raise AccountError(
            N_("{name}: nothing to change, all of that is so: {rights}"),
            name=account.name,
            rights="; ".join(_told(granted, known)) or _("no right"),
        )
    tell(
        say(
            N_("{name} has these rights now: {rights}"),
            name=account.name,
            rights="; ".join(_told(granted, known)) or _("no right"),
        )
    )


@user.command(help=_("Let somebody no longer into the office; ends all sessions at once."))
@of_whom
@by_option
@running
async def close(context: Context, address: str, person: str | None) -> None:
    """Close an account; rights and proofs stay, for `reopen`."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person)
        if not await people.close(session, account_id=account.id, by=by, now=now()):
            raise AccountError(N_("{name}: that account is closed already"), name=account.name)
    tell(
        say(
            N_('{name} is not let in any more. "pli user reopen {address}" takes that back.'),
            name=account.name,
            address=account.address,
        )
    )


@user.command(help=_("Let somebody in again whose account was closed."))
@of_whom
@by_option
@running
async def reopen(context: Context, address: str, person: str | None) -> None:
    """Open a closed account, with the rights and proofs that it had."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person)
        if not await people.reopen(session, account_id=account.id, by=by, now=now()):
            raise AccountError(N_("{name}: that account is not closed"), name=account.name)
    tell(
        say(
            N_(
                "{name} is let in again. Who has no passkey or password any more: "
                '"pli user reset {address}" prints a link.'
            ),
            name=account.name,
            address=account.address,
        )
    )


@user.command("end-sessions", help=_("Sign somebody out in every browser."))
@of_whom
@by_option
@running
async def end_sessions(context: Context, address: str, person: str | None) -> None:
    """End all sessions of an account; its person may sign in again."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person)
        ended = await session_ends.end_all(session, account_id=account.id, by=by, now=now())
    tell(
        say_n(
            "{name}: {n} session is ended.", "{name}: {n} sessions are ended.", ended,
            name=account.name,
        )
    )  # fmt: skip


@user.command(
    help=_("For somebody who lost password and passkeys: takes all of them, and prints a link.")
)
@of_whom
@by_option
@as_json
@running
async def reset(context: Context, address: str, person: str | None, as_json: bool) -> None:
    """Let a person begin anew, by a link; also for an invitation that was not used in time."""
    parsed = Address.parse(address)
    async with context.open() as installation:
        _require_an_address(installation)
        async with installation.database.begin() as session:
            account = await people.get(session, parsed)
            by = await acting(session, person)
            if account.state is AccountState.CLOSED:
                raise AccountError(
                    N_('{name}: that account is closed: "pli user reopen {address}" first'),
                    name=account.name,
                    address=account.address,
                )
            await people.reset(session, account_id=account.id, by=by, now=now())
            made = await _link(session, account, by)
    if as_json:
        show_json(_of_link(installation, account, made))
        return
    tell(
        say(
            N_("{name} has neither password nor passkey now, and is signed out everywhere."),
            name=account.name,
        )
    )
    _show_link(installation, made)


def nobody_yet() -> Sentence:
    """How the first account is made."""
    return say(
        N_(
            "Nobody may come into the office yet: "
            '"pli user add ADDRESS --name NAME --role operator" prints a link for the first.'
        )
    )


async def invite_first(installation: Installation, *, address: Address, name: str) -> None:
    """Make the first account, of who manages the others, and show its link."""
    async with installation.database.begin() as session:
        by = await acting(session, None)
        account = await people.invite(
            session,
            address=address,
            name=name,
            language=installation.settings.language,
            zone=installation.settings.timezone,
            by=by,
            now=now(),
        )
        await rights.grant(
            session, account_id=account.id, right=Right.OPERATOR, list_id=None, by=by, now=now()
        )
        made = await _link(session, account, by)
    tell(say(N_("{name} ({address}) is invited."), name=account.name, address=account.address))
    _show_link(installation, made)


def _require_an_address(installation: Installation) -> None:
    """A link has to lead somewhere."""
    if not installation.settings.office_url:
        installation.settings.require("public_url")


async def _ids(session: AsyncSession, names: Sequence[str]) -> list[int | None]:
    """The lists that were named; None, for all, if none was."""
    return [(await lists.get(session, it)).id for it in dict.fromkeys(names)] or [None]


async def _take(
    session: AsyncSession, account_id: int, right: Right, on: Sequence[int | None], by: Actor
) -> bool:
    if on == [None]:
        return await rights.revoke_wholly(
            session, account_id=account_id, right=right, by=by, now=now()
        )
    taken = False
    for list_id in on:
        taken |= await rights.revoke(
            session, account_id=account_id, right=right, list_id=list_id, by=by, now=now()
        )
    return taken


async def _link(session: AsyncSession, account: Account, by: Actor) -> Made:
    made = await links.hand_out(session, account_id=account.id, by=by, now=now())
    assert made is not None
    return made


def _show_link(installation: Installation, made: Made) -> None:
    until = Hour(made.until, installation.settings.timezone)
    tell(say(N_("This link works once, until {hour}:"), hour=until))
    click.echo(links.url(installation.settings.office_at, made.token))


def _of_link(installation: Installation, account: Account, made: Made) -> dict[str, object]:
    return {
        "id": account.id,
        "address": account.address,
        "name": account.name,
        "link": links.url(installation.settings.office_at, made.token),
        "until": made.until,
    }


def _told(granted: Granted, names: Mapping[int, str]) -> list[str]:
    """Each right in words, with its lists."""
    return [
        f"{right.value} ({', '.join(_named(granted.rights[right], names))})"
        for right in Right
        if right in granted.rights
    ]


def _named(on: OnLists, names: Mapping[int, str]) -> list[str]:
    if on.every:
        return [_("all lists")]
    return sorted(names.get(it, str(it)) for it in on.ids)


def _document(it: Account, granted: Granted, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "id": it.id,
        "address": it.address,
        "name": it.name,
        "language": it.language,
        "zone": it.zone,
        "state": it.state,
        "rights": {
            right.value: "all" if on.every else _named(on, names)
            for right, on in granted.rights.items()
        },
        "created_at": it.created_at,
        "created_by": it.created_by,
    }
