"""pli init, settings and db: make and show the settings, the keys and the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    answering,
    as_json,
    at_a_terminal,
    console,
    new_table,
    now,
    open_installation,
    running,
    show,
    show_json,
    tell,
)
from commands.handing_over import HandedOver
from commands.lazy import LazyGroup, Place
from pli import keys as key_ring
from pli import secret_urls
from pli import settings as settings_file
from pli.errors import PliError
from pli.hours import zone_of
from pli.keys import Keys
from pli.language import N_, say, translations
from pli.loopback import is_loopback
from pli.settings import Settings

if TYPE_CHECKING:
    from subscribers.address import Address

QUESTIONS = {
    "committee": N_("Name of the committee, as it stands under every letter"),
    "address": N_("Its postal address"),
    "phone": N_("Its telephone number"),
    "email": N_("Its e-mail address, for answers and questions"),
    "relay": N_("The relay that takes your mail (smtp://host:587; user and password come next)"),
    "public_url": N_("The address of your public pages (https://lettres.example.org)"),
}


class SetupError(PliError):
    """No installation can be made of the given values."""


@click.command(
    help=_("Ask for what is missing, write pli.toml and pli.keys, and make the database.")
)
@click.option("--committee", help=_("Name of the committee."))
@click.option("--address", help=_("Its postal address."))
@click.option("--phone", help=_("Its telephone number."))
@click.option("--email", help=_("Its e-mail address."))
@click.option(
    "--relay", type=HandedOver(), help=_("The relay: smtp://user:password@host:587, smtps://…")
)
@click.option("--public-url", help=_("Address of the public pages, https://…"))
@click.option("--sender", help=_("Who the letters are from, if not the e-mail address."))
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@running
async def init(context: Context, /, sender: str | None, language: str, **given: str | None) -> None:
    """Make settings, keys and database; all answers are checked before anything is written."""
    path = context.config or Path(settings_file.FILE)
    if path.exists():
        raise SetupError(
            N_('{file} is there already: change it, or "pli settings" shows what holds'),
            file=str(path),
        )
    _warn_of_the_process_list(given["relay"])
    values = _answers(given)
    document = {
        "committee": values["committee"],
        "address": values["address"],
        "phone": values["phone"],
        "email": values["email"],
        "sender": sender or values["email"],
        "relay_url": values["relay"],
        "public_url": values["public_url"],
        "language": language,
    }
    if is_loopback(urlsplit(values["public_url"]).hostname or ""):
        # On this machine `pli serve` itself answers the links; elsewhere a web server does.
        document["listen"] = urlsplit(values["public_url"]).netloc
    _check(document)
    checked = settings_file.read(None, **document)
    keys_path = path.parent / checked.keys_file.name
    fresh_keys = not keys_path.exists()
    if fresh_keys:
        key_ring.write(key_ring.generate(), keys_path)
    try:
        keys = key_ring.read(keys_path)
        await _brought_up(checked, keys)
        path.write_text(as_toml(document))
        path.chmod(0o600)
    except BaseException:
        # No letter was signed with these keys yet, and the next `pli init` would meet them.
        if fresh_keys:
            keys_path.unlink()
        raise
    shown = {"settings": str(path), "keys": str(keys_path), "database": checked.database_url}
    tell(say(N_("Written: {settings}, {keys}. Keep a copy of {keys} in a safe place."), **shown))
    await _offer_the_first(checked, keys)
    show(_('Next: "pli letter new" makes a first letter to change.'))


async def _offer_the_first(settings: Settings, keys: Keys) -> None:
    """Make the office's first account, if somebody is there to name it; else say how."""
    # Imported here: `pli settings` needs no database.
    from accounts import people
    from commands.users import inviting
    from pli.database import Database

    database = Database(settings.database_url)
    try:
        async with database.reading() as session:
            if await people.anybody(session):
                return
        while at_a_terminal():
            try:
                if (address := _first_address()) is not None:
                    with answering():
                        name = click.prompt(_("Name of that person"))
                    here = Installation(settings, keys, database)
                    await inviting.invite_first(here, address=address, name=name)
                    return
                break
            except PliError as error:
                # All else is written already: a slip of the keys is asked for again.
                for line in error.lines(LANGUAGE):
                    show(line, stderr=True)
        tell(inviting.nobody_yet())
    finally:
        await database.close()


def _first_address() -> Address | None:
    """Who is to have the first account, as a person answers; None: nobody for now."""
    from subscribers.address import Address  # not above, as in `_offer_the_first`

    with answering():
        answer = click.prompt(
            _("Address of the person who will manage the office's accounts (none: later)"),
            default="",
            show_default=False,
        )
    return Address.parse(answer) if answer.strip() else None


async def _brought_up(settings: Settings, keys: Keys) -> tuple[str | None, str]:
    """Make the database, or migrate it; its versions before and after."""
    # Imported here: `pli settings` needs no database.
    from pli import database as databases
    from pli import schema

    database = databases.Database(settings.database_url)
    try:
        versions = await schema.upgrade(database)
        async with database.begin() as session:
            await databases.check_keys(session, keys)
    finally:
        await database.close()
    return versions


def _answers(given: dict[str, str | None]) -> dict[str, str]:
    missing = [name for name in QUESTIONS if not given[name]]
    if missing and not at_a_terminal():
        raise SetupError.listing(
            say(
                N_("--{option} is missing: {question}"),
                option=name.replace("_", "-"),
                question=say(QUESTIONS[name]),
            )
            for name in missing
        )
    with answering():
        values = {}
        for name, question in QUESTIONS.items():
            values[name] = given[name] or click.prompt(translations(LANGUAGE).gettext(question))
            if name == "relay" and at_a_terminal():
                values[name] = _with_login(values[name], asked=not given[name])
    return values


