"""Reads addresses: every raw address goes through `Address.parse`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers.folding import fold

_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_LONGEST = 254  # a path of 256 octets without its angle brackets, RFC 5321 4.5.3.1.3

_QUOTES = "\"'«»“”„‘’‚‹›`´"
_TRAILING = ".,;>" + _QUOTES
"""What a sentence, a list or a mail program leaves behind an address."""
_BRACKETED = re.compile(r"[^<>]*<([^<>]*)>")
_BETWEEN = re.compile(r"[;,\s]")
_LONGEST_RAW = 1_000
"""Signs that are read at all: an address, and the name that may stand before it."""
_SHOWN = 100
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0") | {
    chr(it) for it in range(0xFE00, 0xFE10)
}
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
        if len(raw) > _LONGEST_RAW:
            shown = _CONTROL.sub(" ", shortened(raw)).strip()
            raise AddressError(shown, _fault_of_length(raw.strip()) or _too_long())
        written = _unwrapped(raw)
        if fault := _obvious_fault(written) or (
            _fault_of_length(written) if len(written) > _LONGEST else None
        ):
            raise AddressError(_CONTROL.sub(" ", raw).strip(), fault)
        try:
            valid = validate_email(written, check_deliverability=False, strict=True)
        except EmailNotValidError:
            raise AddressError(raw.strip(), _hidden_fault(written)) from None
        email = f"{valid.local_part}@{valid.ascii_domain}"
        if fault := _fault_of_length(email):
            raise AddressError(raw.strip(), fault)
        return cls(email, fold(email))


def shortened(raw: str) -> str:
    """As much of a text as one shows that is no address: a cell may hold a million signs."""
    return raw if len(raw) <= _LONGEST else f"{raw[:_SHOWN]}…"


def _unwrapped(raw: str) -> str:
    text = _stripped(raw)
    if bracketed := _BRACKETED.fullmatch(text):
        text = _stripped(bracketed[1])
    text = _without_quotes(text)
    if text[:7].casefold() == "mailto:":
        text = _stripped(text[7:].partition("?")[0])
    return text


def _stripped(text: str) -> str:
    """A text without the spaces and the invisible characters around it.

    Spreadsheets and mail programs leave them around a pasted address.
    """
    begins, ends = 0, len(text)
    while begins < ends and _is_blank(text[begins]):
        begins += 1
    while begins < ends and _is_blank(text[ends - 1]):
        ends -= 1
    return text[begins:ends]


def _is_blank(letter: str) -> bool:
    return letter.isspace() or _is_invisible(letter)


def _is_invisible(letter: str) -> bool:
    """Whether a character shows nothing: format characters, fillers, selectors of variants."""
    return unicodedata.category(letter) == "Cf" or letter in _FILLERS


def _without_quotes(text: str) -> str:
    """A text without the quotation marks before it, and without one stray sign behind it."""
    begun = _stripped(text.lstrip(_QUOTES + "<")) if "@" in text else text
    return _stripped(begun[:-1]) if begun[-1:] in _TRAILING and "@" in begun else begun


def _obvious_fault(text: str) -> Sentence | None:
    if not text:
        return say(N_("there is no address"))
    if _CONTROL.search(text):
        return say(N_("there is a line break or another control character in the address"))
    if "\ufffd" in text:
        return say(N_("a letter of the address was lost (U+FFFD)"))
    if not text.isascii() and (hidden := next(filter(_is_invisible, text), None)):
        return say(
            N_("there is an invisible character (U+{code}) in the address"),
            code=f"{ord(hidden):04X}",
        )
    if "@" not in text:
        return say(N_("there is no @ in the address"))
    if any(_BETWEEN.search(between) for between in text.split("@")[1:-1]):
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
        return _too_long()
    return None


def _too_long() -> Sentence:
    return say(N_("the address is longer than {n} bytes"), n=_LONGEST)
