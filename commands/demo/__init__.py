"""pli demo: a whole sending on this machine, with an inbox to look into."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import click

from commands.acting import login
from commands.common import (
    Context,
    Installation,
    _,
    as_json,
    now,
    open_installation,
    running,
    show,
    tell,
)
from commands.demo import office
from commands.demo.inbox import Inbox
from commands.demo.population import LISTS, SEGMENT, populate, reachable
from commands.engine_room import EXIT_INTERRUPTED, interruptible
from commands.following import show_result, work_or_watch
from commands.freezing import freeze
from commands.policy import policy_of
from commands.serving import serving, work
from commands.setup import as_toml
from commands.web_server import listening
from mailer.campaign import ordering
from mailer.letter.letter import read_letter
from mailer.report import copies, summary
from pli import database as databases
from pli import keys as key_ring
from pli import schema
from pli import settings as settings_file
from pli.actor import Actor
from pli.database import Database
from pli.errors import PliError
from pli.language import N_, say
from subscribers import attributes
from subscribers.address import Address

LETTER = "lettre.md"
IMAGE = "votes.png"
COMMITTEE = {
    "committee": "Comité régional du Val-d’Orme",
    "address": "3 place du Marché, 99000 Aubrac-sur-Orme",
    "phone": "02 99 99 00 12",
    "email": "contact@comite.example.org",
    "sender": "lettre@comite.example.org",
    "language": "fr",
}
REFUSALS = {
    1: "550 5.1.1 no such user here",
    4: "552 5.2.2 mailbox full",
    6: "451 4.7.1 greylisted, try again in a moment",
    8: "550 5.1.1 no such user here",
    9: "451 4.7.1 greylisted, try again in a moment",
    12: "451 4.7.1 greylisted, try again in a moment",
    15: "451 4.7.1 greylisted, try again in a moment",
    17: "550 5.7.1 refused by policy",
}
"""The inbox's replies, by the recipient's place among the people who may receive."""

LEAVERS = (9, 15)
"""The places of the people who press unsubscribe between the first and the second try."""

RETRY_SECONDS = [2.0, 2.0]


class DemoError(PliError):
    """The demo cannot be made in this folder."""


@dataclass(slots=True)
class Leaving:
    """Presses the unsubscribe button for some people whose copy was deferred."""

    installation: Installation
    addresses: frozenset[str]

    async def press(self, address: str) -> None:
        """Unsubscribe as a mail program does: POST to the URL of List-Unsubscribe (RFC 8058)."""
        if address.lower() in self.addresses:
            link = await _unsubscribe_link(self.installation, address)
            await asyncio.to_thread(_post, link)


@click.command(help=_("Show the whole road on this machine: letter, sending, inbox, report."))
@click.option("--once", is_flag=True, help=_("End after the report."))
@as_json
@click.option(
    "--recipients",
    type=click.IntRange(1, 1_000_000),
    help=_("So many invented subscribers instead of the 240 of the sample."),
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("Where; by default a fresh folder, named at the end."),
)
@running
async def demo(
    context: Context, once: bool, as_json: bool, recipients: int | None, folder: Path | None
) -> None:
    """Run the demo in one folder; nothing leaves this machine."""
    del context
    home = _fresh(folder)
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(_installed(home, recipients))
        await stack.enter_async_context(serving(installation, inbox=home / "inbox"))
        campaign_id = await _send(installation, home, quiet=as_json)
        if await work_or_watch(installation, campaign_id, quiet=as_json) == EXIT_INTERRUPTED:
            raise click.exceptions.Exit(EXIT_INTERRUPTED)
        code = await show_result(
            installation, campaign_id, as_json=as_json, beside={"office": office.named()}
        )
        tell(say(N_("Everything is in {folder}"), folder=str(home)), stderr=as_json)
        if once:
            raise click.exceptions.Exit(code)
        await _show_links(installation, campaign_id, quiet=as_json)
        stop = asyncio.Event()
        async with interruptible(stop.set):
            await work(installation, stop)


def _fresh(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="pli-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise DemoError(
            N_("{folder}: is not empty: name a folder that is, or none"), folder=str(folder)
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@asynccontextmanager
async def _installed(home: Path, recipients: int | None) -> AsyncIterator[Installation]:
    """Make keys, database and people, then the inbox, which must know the people, and settings."""
    keys, by = key_ring.generate(), Actor.system(login())
    key_ring.write(keys, home / "pli.keys")
    for name in (LETTER, IMAGE):
        shutil.copyfile(Path(__file__).parent / name, home / name)
    database = Database(f"sqlite+aiosqlite:///{quote(str(home))}/pli.db")
    try:
        await schema.upgrade(database)
        async with database.begin() as session:
            await databases.check_keys(session, keys)
            await populate(session, home, keys, recipients=recipients, by=by, now=now())
            await office.engage(session, by=by, now=now())
        async with database.reading() as session:
            names = await reachable(session, limit=max(REFUSALS) + 1)
    finally:
        await database.close()
    replies = {names[at]: reply for at, reply in REFUSALS.items() if at < len(names)}
    leavers = frozenset(names[at] for at in LEAVERS if at < len(names))
    pressing: list[Leaving] = []

    async def told_to_wait(address: str) -> None:
        for leaving in pressing:
            await leaving.press(address)

    inbox = Inbox(home / "inbox", replies, told_to_wait)
    relay_url = await inbox.start()
    try:
        _write_settings(home, relay_url)
        async with open_installation(settings_file.read(home / settings_file.FILE)) as installation:
            pressing.append(Leaving(installation, leavers))
            yield installation
    finally:
        await inbox.stop()


def _write_settings(home: Path, relay_url: str) -> None:
    with contextlib.closing(listening("127.0.0.1:0")) as probe:
        port = probe.getsockname()[1]
    values = {
        **COMMITTEE,
        "relay_url": relay_url,
        "public_url": f"http://127.0.0.1:{port}",
        # A browser takes no passkey for an IP address.
        "office_url": f"http://localhost:{port}",
        "listen": f"127.0.0.1:{port}",
        "retry_delays": RETRY_SECONDS,
    }
    (home / settings_file.FILE).write_text(as_toml(values))


async def _send(installation: Installation, home: Path, *, quiet: bool) -> int:
    """Order and start the campaign, as `pli send` does; the campaign's id."""
    letter = read_letter(home / LETTER)
    async with installation.database.reading() as session:
        known = await attributes.declared(session)
    frozen = freeze(letter, installation.settings, known, quiet=quiet)
    async with installation.database.begin() as session:
        order = await ordering.order(session, frozen=frozen, list_names=LISTS, segment=SEGMENT)
        by = await office.author(session, said_by=login())
        return await ordering.release(
            session, order=order, policy=policy_of(installation), by=by, now=now()
        )