def _with_login(url: str, *, asked: bool) -> str:
    """A relay's URL with the login that it lacks: the password is asked for without an echo.

    `asked`: the URL was typed at the terminal, where it may lack the user, too.
    """
    from mailer.smtp import relay_url  # not above: only who begins has a relay to be judged

    if relay_url.has_password(url):
        return url
    user = relay_url.user_in(url)
    if user is None and asked and not url.endswith("?tls=none"):
        question = _("User name at the relay (nothing: it wants no login)")
        user = click.prompt(question, default="", show_default=False).strip()
    if not user:
        return url
    return relay_url.with_login(url, user, click.prompt(_("Password"), hide_input=True))


def _warn_of_the_process_list(url: str | None) -> None:
    from mailer.smtp import relay_url  # not above, as in `_with_login`

    if url and relay_url.has_password(url):
        tell(
            say(
                N_(
                    "--relay: the shell may keep the password in its history, and the list of "
                    "processes shows it for a moment: without a password in it, "
                    '"pli init" asks for one'
                )
            ),
            stderr=True,
        )


def _check(document: dict[str, str]) -> None:
    # Imported here: only `pli init` checks an address and a relay.
    from email_validator import EmailNotValidError, validate_email

    from mailer.sender import Identity
    from mailer.smtp.relay import Relay

    faults = []
    for name in ("email", "sender"):
        try:
            address = Identity(
                committee=document["committee"],
                address="",
                phone="",
                email=document["email"],
                sender=document[name],
                reply_to="",
                public_url="",
            ).from_address
            validate_email(address, check_deliverability=False, strict=True)
        except EmailNotValidError:
            faults.append(
                say(N_("{name}: is not an address such as comite@example.org"), name=name)
            )
    try:
        Relay.parse(document["relay_url"])
    except PliError as error:
        faults += error.sentences
    try:
        settings_file.read(None, **document)
    except PliError as error:
        faults += error.sentences
    if faults:
        raise SetupError.listing(faults)


def as_toml(document: Mapping[str, object]) -> str:
    """The text of a settings file; empty values are left out."""
    # A JSON string is a TOML basic string, except that TOML wants DEL escaped.
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for name, value in document.items()
        if value
    ]
    return "\n".join(["# Pli. Each setting can also come from the environment: PLI_…", *lines, ""])


@click.command(help=_("Show each setting and where it came from; secrets are hidden."))
@as_json
@click.pass_obj
def settings(context: Context, as_json: bool) -> None:
    """Show the settings that hold, from pli.toml, the environment and the defaults."""
    values = context.settings()
    rows = [
        (name, _shown(value, secret), settings_file.source(name, context.config))
        for name, (value, secret) in settings_file.shown(values).items()
    ]
    if as_json:
        show_json({name: {"value": value, "from": origin} for name, value, origin in rows})
        return
    table = new_table(_("setting"), _("value"), _("from"))
    for name, value, origin in rows:
        table.add_row(name, value, _("default") if origin == "default" else origin)
    console().print(table)


def _shown(value: object, secret: bool) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_shown(it, secret) for it in value)
    if isinstance(value, float):
        return f"{value:g}"
    text = "" if value is None else str(value)
    # Any text may be an address with a password in it, a public_url, too.
    return secret_urls.shown(text) if secret or "://" in text else text


# Loaded when it is called: `copy` takes the engine's lock, and so imports the engine.
ELSEWHERE = {
    "copy": Place(
        "commands.copying", "copy",
        _("Copy this installation from SQLite into an empty PostgreSQL database."),
    ),
    "adopt": Place(
        "commands.adopting", "adopt",
        _("Let a backup, or a copy, send from here; says what may be sent twice."),
    ),
}  # fmt: skip


@click.group(
    cls=LazyGroup, places=ELSEWHERE, help=_("The database: make it, check it, keep a copy.")
)
def db() -> None:
    """The group of the database commands."""


@db.command(help=_("Make the database, or bring it up to this program's version."))
@running
async def upgrade(context: Context) -> None:
    """Make or migrate the database; besides `pli init`, no other command does."""
    values = context.settings()
    before, after = await _brought_up(values, key_ring.read(values.keys_file))
    sentence = (
        say(N_("The database is at version {after} already."), after=after)
        if before == after
        else say(N_("The database is at version {after} now."), after=after)
    )
    tell(sentence)


@db.command(help=_("Say whether settings, keys and database belong together."))
@running
async def check(context: Context) -> None:
    """Check settings, keys and database, as every command does."""
    async with open_installation(context.settings()):
        show(_("Settings, keys and database belong together."))


@db.command(help=_("Copy the SQLite database into FILE, also while it is worked on."))
@click.argument("file", type=click.Path(path_type=Path))
@running
async def backup(context: Context, file: Path) -> None:
    """Make a consistent copy; an existing file is never overwritten."""
    async with context.open() as installation:
        from mailer.campaign import adoption  # not above: `pli settings` needs no database
        from pli import backup as backups

        zone = zone_of(installation.settings.timezone)
        time = f"{now().astimezone(zone):%Y-%m-%d %H:%M} ({installation.settings.timezone})"
        await backups.backup(
            installation.database, file, mark=partial(adoption.mark_backup, time=time)
        )
    tell(say(N_("Copied into {file}. pli.keys belongs to it."), file=str(file)))
