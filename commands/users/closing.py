"""pli user close, reopen, end-sessions and reset: who is let in no longer, or anew."""

from __future__ import annotations

import click

from accounts import people, session_ends
from accounts.abilities import Ability
from accounts.models import AccountState
from accounts.people import AccountError
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    Context,
    _,
    as_json,
    now,
    running,
    show_json,
    tell,
)
from commands.users.links import as_document, link, require_an_address, show_link
from commands.users.options import of_whom
from pli.language import N_, say, say_n
from subscribers.address import Address


@click.command(help=_("Let somebody no longer into the office; ends all sessions at once."))
@of_whom
@by_option
@running
async def close(context: Context, address: str, person: str | None) -> None:
    """Close an account; rights and proofs stay, for `reopen`."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
        if not await people.close(session, account_id=account.id, by=by, now=now()):
            raise AccountError(N_("{name}: that account is closed already"), name=account.name)
    tell(
        say(
            N_('{name} is not let in any more. "pli user reopen {address}" takes that back.'),
            name=account.name,
            address=account.address,
        )
    )


@click.command(help=_("Let somebody in again whose account was closed."))
@of_whom
@by_option
@running
async def reopen(context: Context, address: str, person: str | None) -> None:
    """Open a closed account, with the rights and proofs that it had."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
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


@click.command("end-sessions", help=_("Sign somebody out in every browser."))
@of_whom
@by_option
@running
async def end_sessions(context: Context, address: str, person: str | None) -> None:
    """End all sessions of an account; its person may sign in again."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        account = await people.get(session, parsed)
        by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
        ended = await session_ends.end_all(session, account_id=account.id, by=by, now=now())
    tell(
        say_n(
            "{name}: {n} session is ended.", "{name}: {n} sessions are ended.", ended,
            name=account.name,
        )
    )  # fmt: skip


@click.command(
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
        require_an_address(installation)
        async with installation.database.begin() as session:
            account = await people.get(session, parsed)
            by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
            if account.state is AccountState.CLOSED:
                raise AccountError(
                    N_('{name}: that account is closed: "pli user reopen {address}" first'),
                    name=account.name,
                    address=account.address,
                )
            await people.reset(session, account_id=account.id, by=by, now=now())
            made = await link(session, account, by)
    if as_json:
        show_json(as_document(installation, account, made))
        return
    tell(
        say(
            N_("{name} has neither password nor passkey now, and is signed out everywhere."),
            name=account.name,
        )
    )
    show_link(installation, made)
