"""What the roof tells the office, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.entering import Policy
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.theme import SHIPPED, ThemePlaces
from mailer.pacing.limits import Plan
from mailer.providers import KNOWN, Providers
from web.office.sending_options import SendingOptions


@dataclass(frozen=True, slots=True)
class OfficeOptions:
    """`url` is the office's own address, or empty if it has the one of the public pages.

    `plans` are the limits of each relay by its name in the settings, in the order in which relays
    are tried: by them the pages tell when a sending arrives. `zone` is the time zone of somebody
    who is invited. `sizes` and `themes` are those of the settings, for letters. `sending`: None
    where nothing can be released, as in tests of other pages.
    """

    url: str = ""
    zone: str = "Europe/Paris"
    policy: Policy = field(default_factory=Policy)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    providers: Providers = KNOWN
    sizes: LetterLimits = USUAL
    themes: ThemePlaces = SHIPPED
    sending: SendingOptions | None = None
