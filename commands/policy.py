"""Turns the settings into the plain values that verbs take: the sender, and the sending policy."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from commands.common import Installation
from mailer.bounces.rules import BounceRules
from mailer.campaign.policy import SendingPolicy
from mailer.campaign.sending_hours import SendingHours
from mailer.letter.letter import Letter, read_letter
from mailer.letter.limits import LetterLimits
from mailer.letter.theme import ThemePlaces, shape_of
from mailer.providers import KNOWN, Providers
from mailer.sender import Identity
from pli import settings as settings_file
from pli.keys import Keys
from pli.quiet import Quiet
from pli.settings import Settings

if TYPE_CHECKING:
    from mailer.engine.relay_watch import Patience


def identity_of(settings: Settings, letter: Letter | None = None) -> Identity:
    """The sender of the settings, or what the letter names instead."""
    return Identity(
        committee=settings.committee,
        address=settings.address,
        phone=settings.phone,
        email=settings.email,
        sender=(letter.sender if letter else None) or settings.sender,
        reply_to=(letter.reply_to if letter else None) or settings.reply_to,
        public_url=settings.public_url,
        timezone=settings.timezone,
    )


def sizes_of(settings: Settings) -> LetterLimits:
    """The limits for the size of a letter."""
    return LetterLimits(
        text=settings.letter_text_kb * 1000,
        depth=settings.letter_depth,
        pictures=settings.letter_pictures,
        pixels=settings.letter_megapixels * 1_000_000,
        weight=settings.letter_weight_kb * 1000,
    )


def themes_of(settings: Settings) -> ThemePlaces:
    """Where the committee's theme.toml and its own themes are."""
    return ThemePlaces(settings.theme_file, settings.themes_folder)


def letter_of(path: Path, settings: Settings) -> Letter:
    """Read a letter, within the limits of the settings, its pictures for the committee's theme."""
    places = themes_of(settings)
    return read_letter(path, sizes_of(settings), lambda name: shape_of(name, places))


def policy_of(installation: Installation) -> SendingPolicy:
    """The policy by which this installation makes, prepares and starts campaigns."""
    settings = installation.settings
    return SendingPolicy(
        token_key=installation.keys.current,
        batch_size=settings.batch_size,
        retry_delays=settings.retry_delays,
        resend_uncertain=settings.uncertain == "resend",
        second_person=settings.second_person,
        hours=usual_hours(settings),
        late_start=timedelta(hours=settings.late_start_hours),
        providers=providers_of(settings),
        bounces=bounce_rules_of(settings),
        leave_by_mail=leaves_by_mail(settings),
    )


def bounce_rules_of(settings: Settings) -> BounceRules:
    """The numbers by which answers weigh."""
    return BounceRules(
        keep_days=settings.bounce_keep_days,
        likely_days=settings.bounce_likely_days,
        stale_letters=settings.bounce_stale_letters,
        stale_days=settings.bounce_stale_days,
        reset_days=settings.bounce_reset_days,
        suppress_stale=settings.bounce_stale == "suppress",
    )


def leaves_by_mail(settings: Settings) -> bool:
    """Whether letters name an address to which a mail unsubscribes."""
    if settings.unsubscribe_mailto == "auto":
        return bool(settings.intake_listen or settings.intake)
    return settings.unsubscribe_mailto == "on"


def usual_hours(settings: Settings) -> SendingHours:
    """The sending hours of a campaign that names none itself."""
    quiet = Quiet.parse(settings.quiet_hours) if settings.quiet_hours else None
    return SendingHours(quiet, settings.timezone)


def providers_of(settings: Settings) -> Providers:
    """The known providers, with the domains that the settings add."""
    return KNOWN.with_domains({name: it.domains for name, it in settings.providers.items()})


def patience_of(settings: Settings) -> Patience:
    """How long campaigns wait for a relay that does not answer, and who is told."""
    # Not above: it loads the engine, and not every command that needs a policy has one.
    from mailer.engine.relay_watch import Patience
    from mailer.notices.trouble_mail import Office

    office = Office(
        settings.notify,
        identity_of(settings),
        settings.language,
        settings.timezone,
        (settings.office_url or settings.public_url).rstrip("/"),
    )
    return Patience(timedelta(hours=settings.relay_patience_hours), office)


def settings_hash(settings: Settings, keys: Keys) -> str:
    """A hash of the settings for relays and limits: equal if two processes send by the same ones.

    The hash is keyed, since a relay's URL may hold a password.
    """
    sending = {
        name: value
        for name, (value, _secret) in settings_file.shown(settings).items()
        if name.startswith(_OF_SENDING)
    }
    document = json.dumps(sending, sort_keys=True, default=str)
    return hmac.digest(keys.address, b"settings\0" + document.encode(), "sha256").hex()[:32]


_OF_SENDING = (
    "relay", "providers.", "policy_pause_percent", "notify", "dsn", "bounce_", "unsubscribe_mailto",
)  # fmt: skip
"""Prefixes of the settings that an engine reads only at its start; "relay" is also relays.NAME."""
