"""Addresses as they stand in mails that came back."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 320
_UTF8_XTEXT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_AROUND = "<>()[]{}\"',;:!?*"


def typed(value: str) -> str:
    """The address of a field such as Final-Recipient: "rfc822; a@example.org" (RFC 3464, 6533)."""
    kind, semicolon, rest = value.partition(";")
    if not semicolon:
        kind, rest = "", value
    address = bare(rest)
    if kind.strip().lower() == "utf-8":
        return _UTF8_XTEXT.sub(_sign, address)
    return address


def _sign(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    # PostgreSQL keeps no NUL, and nothing encodes a lone surrogate.
    fits = 0x20 <= number < 0x110000 and not 0xD800 <= number < 0xE000
    return chr(number) if fits else match[0]


def from_xtext(value: str) -> str:
    """What was written in xtext (RFC 3461 section 4), such as an envelope id."""
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), value)


def bare(text: str) -> str:
    """A single address without brackets and a comment; "" if there is none."""
    text = text.strip()
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    word = next((it for it in text.split() if "@" in it), "").strip(_AROUND)
    return word if is_address(word) else ""


def within(text: str) -> Iterator[str]:
    """Yield the addresses that stand in a text, in order; a repeated one again."""
    if "@" not in text:
        return
    for word in text.split():
        if "@" not in word:
            continue
        inner = word.partition("<")[2].partition(">")[0] if "<" in word else word
        inner = inner.removeprefix("mailto:").removeprefix("rfc822;").removeprefix("RFC822;")
        found = inner.strip(_AROUND).rstrip(".")
        if is_address(found):
            yield found


def is_address(text: str) -> bool:
    """Whether a word looks like an address; roughly, for mails spell them in many ways."""
    local, at, domain = text.rpartition("@")
    return bool(
        at and local and "." in domain and len(text) <= LONGEST
        and not domain.startswith(".") and not any(it in "<>\"';,()[]/" for it in text)
    )  # fmt: skip
