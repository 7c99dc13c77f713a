"""Makes invented people, letters and campaigns, in as few words as a test needs.

Most functions return the row that they have made. `a_campaign` calls the verbs, as a real sending
does; `a_campaign_with` writes copies in any state straight into the tables.
"""

from __future__ import annotations

from tests.factories.accounts import a_passkey, an_account, an_office
from tests.factories.campaigns import a_campaign, a_draft
from tests.factories.committee import IDENTITY, KEYS
from tests.factories.copies import (
    GREYLISTED,
    MAILBOX_FULL,
    ONE_OF_EACH,
    QUEUED,
    UNKNOWN_USER,
    Copy,
    a_campaign_with,
    accepted,
)
from tests.factories.files import attachment, calendar, pdf
from tests.factories.letters import FRONT, PIXEL, frozen, letter
from tests.factories.people import a_list, a_person, a_subscription, crowd, members

__all__ = [
    "FRONT",
    "GREYLISTED",
    "IDENTITY",
    "KEYS",
    "MAILBOX_FULL",
    "ONE_OF_EACH",
    "PIXEL",
    "QUEUED",
    "UNKNOWN_USER",
    "Copy",
    "a_campaign",
    "a_campaign_with",
    "a_draft",
    "a_list",
    "a_passkey",
    "a_person",
    "a_subscription",
    "accepted",
    "an_account",
    "an_office",
    "attachment",
    "calendar",
    "crowd",
    "frozen",
    "letter",
    "members",
    "pdf",
]
