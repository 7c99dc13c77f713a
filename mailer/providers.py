"""Who has the mailboxes of a domain: several domains of one provider are one to senders."""

from __future__ import annotations

OTHER = "other"

_DOMAINS = {
    "orange": ("orange.fr", "wanadoo.fr", "orange.com", "voila.fr"),
    "laposte": ("laposte.net",),
    "sfr": ("sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr", "9online.fr", "numericable.fr",
            "noos.fr", "modulonet.fr"),
    "free": ("free.fr", "freesbee.fr", "libertysurf.fr", "aliceadsl.fr", "infonie.fr"),
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com", "live.fr",
                  "msn.com"),
    "yahoo": ("yahoo.com", "yahoo.fr", "ymail.com", "rocketmail.com", "aol.com", "aol.fr"),
}  # fmt: skip

PROVIDERS = (*_DOMAINS, OTHER)
_OF = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains}


def provider_of(address: str) -> str:
    """One of PROVIDERS; "other" tells nothing of a domain that may be a person's own."""
    return _OF.get(address.rpartition("@")[2].lower(), OTHER)