async def _show_links(installation: Installation, campaign_id: int, *, quiet: bool) -> None:
    url = installation.settings.public_url
    async with installation.database.reading() as session:
        number = (await summary.progress(session, campaign_id)).letter
        first = await anext(copies.every(session, campaign_id))
    for label, link in (
        (_("Inbox:"), f"{url}/inbox/"),
        (_("Report:"), f"{installation.settings.office_at}/office/sendings/{campaign_id}"),
        (_("Web version:"), f"{url}/l/{LISTS[0]}/{number}"),
        (_("Unsubscribe:"), await _unsubscribe_link(installation, first.email)),
    ):
        show(f"  {label:<21}{link}", stderr=quiet)
    await _show_invitations(installation, quiet=quiet)
    show(_("Ctrl-C ends it."), stderr=quiet)


async def _show_invitations(installation: Installation, *, quiet: bool) -> None:
    """Show a link for each of the three people of the office."""
    async with installation.database.begin() as session:
        found = await office.invitations(
            session, office=installation.settings.office_at, by=Actor.system(login()), now=now()
        )
    tell(say(N_("The office's people; each link works once, for a day:")), stderr=quiet)
    for it, link in found:
        roles = ", ".join(right.value for right in it.roles)
        show(f"  {it.name + ',':<18}{roles:<13}{link}", stderr=quiet)


async def _unsubscribe_link(installation: Installation, address: str) -> str:
    """The unsubscribe link in a person's latest copy, which must exist."""
    async with installation.database.reading() as session:
        link = await copies.unsubscribe_link(
            session, address=Address.parse(address), keys=installation.keys
        )
    assert link is not None
    return link


def _post(link: str) -> None:
    # This demo made the link, and it leads to this machine.
    request = urllib.request.Request(link, data=b"List-Unsubscribe=One-Click")  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        answer.read()
