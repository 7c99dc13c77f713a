"""Whether a mail's sender is proven, by what the receiving server wrote (RFC 8601).

Anybody can write such a field. So only the first of the server that the settings name counts: a
server puts its own on top, and takes away those in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.bounces.mail import Mail

_FIELD = "authentication-results"
_LONGEST = 4_000
_WORD = re.compile(r"([A-Za-z0-9_.-]{1,64})\s*=\s*([^\s;]{1,320})")
_SHOWS = {
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.from"),
    "dmarc": ("header.from",),
}
"""The methods that prove a sender, and the properties that name the domain that was proven.

DMARC passes where DKIM or SPF did for the sender's domain (RFC 7489 3.1); its program often writes
the uppermost field, in which neither of them stands.
"""


def is_proven(mail: Mail, sender: str, server: str) -> bool:
    """Whether DKIM, SPF or DMARC passed for the domain of `sender`, as `server` says; "": none."""
    domain = sender.rpartition("@")[2].lower()
    if not server or not domain:
        return False
    said = next((it for it in mail.all(_FIELD) if _server_of(it) == server.lower()), None)
    if said is None:
        return False
    return any(_is_within(domain, it) for it in _proven_domains(_without_comments(said)))


def _server_of(value: str) -> str:
    """The server's name, which may be followed by a version."""
    words = _without_comments(value[:_LONGEST]).partition(";")[0].split()
    return words[0].lower() if words else ""


def _proven_domains(value: str) -> Iterator[str]:
    for result in value.split(";")[1:]:
        words = [(name.lower(), said) for name, said in _WORD.findall(result)]
        if not words:
            continue
        method, verdict = words[0]
        if verdict.lower() == "pass":
            for name, said in words[1:]:
                if name in _SHOWS.get(method, ()):
                    yield said.rpartition("@")[2].strip(".").lower()


def _is_within(domain: str, proven: str) -> bool:
    """Whether a domain is the proven one or lies below it; nobody signs for a top-level domain."""
    return "." in proven and (domain == proven or domain.endswith("." + proven))


def _without_comments(value: str) -> str:
    """A field without what stands in parentheses or quotes, which anybody may have chosen."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in value[:_LONGEST]:
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign == "(" and not quoted:
            depth += 1
        elif sign == ")" and not quoted and depth:
            depth -= 1
        elif not depth and not quoted:
            kept.append(sign)
    return "".join(kept)
