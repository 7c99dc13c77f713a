"""What the settings may name for the wire: an address, and the name of a mail server."""

from __future__ import annotations

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LITERAL = re.compile(r"\[(IPv6:)?([0-9A-Fa-f.:]+)\]", re.IGNORECASE)
_LONGEST = 253


def address(text: str) -> str | None:
    """An address alone, with its domain as an A-label; None for anything else."""
    # Not above: most commands read settings that name no address.
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{valid.local_part}@{valid.ascii_domain}"


def host_name(text: str) -> str | None:
    """The name of a host as an A-label, or an address literal (RFC 5321 4.1.3); else None."""
    text = text.strip()
    if literal := _LITERAL.fullmatch(text):
        try:
            ip = ipaddress.ip_address(literal[2])
        except ValueError:
            return None
        if (ip.version == 6) != bool(literal[1]):
            return None
        return f"[IPv6:{ip}]" if literal[1] else f"[{ip}]"
    name = text.lower()
    if not name.isascii():
        import idna  # not above, as in `address`

        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    labels = name.split(".")
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(it) for it in labels):
        return None
    # An address without its brackets would be taken for a name that does not exist.
    return None if labels[-1].isdigit() else name


def is_public(name: str) -> bool:
    """Whether another machine can make something of a host's name: it has a dot, or is an IP."""
    return name.startswith("[") or ("." in name and not name.endswith((".localhost", ".local")))
