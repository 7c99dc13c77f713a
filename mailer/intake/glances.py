"""A glance at a mail at the door: for which copy it is, and which sort of mail it seems to be.

It reads the header's beginning at most, and looks for a few words in the rest: only by this is
noise told apart. What the mail is, is found out later.
"""

from __future__ import annotations

import enum
import re

from mailer.bounces import addresses
from mailer.bounces.mail import header_of
from mailer.bounces.whose import ENVELOPE

_HEADER = 64_000
"""Octets; beyond them nobody names a recipient."""
_FAILED = re.compile(rb"^action[ \t]*:[ \t]*failed", re.IGNORECASE | re.MULTILINE)
_FOR_GOOD = re.compile(rb"^status[ \t]*:[ \t]*5", re.IGNORECASE | re.MULTILINE)
_OF_A_DAEMON = re.compile(
    rb"^(?:from[ \t]*:[^\n]{0,200}mailer-daemon|x-failed-recipients[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_COMPLAINED = re.compile(rb"^feedback-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_REPORT = re.compile(rb"\breport-type[ \t]*=", re.IGNORECASE)


class Glance(enum.StrEnum):
    """What a mail seems to be. Each sort is noise by itself: absences must hide no failure.

    `GONE` is a failure for good, as its status says: those that pass must not hide it.
    """

    FAILED = "failed"
    GONE = "gone"
    COMPLAINED = "complained"
    REPORT = "report"
    OTHER = ""


def is_of_a_token(address: str) -> bool:
    """Whether an address has the form of those that carry a token of ours."""
    return address[:7].lower() == "bounce+" or address[:6].lower() == "leave+"


def address_in(raw: bytes) -> str:
    """The address of that form to which a mail says that it came; "" if there is none."""
    if b"bounce+" not in raw[:_HEADER].lower() and b"leave+" not in raw[:_HEADER].lower():
        return ""
    fields = header_of(raw[:_HEADER].decode("latin-1").replace("\r\n", "\n"))
    for name in ENVELOPE:
        for value in [it for key, it in fields if key == name][:4]:
            for address in addresses.within(value):
                if is_of_a_token(address):
                    return address
    return ""


def glance_at(raw: bytes) -> Glance:
    """What a mail seems to be."""
    if _FAILED.search(raw):
        return Glance.GONE if _FOR_GOOD.search(raw) else Glance.FAILED
    if _COMPLAINED.search(raw):
        return Glance.COMPLAINED
    if _REPORT.search(raw[:_HEADER]):
        return Glance.REPORT
    # A server that writes no report for machines: qmail, and others of old.
    header = _EMPTY_LINE.split(raw[:_HEADER], maxsplit=1)[0]
    return Glance.FAILED if _OF_A_DAEMON.search(header) else Glance.OTHER
