"""The state of a subscription, and why an address is barred, in words to be translated."""

from __future__ import annotations

from collections.abc import Mapping

from pli.language import N_
from subscribers.models import SubscriptionState, SuppressionReason

STATES: Mapping[SubscriptionState, str] = {
    SubscriptionState.CONFIRMED: N_("confirmed"),
    SubscriptionState.UNCONFIRMED: N_("not confirmed"),
    SubscriptionState.LEFT: N_("left"),
}

BARRED: Mapping[SuppressionReason, str] = {
    SuppressionReason.HARD_BOUNCE: N_("the mailbox does not exist"),
    SuppressionReason.COMPLAINT: N_("complained"),
    SuppressionReason.OBJECTION: N_("objected"),
}
