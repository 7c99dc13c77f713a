"""A mail that came back, read, and whose it is: all that can be known without the database."""

from __future__ import annotations

import hashlib
from dataclasses import InitVar, dataclass, field

from mailer.bounces import keeping
from mailer.bounces.mail import Mail, opened
from mailer.bounces.reading import read_mail
from mailer.bounces.report import Report
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import is_our_own, whose, written_to


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came back, and what it says: all that can be known without the database.

    `number` is the delivery or notice that it is about, None if it carries no token of ours.
    `written` is the address that the letter was written to, "" if that is not told.
    """

    raw: InitVar[bytes]
    came_to: str
    door: str
    report: Report
    number: int | None
    written: str = ""
    digest: bytes = field(init=False)
    kept: bytes = field(init=False)

    def __post_init__(self, raw: bytes) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(raw).digest())
        object.__setattr__(self, "kept", keeping.packed(raw))


def read_arrival(*, raw: bytes, came_to: str, door: str, tokens: Tokens) -> Arrival:
    """Read a mail that came back, and whose it is; done before a transaction begins.

    `came_to` is the address of its envelope; `door` names the way by which it came in.
    """
    mail = opened(raw)
    return arrival_of(mail, read_mail(mail), raw=raw, came_to=came_to, door=door, tokens=tokens)


def arrival_of(
    mail: Mail, report: Report, *, raw: bytes, came_to: str, door: str, tokens: Tokens
) -> Arrival:
    """The same of a mail that is open, and read, already."""
    owner = None if is_our_own(mail, tokens) else whose(mail, came_to, report.envelope_id, tokens)
    return Arrival(raw, came_to, door, report, owner.number if owner else None, written_to(mail))
