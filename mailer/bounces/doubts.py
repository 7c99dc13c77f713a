"""Words beside a code for "no such mailbox" that say something else: then it is not certain.

Servers write what they like, in languages that no table holds whole. So the beginnings of words are
enough here: a doubt costs a week and a second letter, and harms nobody.
"""

from __future__ import annotations

from functools import lru_cache

from mailer import answer_words
from mailer.bounces import phrases

_BEGINNINGS = (
    # A mailbox that is full.
    "plein", "satur", "pien", "llen", "cheia", "cheio", "overfull", "uberfull", "limit",
    # One that is there, and takes nothing now.
    "resili", "verrou", "suspen", "paus", "unpaid", "impay", "expir", "archiv", "inacti", "idle",
    "gele", "migrat", "mainten", "indisponib", "momentan",
    # Filters, and what they think of a letter.
    "spam", "antispam", "suspici", "suspect", "quarant", "filtr", "filter", "whitelist",
    "allowlist", "blocklist", "blacklist", "dynamic", "content", "contenu",
    # Who may write to whom.
    "autoris", "authori", "unauthori", "extern", "outside", "welcome", "wish", "souhait",
    "contacts", "internal", "interne", "moderat", "restrict", "restreint",
    # A server that could not look, or could not take the address's letters.
    "callout", "unverif", "trop", "ldap", "servfail", "utf", "smtputf",
)  # fmt: skip
_WORDS = (
    "voll", "vol", "dul", "ube", "uce", "ip", "hold", "held", "lookup failed", "lookup failure",
    "directory service", "not found try again", "verification", "to verify", "cannot verify",
    "not verify", "could not be verified", "cannot be verified",
    "not accept", "n accepte", "only accepts", "nimmt keine", "no acepta", "non accetta",
    "n est plus active", "n est plus actif",
    "no longer active", "rejete par", "rejected by", "refused by",
)  # fmt: skip
_OF_EXCHANGE = (
    "resolver.rst", "resolver.fwd", "resolver.grp", "resolver.adr.ambiguous",
    "resolver.adr.badprimary", "transport.", "routing.", "storedrv.", "queue.", "agent.",
)  # fmt: skip
"""Where Exchange says that it forbids, goes in circles, or is not in order."""
_LISTS = (
    "spamhaus", "spamcop", "barracudacentral", "abusix", "sorbs", "uceprotect", "dnsbl",
    "senderscore", "cloudmark", "mailspike", "backscatterer", "invaluement", "spamrats", "manitu",
)  # fmt: skip
_LAST_LATIN = "\u024f"


@lru_cache(maxsize=1024)
def raises(diagnostic: str) -> bool:
    """Whether a diagnostic holds anything that makes "no such mailbox" uncertain.

    What is longer than is looked at, and what is written in letters that no table reads, does.
    """
    if len(diagnostic) > phrases.LOOKED_AT or _is_foreign(diagnostic):
        return True
    said = phrases.clean(diagnostic)
    return (
        answer_words.has(said, _WORDS)
        or any(f" {it}" in said for it in _BEGINNINGS)
        or _names(diagnostic)
    )


def _is_foreign(diagnostic: str) -> bool:
    return any(sign > _LAST_LATIN and sign.isalpha() for sign in diagnostic)


def _names(diagnostic: str) -> bool:
    """Whether a link or a host is that of a block list, or a word is Exchange's for a refusal."""
    words = [it for it in diagnostic.casefold().split() if "@" not in it]
    return any(name in it for it in words for name in _LISTS) or any(
        it.strip("#'\"(;").startswith(_OF_EXCHANGE) for it in words
    )
