"""pli doctor: checks everything that a sending needs, and says what to do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.table import Table
from rich.text import Text

from commands import doctor_answers, doctor_relays
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    console,
    here_of,
    now,
    running,
    show_json,
)
from commands.policy import identity_of, settings_hash, themes_of
from mailer.bounces import checkup as came_back
from mailer.engine import checkup, chore_checkup
from mailer.letter.theme import DEFAULT, load_theme
from mailer.letter.theme import themes as all_themes
from mailer.letter.theme_toml import ThemeError
from mailer.links import Links
from mailer.sender import Identity
from mailer.smtp import sender_domain
from pli import checkup as ground
from pli import keys as key_ring
from pli import secret_urls
from pli import settings as settings_file
from pli.checks import Check, State, fine, refused, stops_a_sending, warn, wrong
from pli.database import Database, DatabaseAway
from pli.errors import PliError, reason_of
from pli.keys import Keys
from pli.language import N_, say
from pli.loopback import is_loopback
from pli.settings import Settings
from subscribers.address import Address

NEEDED = ("relay_url", "public_url", "committee", "address", "phone", "email")
DATABASE_SECONDS = 15.0
LOOK_AT_IT = N_("see that database_url names it, that it runs, and that nothing else holds it")
_SHOWN = {
    State.OK: (N_("ok"), "green"),
    State.WARNING: (N_("warning"), "yellow"),
    State.ERROR: (N_("error"), "bold red"),
}


@click.command(
    help=_("Look at all that a sending needs, and say what to do; exit 1 if no letter can be sent.")
)
@click.option("--send-to", metavar="ADDRESS", help=_("Send a message to yourself, too."))
@click.option(
    "--answers",
    is_flag=True,
    help=_("Send a mail that must come back in by a door; this takes a minute at most."),
)
@click.option("--resolver", metavar="HOST:PORT", help=_("Ask this name server about the domain."))
@as_json
@running
async def doctor(
    context: Context, send_to: str | None, answers: bool, resolver: str | None, as_json: bool
) -> None:
    """Run every check, also after one has failed; exit 1 if a sending is impossible."""
    address = Address.parse(send_to).email if send_to else None
    checks = await _examine(context, address, resolver, answers=answers)
    if as_json:
        show_json(as_document(checks))
    else:
        _draw(checks)
    if stops_a_sending(checks):
        raise click.exceptions.Exit(1)


def as_document(checks: Sequence[Check]) -> dict[str, object]:
    """The checks as scripts read them; the sentences are in the terminal's language."""
    return {
        "ok": not stops_a_sending(checks),
        "errors": sum(check.state is State.ERROR for check in checks),
        "warnings": sum(check.state is State.WARNING for check in checks),
        "checks": [
            {
                "check": check.name,
                "state": check.state,
                "message": check.told.tell(LANGUAGE),
                "remedy": check.remedy.tell(LANGUAGE) if check.remedy else None,
            }
            for check in checks
        ],
    }


async def _examine(
    context: Context, address: str | None, resolver: str | None, *, answers: bool
) -> list[Check]:
    try:
        values = context.settings()
    except PliError as error:
        return refused("settings", error)
    file = context.config or Path(settings_file.FILE)
    database = Database(values.database_url)
    try:
        return await look(
            values, file, database, address=address, resolver=resolver, answers=answers
        )
    finally:
        await database.close()


async def look(
    values: Settings,
    file: Path,
    database: Database,
    *,
    address: str | None = None,
    resolver: str | None = None,
    answers: bool = False,
) -> list[Check]:
    """All checks: of settings, themes, keys, database, disks, relays, domain and lists.

    `file` is that of the settings. `address`: a message is sent there, too. `answers`: a mail of
    its own has to come back.
    """
    identity = identity_of(values)
    checks = _settings(values, file, identity) + _themes(values)
    ring: Keys | None = None
    try:
        ring = key_ring.read(values.keys_file)
        checks.append(ground.keys(values.keys_file, ring))
    except PliError as error:
        checks += refused("keys", error)
    broken: set[str] = set()
    asked = [
        _guarded("database", _database(database, ring, values)),
        _guarded("disk", _disks(database, values.journal_folder)),
        _guarded("relay", _relays(values, ring, identity, address, broken)),
        _guarded("dns", _domain(values, identity, resolver)),
    ]
    of_database, *others = await asyncio.gather(*asked)
    if not stops_a_sending(of_database):
        others.append(await _guarded("lists", _lists(database, values, broken)))
        looking = doctor_answers.look(database, values, ring, identity, probe=answers)
        others.append(await _guarded("answers", looking))
    return checks + of_database + [check for found in others for check in found]


async def _guarded(name: str, looking: Awaitable[list[Check]]) -> list[Check]:
    """The checks of one look; if it raises, a check that says so."""
    try:
        return await looking
    except DatabaseAway as error:
        return [_away(error)]
    except PliError as error:
        return refused(name, error)
    except OSError as error:
        return [wrong(name, reason_of(error))]
    except Exception as error:
        kind = type(error).__name__
        return [warn(name, say(N_("this look has a fault of its own ({kind})"), kind=kind))]


