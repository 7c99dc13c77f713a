"""What a mail that came back says: values, made by `reading` and used by `handling`."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What a mail that came back is."""

    FAILURE = "failure"
    DELAY = "delay"
    SUCCESS = "success"
    COMPLAINT = "complaint"
    LEAVE = "leave"
    AUTO_REPLY = "auto_reply"
    NOTE = "note"
    RECEIPT = "receipt"
    OTHER = "other"


class Action(enum.StrEnum):
    """What became of one recipient's copy (RFC 3464 section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class How(enum.StrEnum):
    """By which format a mail was read."""

    DSN = "dsn"
    DSN_IN_TEXT = "dsn_in_text"
    ARF = "arf"
    ARF_IN_TEXT = "arf_in_text"
    AUTOMATIC = "automatic"
    QMAIL = "qmail"
    EXIM = "exim"
    EXCHANGE = "exchange"
    TRANSCRIPT = "transcript"
    TEXT = "text"
    SESSION = "session"
    RELAY = "relay"
    NOTHING = "nothing"


class Stage(enum.StrEnum):
    """The command that a remote server refused, if the mail tells it."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


class Reason(enum.StrEnum):
    """Why a copy came back."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_HOST = "unknown_host"
    MOVED = "moved"
    DISABLED = "disabled"
    FULL = "full"
    TOO_LARGE = "too_large"
    POLICY = "policy"
    SPAM = "spam"
    AUTH = "auth"
    RATE = "rate"
    CONTENT = "content"
    GREYLISTED = "greylisted"
    NETWORK = "network"
    EXPIRED = "expired"
    LOOP = "loop"
    SYSTEM = "system"
    PROVIDER_LIST = "provider_list"
    COMPLAINT = "complaint"
    OTHER = "other"


class Weight(enum.StrEnum):
    """How much an answer weighs against an address; NONE: nothing came back, or nothing is said."""

    CERTAIN = "certain"
    LIKELY = "likely"
    TEMPORARY = "temporary"
    POLICY = "policy"
    COMPLAINT = "complaint"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a mail says of one recipient.

    `address` is "" if it is not told; `original` is the address that we wrote to, if the mail tells
    it beside the one it was passed on to. `status` is an enhanced code (RFC 3463).
    """

    address: str
    action: Action = Action.FAILED
    status: str = ""
    diagnostic: str = ""
    stage: Stage | None = None
    remote: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one recipient's copy came back, and how much that weighs."""

    reason: Reason
    weight: Weight


@dataclass(frozen=True, slots=True)
class Judged:
    """A recipient with the verdict on what is said of them."""

    recipient: Recipient
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail that came back says, and by which format it was read."""

    kind: Kind
    how: How
    recipients: Sequence[Judged] = ()
    note: str = ""
    envelope_id: str = ""

    def about(self, address: str) -> Judged | None:
        """What is said of an address; of the only recipient, if there is just one.

        A copy has one recipient, who may have passed it on to another address.
        """
        wanted = address.casefold()
        for it in self.recipients:
            if wanted in (it.recipient.address.casefold(), it.recipient.original.casefold()):
                return it
        return self.recipients[0] if len(self.recipients) == 1 else None
