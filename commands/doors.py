"""The doors of the settings, and which of them are open in a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from commands.common import Installation
from commands.relays import hook_of
from mailer.bounces.tokens import Tokens
from mailer.intake.hooks import Hook
from mailer.intake.smtp_door import Accepted, DoorPlan
from mailer.intake.sns import Topic
from mailer.intake.sns_certificates import SERVICES
from mailer.sender import parse_mailbox
from pli.intake_settings import STANDARD
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN
from pli.settings import Settings, SettingsError

if TYPE_CHECKING:
    from mailer.intake.imap_client import MailboxPlan


def door_plan_of(settings: Settings) -> DoorPlan | None:
    """Where a relay brings answers; None: nowhere."""
    if not settings.intake_listen:
        return None
    return DoorPlan(
        settings.intake_listen,
        settings.intake_tls_cert,
        settings.intake_tls_key,
        settings.intake_peers,
    )


def mailbox_plans_of(settings: Settings) -> list[MailboxPlan]:
    """The mailboxes from which answers are fetched."""
    if not settings.intake:
        return []
    from mailer.intake.imap_client import MailboxPlan

    return [
        MailboxPlan.parse(name, it.url, it.after, it.token_command)
        for name, it in settings.intake.items()
    ]


def hooks_of(settings: Settings) -> list[Hook]:
    """The web hooks of the relays; raises SettingsError if one could be proven by nobody."""
    faults: list[Sentence] = []
    found: list[Hook] = []
    for name in (MAIN, *settings.relays):
        its = hook_of(settings, name)
        if not its.kind:
            continue
        prefix = "relay_" if name == MAIN else f"relays.{name}."
        topic = None
        if its.kind in SERVICES:
            if not its.hook_topic:
                faults.append(say(_NO_TOPIC, name=f"{prefix}hook_topic", kind=its.kind))
            topic = Topic(its.kind, its.hook_topic)
        elif its.kind == "standard" and not its.hook_secret.startswith(STANDARD):
            faults.append(say(_NOT_THEIRS, name=f"{prefix}hook_secret"))
        elif not its.hook_secret:
            faults.append(say(_NO_SECRET, name=f"{prefix}hook_secret", relay=name))
        until = its.hook_former_until
        found.append(
            Hook(
                name,
                its.kind,
                its.hook_secret,
                its.hook_former,
                datetime.fromisoformat(until) if until else None,
                topic,
            )
        )
    if faults:
        raise SettingsError.listing(faults)
    return found


_NO_TOPIC = N_("{name} is not set: name the topic by which {kind} tells its events")
_NOT_THEIRS = N_("{name}: write the secret whsec_… by which the provider signs")
_NO_SECRET = N_("{name} is not set: “pli intake secret {relay}” makes a secret")


def accepted_of(installation: Installation) -> Accepted:
    """The addresses that a relay may bring mail for."""
    return Accepted(Tokens(installation.keys), others_of(installation.settings))


def others_of(settings: Settings) -> frozenset[str]:
    """The addresses without a token that a relay may bring mail for.

    What people answer is taken only if it is passed on: otherwise the relay is told that there is
    no such address here, and nothing is lost unseen.
    """
    envelope = [
        settings.relay_envelope_sender,
        *(it.envelope_sender for it in settings.relays.values()),
    ]
    answered = (
        [settings.sender, settings.reply_to, settings.email] if settings.reply_forward else []
    )
    mailboxes = (parse_mailbox(it) for it in (*envelope, *answered) if it)
    others = frozenset(it.address.lower() for it in mailboxes if it)
    return others - {settings.reply_forward.lower()}


def refused_answers(settings: Settings, domain: str) -> str:
    """The address that people answer to, if a relay that brings the whole `domain` is told no.

    "" if their answers are passed on, or go elsewhere.
    """
    told = parse_mailbox(settings.reply_to or settings.sender or settings.email)
    if told is None or settings.reply_forward:
        return ""
    address = told.address.lower()
    is_refused = address.endswith(f"@{domain}") and address not in others_of(settings)
    return address if is_refused else ""


@asynccontextmanager
async def doors(installation: Installation) -> AsyncIterator[None]:
    """Keep the doors of the settings open while the block inside runs.

    What they bring is worked on by a chore (`commands/chore_kinds.py`).
    """
    plan = door_plan_of(installation.settings)
    stop = asyncio.Event()
    async with AsyncExitStack() as open_doors:
        if plan is not None:
            # Not above: most processes open no such door.
            from mailer.intake.smtp_door import door

            await open_doors.enter_async_context(
                door(installation.database, plan, accepted_of(installation))
            )
        parts: list[Coroutine[Any, Any, None]] = []
        if plans := mailbox_plans_of(installation.settings):
            # Not above, as with the other door.
            from mailer.intake.imap_door import ImapDoor

            keep = installation.settings.bounce_keep_days
            parts = [ImapDoor(installation.database, it, keep_days=keep).run(stop) for it in plans]
        tasks = [asyncio.create_task(it) for it in parts]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
