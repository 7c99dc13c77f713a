"""What holds for every sending of an installation, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign.sending_hours import ALWAYS, SendingHours
from mailer.providers import KNOWN, Providers


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPolicy:
    """The values by which campaigns are made, prepared and started.

    `token_key` names the key that signs the links of new campaigns. `retry_delays` (seconds) and
    `hours` hold where an order names none. `resend_uncertain`: the engine sends copies in doubt
    again by itself. `second_person`: another person than its maker must approve a campaign.
    `late_start`: a scheduled campaign that nobody could start for so long waits for a person.
    """

    token_key: str
    batch_size: int = 1_000
    retry_delays: Sequence[float] = ()
    resend_uncertain: bool = False
    second_person: bool = False
    hours: SendingHours = ALWAYS
    late_start: timedelta = timedelta(hours=2)
    providers: Providers = KNOWN
    bounces: BounceRules = USUAL
    leave_by_mail: bool = False
    """Whether copies name an address to which a mail unsubscribes."""
