"""The ledger of one sending: the only writer of Delivery.status and of a batch's counts.

A batch is taken by a lease, its rows are claimed by the same lease and settled by it; every guard
stands in the WHERE, so that a second worker, a late reply or a replay can do no harm. Counts change
with the rows, by deltas, in the same transaction.
"""

from mailer.delivery.outbox.claiming import Window, claim, hindered, put_back, skip
from mailer.delivery.outbox.deciding import cancel, retry_failed, retry_uncertain
from mailer.delivery.outbox.evidence import Proof, in_doubt, settle_by
from mailer.delivery.outbox.leases import (
    LEASE,
    LONGEST_LEASE,
    Due,
    Shut,
    due,
    end_leases,
    release,
    renew,
    take,
)
from mailer.delivery.outbox.notices import (
    NO_RELAY,
    NOTICE_LEASE,
    claim_notices,
    notices_due,
    put_back_notice,
    settle_notice,
)
from mailer.delivery.outbox.orphans import Note, Testimony, hear
from mailer.delivery.outbox.rows import Claimed, LeaseLost, Taken, lock_campaign
from mailer.delivery.outbox.settling import Result, settle
from mailer.delivery.outbox.turning import Turn, Uncommon, turn

__all__ = [
    "LEASE",
    "LONGEST_LEASE",
    "NOTICE_LEASE",
    "NO_RELAY",
    "Claimed",
    "Due",
    "LeaseLost",
    "Note",
    "Proof",
    "Result",
    "Shut",
    "Taken",
    "Testimony",
    "Turn",
    "Uncommon",
    "Window",
    "cancel",
    "claim",
    "claim_notices",
    "due",
    "end_leases",
    "hear",
    "hindered",
    "in_doubt",
    "lock_campaign",
    "notices_due",
    "put_back",
    "put_back_notice",
    "release",
    "renew",
    "retry_failed",
    "retry_uncertain",
    "settle",
    "settle_by",
    "settle_notice",
    "skip",
    "take",
    "turn",
]
