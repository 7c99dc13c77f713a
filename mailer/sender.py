"""The sender: the committee with its contact lines, and the mailbox its letters come from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

_NAMED = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"\s*+|(?P<plain>[^<>"]*+))<(?P<address>[^<>]++)>'
)
_LONGEST = 1_000
"""Signs of a mailbox with its name: an address has 254 bytes at most."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address with its display name; the domain is an A-label."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


def parse_mailbox(text: str) -> Mailbox | None:
    """Read `Name <address>` or an address alone; None if it is neither, or holds a line break."""
    if len(text) > _LONGEST or any(ord(it) < 32 or 127 <= ord(it) < 160 for it in text):
        return None
    named = _NAMED.fullmatch(text.strip())
    address = named["address"] if named else text
    name = ""
    if named:
        quoted = named["quoted"]
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else named["plain"]
    try:
        valid = validate_email(address.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return Mailbox(" ".join(name.split()), f"{valid.local_part}@{valid.ascii_domain}")


def needs_smtputf8(address: str) -> bool:
    """Whether a server must speak SMTPUTF8 for this address (RFC 6531); domains never need it."""
    return not address.rpartition("@")[0].isascii()


@dataclass(frozen=True, slots=True)
class Identity:
    """The lines of the contact footer, and the mailbox; all plain text, "" if not known.

    `sender` and `reply_to` are `Name <address>` or an address. Without `sender`, the committee
    writes from `email`, its contact address. `timezone` is the one of the dates in its letters.
    """

    committee: str
    address: str
    phone: str
    email: str
    sender: str
    reply_to: str
    public_url: str
    timezone: str = "Europe/Paris"

    @property
    def mailbox(self) -> Mailbox | None:
        """The mailbox letters come from; None if neither `sender` nor `email` is an address."""
        sender = parse_mailbox(self.sender or self.email)
        if sender is None:
            return None
        return Mailbox(sender.name or " ".join(self.committee.split()), sender.address)

    @property
    def from_address(self) -> str:
        """The address letters come from, "" if there is none."""
        return self.mailbox.address if self.mailbox else ""

    @property
    def from_name(self) -> str:
        """The display name of that mailbox; without one, the committee."""
        return self.mailbox.name if self.mailbox else self.committee

    @property
    def domain(self) -> str:
        """The domain of return paths, Message-IDs and List-Ids, as an A-label."""
        return self.mailbox.domain if self.mailbox else ""
