"""Reads addresses: every raw address goes through `Address.parse`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers.folding import fold

_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_LONGEST = 254  # a path of 256 octets without its angle brackets, RFC 5321 4.5.3.1.3

# What spreadsheets and mail programs leave around a pasted address.
_AROUND = " \t\r\n\v\f\u00a0\u202f\u200b\u200e\u200f\ufeff"
_BRACKETED = re.compile(r"[^<>]*<([^<>]*)>")
_SEVERAL = re.compile(r"@[^@]*[;,\s][^@]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class AddressError(PliError):
    """A text is no address that mail can be sent to; `reason` says why without the text."""

    def __init__(self, raw: str, reason: Sentence) -> None:
        super().__init__(N_("{address}: {reason}"), address=raw, reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """An address: `email` as written, its domain as A-label; `folded` for comparisons."""

    email: str
    folded: str

    @classmethod
    def parse(cls, raw: str) -> Self:
        """Read one address as people paste it: bare, as a mailto: link or as `Name <address>`.

        Raises AddressError.
        """
        written = _unwrapped(raw)
        if fault := _obvious_fault(written):
            raise AddressError(_CONTROL.sub(" ", raw).strip(), fault)
        try:
            valid = validate_email(written, check_deliverability=False, strict=True)
        except EmailNotValidError:
            raise AddressError(raw.strip(), _hidden_fault(written)) from None
        email = f"{valid.local_part}@{valid.ascii_domain}"
        if fault := _fault_of_length(email):
            raise AddressError(raw.strip(), fault)
        return cls(email, fold(email))


def _unwrapped(raw: str) -> str:
    text = raw.strip(_AROUND)
    if bracketed := _BRACKETED.fullmatch(text):
        text = bracketed[1].strip(_AROUND)
    if text[:7].casefold() == "mailto:":
        text = text[7:].partition("?")[0].strip(_AROUND)
    return text


def _obvious_fault(text: str) -> Sentence | None:
    if not text:
        return say(N_("there is no address"))
    if _CONTROL.search(text):
        return say(N_("there is a line break or another control character in the address"))
    if "@" not in text:
        return say(N_("there is no @ in the address"))
    if _SEVERAL.search(text):
        return say(N_("these are several addresses: write one to a line"))
    return None


def _hidden_fault(text: str) -> Sentence:
    """Why email-validator refuses a text; its own messages are English, for programmers."""
    local, _, domain = text.rpartition("@")
    if fault := _fault_of_length(text):
        return fault
    if re.search(r"\s", text):
        return say(N_("there is a space in the address"))
    if "." not in domain.strip("."):
        return say(N_("what follows the @ is no complete domain, such as example.org"))
    if any(domain.casefold().endswith("." + name) for name in SPECIAL_USE_DOMAIN_NAMES):
        return say(N_("the domain is reserved, and no mail arrives there"))
    try:
        validate_email(f"a@{domain}", check_deliverability=False, strict=True)
    except EmailNotValidError:
        return say(N_("what follows the @ cannot be a domain"))
    return say(N_("what stands before the @ cannot be a mailbox: {local}"), local=local)


def _fault_of_length(text: str) -> Sentence | None:
    local = text.rpartition("@")[0]
    if len(local.encode(errors="replace")) > _LONGEST_LOCAL:
        return say(N_("what stands before the @ is longer than {n} bytes"), n=_LONGEST_LOCAL)
    if len(text.encode(errors="replace")) > _LONGEST:
        return say(N_("the address is longer than {n} bytes"), n=_LONGEST)
    return None