def _away(error: DatabaseAway) -> Check:
    return wrong("database", error.sentences[0], say(LOOK_AT_IT))


def _settings(values: Settings, file: Path, identity: Identity) -> list[Check]:
    found: list[Check] = []
    try:
        values.require(*NEEDED)
    except PliError as error:
        found += refused("settings", error)
    if (values.sender or values.email) and identity.mailbox is None:
        found.append(
            wrong(
                "settings",
                say(N_("{name}: is not an address such as comite@example.org"), name="sender"),
            )
        )
    if _has_secrets(values) and file.is_file() and file.stat().st_mode & 0o077:
        found.append(
            warn(
                "settings",
                say(N_("other users can read the passwords in {file}"), file=str(file)),
                say(N_('run "chmod 600 {file}"'), file=str(file)),
            )
        )
    if values.public_url and is_loopback(urlsplit(values.public_url).hostname or ""):
        found.append(
            warn(
                "settings",
                say(N_("public_url is this machine itself: no member can reach its links")),
                say(N_("for real letters name the address of your web server, https://…")),
            )
        )
    if not any(check.state is State.ERROR for check in found):
        found.insert(
            0,
            fine(
                "settings",
                say(
                    N_("complete, letters come from {sender}"),
                    sender=identity.from_address,
                ),
            ),
        )
    return found


def _themes(values: Settings) -> list[Check]:
    """Whether each theme can be used; without the usual one hardly a letter leaves."""
    places = themes_of(values)
    found: list[Check] = []
    for name in all_themes(places):
        try:
            load_theme(name, places)
        except ThemeError as error:
            judged = wrong if name == DEFAULT else warn
            found += [judged("themes", it) for it in error.sentences]
    names = ", ".join(all_themes(places))
    return found or [fine("themes", say(N_("can be used: {names}"), names=names))]


def _has_secrets(values: Settings) -> bool:
    shown = settings_file.shown(values).values()
    return any(secret_urls.holds_a_secret(value) for value, secret in shown if secret)


async def _database(database: Database, ring: Keys | None, values: Settings) -> list[Check]:
    """Check the database, compare its clock with ours, and check the workers it knows."""
    try:
        async with asyncio.timeout(None if database.is_sqlite else DATABASE_SECONDS):
            found = await ground.database(database, ring)
            if stops_a_sending(found):
                return found
            if ring:
                here = here_of(values, ring, database)
                async with database.reading() as session:
                    found += await checkup.at_home(session, here)
            async with database.reading() as session:
                latest = await checkup.latest(session)
                told = await checkup.check(
                    session,
                    host=socket.gethostname(),
                    settings_hash=settings_hash(values, ring) if ring else "",
                    zone=values.timezone,
                )
                told += await came_back.check(session, now=now())
                told += await chore_checkup.check(session)
            return [*found, await ground.clock(database, latest, values.timezone), *told]
    except TimeoutError:
        silent = say(N_("the database does not answer within {n} s"), n=f"{DATABASE_SECONDS:.0f}")
        return [wrong("database", silent, say(LOOK_AT_IT))]


async def _disks(database: Database, journal: Path) -> list[Check]:
    file = database.file
    beside = [ground.disk("disk.database", file.parent)] if file else []
    return [*beside, ground.disk("disk.journal", journal)]


async def _relays(
    values: Settings,
    ring: Keys | None,
    identity: Identity,
    address: str | None,
    broken: set[str],
) -> list[Check]:
    """Check each relay; add the names of those by which nothing can be sent to `broken`."""
    if not values.relay_url or identity.mailbox is None:
        return []
    mail_from = identity.from_address
    if ring is not None:
        # The return path of delivery 0, which never exists: a bounce to it belongs to no person.
        mail_from = (
            Links(ring, values.public_url, identity.domain).marks(0, ring.current).return_path
        )
    found = await doctor_relays.look(values, mail_from, identity.mailbox, address)
    broken |= doctor_relays.broken(found)
    return doctor_relays.told(found)


async def _lists(database: Database, values: Settings, broken: set[str]) -> list[Check]:
    async with database.reading() as session:
        return await doctor_relays.lists_without(session, values, broken)


async def _domain(values: Settings, identity: Identity, resolver: str | None) -> list[Check]:
    if not identity.domain:
        return []
    senders = [values.relay_envelope_sender, *(it.envelope_sender for it in values.relays.values())]
    envelope = [it.rpartition("@")[2] for it in senders if it]
    return await sender_domain.check(identity.domain, resolver, envelope=envelope)


def _draw(checks: Sequence[Check]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, style = _SHOWN[check.state]
        table.add_row(Text(_(mark), style), check.name, Text(check.told.tell(LANGUAGE)))
        if check.remedy is not None:
            table.add_row("", "", Text(f"→ {check.remedy.tell(LANGUAGE)}", "bold"))
    console().print(table)
    errors = sum(check.state is State.ERROR for check in checks)
    end = (
        say(N_("Nothing stands in the way of a sending."))
        if not errors
        else say(
            N_("This stops a sending: see the lines that begin with “{mark}”."),
            mark=say(_SHOWN[State.ERROR][0]),
        )
    )
    console().print(Text(end.tell(LANGUAGE)))
