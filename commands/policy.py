"""What the settings say, as the plain values that verbs take: who writes, and how one sends."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from commands.common import Installation
from mailer.campaign.policy import SendingPolicy
from mailer.campaign.sending_hours import SendingHours
from mailer.letter.letter import Letter
from mailer.letter.limits import LetterLimits
from mailer.providers import KNOWN, Providers
from mailer.sender import Identity
from pli import settings as settings_file
from pli.keys import Keys
from pli.quiet import Quiet
from pli.settings import Settings

if TYPE_CHECKING:
    from mailer.engine.relay_watch import Patience


def identity_of(settings: Settings, letter: Letter | None = None) -> Identity:
    """Who writes: the settings, where the letter itself says nothing else."""
    return Identity(
        committee=settings.committee,
        address=settings.address,
        phone=settings.phone,
        email=settings.email,
        sender=(letter.sender if letter else None) or settings.sender,
        reply_to=(letter.reply_to if letter else None) or settings.reply_to,
        public_url=settings.public_url,
    )


def sizes_of(settings: Settings) -> LetterLimits:
    """How large a letter may be."""
    return LetterLimits(
        text=settings.letter_text_kb * 1000,
        depth=settings.letter_depth,
        pictures=settings.letter_pictures,
        pixels=settings.letter_megapixels * 1_000_000,
        weight=settings.letter_weight_kb * 1000,
    )


def policy_of(installation: Installation) -> SendingPolicy:
    """How this installation makes, prepares and starts campaigns."""
    settings = installation.settings
    return SendingPolicy(
        token_key=installation.keys.current,
        batch_size=settings.batch_size,
        retry_delays=settings.retry_delays,
        resend_uncertain=settings.uncertain == "resend",
        second_person=settings.second_person,
        hours=usual_hours(settings),
        providers=providers_of(settings),
    )


def usual_hours(settings: Settings) -> SendingHours:
    """When a campaign may send of which nothing else is said."""
    quiet = Quiet.parse(settings.quiet_hours) if settings.quiet_hours else None
    return SendingHours(quiet, settings.timezone)


def providers_of(settings: Settings) -> Providers:
    """Whose domains are whose, with those of the settings."""
    return KNOWN.with_domains({name: it.domains for name, it in settings.providers.items()})


def patience_of(settings: Settings) -> Patience:
    """How long campaigns wait for a relay that does not answer, and who is told."""
    # Not above: it loads the engine, and not every command that needs a policy has one.
    from mailer.engine.relay_watch import Patience
    from mailer.notices.trouble_mail import Office

    office = Office(settings.notify, identity_of(settings), settings.language, settings.timezone)
    return Patience(timedelta(hours=settings.relay_patience_hours), office)


def settings_hash(settings: Settings, keys: Keys) -> str:
    """By what two processes know whether they send by the same settings: relays and limits.

    Keyed, since a relay's address may hold a password.
    """
    sending = {
        name: value
        for name, (value, _secret) in settings_file.shown(settings).items()
        if name.startswith(_OF_SENDING)
    }
    document = json.dumps(sending, sort_keys=True, default=str)
    return hmac.digest(keys.address, b"settings\0" + document.encode(), "sha256").hex()[:32]


_OF_SENDING = ("relay", "providers.", "policy_pause_percent", "notify")
"""Settings that an engine reads once, at its start; "relay": relay_* and relays.NAME.*, too."""
