"""pli send --test: sends one copy to one address, before the letter goes to everybody."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import click

from commands.common import Installation, now, show_json, tell
from commands.engine_room import EXIT_INTERRUPTED, engine, interruptible
from commands.engine_turn import Turn
from mailer.engine.engine import Engine
from mailer.letter.snapshot import Frozen
from mailer.models import Status
from mailer.notices import writing
from mailer.notices.queue import NO_RELAY
from mailer.report import notice
from mailer.report.notice import NoticeReport
from mailer.scope import Scope
from pli.errors import PliError
from pli.language import N_, say
from subscribers import lists
from subscribers.address import Address

LOOK_SECONDS = 0.2


class TestRefused(PliError):
    """The test copy was not sent."""


async def send_one(
    installation: Installation, frozen: Frozen, name: str, reader: str, *, as_json: bool
) -> None:
    """Order a test copy, wait until it was tried, and tell the relay's answer."""
    address = Address.parse(reader)
    async with installation.database.begin() as session:
        list_ = await lists.get(session, name)
        notice_id = await writing.order_test(
            session,
            frozen=frozen,
            list_id=list_.id,
            address=address,
            keys=installation.keys,
            now=now(),
        )
    found = await _seen_through(installation, notice_id)
    if as_json:
        show_json(
            {
                "address": found.address,
                "status": found.status,
                "reply_code": found.reply_code,
                "reply_text": found.reply_text,
            }
        )
    elif found.status is Status.SENT:
        tell(say(N_("The test copy is sent to {address}."), address=found.address))
    if found.status is not Status.SENT:
        raise _refusal(found)


async def _seen_through(installation: Installation, notice_id: int) -> NoticeReport:
    """Wait until the first try of a notice is over; run an engine for it if no process has one."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        turn = stack.enter_context(
            Turn(installation, "pli send --test", Scope.of_notice(notice_id))
        )
        await stack.enter_async_context(interruptible(stop.set))
        machine: Engine | None = None
        while True:
            # Asked before the report is read, so that the report shows the engine's last writes.
            ended = machine is not None and machine.over.is_set()
            async with installation.database.reading() as session:
                found = await notice.report(session, notice_id=notice_id)
            if found.tried:
                return found
            if stop.is_set():
                raise click.exceptions.Exit(EXIT_INTERRUPTED)
            if ended:
                break
            if machine is None and turn.take():
                machine = await stack.enter_async_context(engine(installation, turn))
            await asyncio.sleep(LOOK_SECONDS)
    # If the engine knows why it ended, `engine` has raised that error already.
    raise TestRefused(N_("it is not sent: the sending ended before its turn"))


def _refusal(found: NoticeReport) -> TestRefused:
    reply = f"{found.reply_code or ''} {found.reply_text or ''}".strip()
    if found.status is Status.SKIPPED:
        return TestRefused(
            N_("{address} is not written to: it is suppressed"), address=found.address
        )
    if found.reason == NO_RELAY:
        return TestRefused(
            N_(
                "not yet: the relay {relay} cannot be used: look at relay_url, or whether it runs "
                '("{reply}"); "pli serve" tries again'
            ),
            relay=found.relay,
            reply=found.reply_text,
        )
    if found.status is Status.PENDING:
        return TestRefused(
            N_('not yet: the relay said "{reply}"; "pli serve" tries again'), reply=reply
        )
    if found.status is Status.UNCERTAIN:
        return TestRefused(N_("nobody knows whether it was sent: {reply}"), reply=reply)
    if found.reply_code is None:
        return TestRefused(N_("it could not be sent: {reply}"), reply=reply)
    return TestRefused(N_('the relay refused it: "{reply}"'), reply=reply)
