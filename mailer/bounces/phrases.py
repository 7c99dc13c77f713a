"""The words by which servers say why a mail came back; whole words, without accents.

A phrase speaks for a reason, never for its certainty: mailer/bounces/judging.py weighs that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mailer import answer_words
from mailer.bounces.report import Reason

# The first that fits counts. What is about us stands before what is about the recipient: receivers
# hide filters behind "user unknown", and never the other way round.
_PHRASES: Sequence[tuple[Reason, tuple[str, ...]]] = (
    (Reason.GREYLISTED, (
        "greylisted", "greylisting", "greylist", "graylisted", "graylisting", "liste grise",
        "try again in", "defer first contact",
    )),
    (Reason.AUTH, (
        "spf", "dkim", "dmarc", "unauthenticated", "not authenticated", "authentication checks",
        "fcrdns", "reverse dns", "ptr record", "ptr", "rdns", "sender id", "unaligned",
        "non authentifie", "non authentifiee", "reverse hostname", "helo", "ehlo",
    )),
    (Reason.RATE, (
        "rate", "ratelimit", "rate limited", "overlimit", "throttled", "throttling",
        "too many connections", "too many messages", "too many recipients", "too many mails",
        "too many emails", "too many invalid", "too many unknown", "too many bad",
        "too fast", "too much mail", "unusual rate", "receiving mail too",
        "receiving mail at a rate", "daily limit", "hourly limit", "sending limit", "sending quota",
        "too many errors", "trop de connexions", "trop de messages", "zu viele", "ofr 102",
        "ofr 103", "ofr 104", "ofr004 104", "ofr005 104", "exceeded the limit",
    )),
    (Reason.SPAM, (
        "spam", "spammer", "spammers", "spamming", "junk", "blacklist", "blacklisted", "blocklist",
        "blocklisted", "block list", "black list", "rbl", "dnsbl", "spamhaus", "barracudacentral",
        "spamcop", "proofpoint", "cloudmark", "reputation", "unsolicited", "bulk mail",
        "listed by", "listed at", "is listed", "liste noire", "indesirable",
        "indesirables", "pourriel", "pourriels", "poor reputation", "spamassassin", "abuse",
        "ofr 506", "ofr506 506", "ofr 999", "unwanted",
    )),
    (Reason.CONTENT, (
        "virus", "malware", "phishing", "attachment", "attachments", "content", "contents",
        "contains", "url", "urls", "links", "banned", "message headers", "header",
        "body", "contenu", "piece jointe", "infected", "signature", "prohibited file",
        "bad subject", "non rfc", "rfc 5322", "rfc5322", "rfc 2822",
    )),
    (Reason.POLICY, (
        "policy", "policies", "denied", "denies", "refuse", "refused", "blocked", "block",
        "prohibited", "prohibition", "forbidden", "not allowed", "not permitted", "not authorized",
        "not accepted here", "unauthorized", "access", "permission", "authorized", "restricted",
        "restriction", "whitelist", "allowlist", "relay", "relaying", "politique", "interdit",
        "bloque", "bloquee", "non autorise", "non autorisee", "acces", "administrative",
        "administratively", "local policy", "security", "filter", "filtered", "filtering",
        "gesperrt", "verweigert", "rejected by", "rejecting mail from", "sender", "expediteur",
        "absender", "mail from", "return path", "from domain", "from address", "service refuse",
        "service refused", "challenge", "lpn007 510",
    )),
    (Reason.FULL, (
        "mailbox full", "mailbox is full", "full mailbox", "inbox is full", "inbox full",
        "over quota", "quota exceeded", "exceeded quota", "exceeded its quota",
        "quota is exceeded", "quota full", "exceeds quota", "quota", "out of storage space",
        "out of storage", "insufficient storage", "not enough storage", "no space left",
        "disk full", "disk space", "storage allocation", "over the limit", "mailbox size",
        "mailbox limit", "account is full", "boite pleine", "boite saturee", "messagerie saturee",
        "boite aux lettres pleine", "boite mail pleine", "depasse son quota", "espace insuffisant",
        "ofr 417", "postfach voll", "postfach ist voll", "speicherplatz", "buzon lleno",
        "overquota",
        "mailfolder is full",
        "user is over", "exceeded storage", "storage limit", "boite est pleine",
    )),
    (Reason.TOO_LARGE, (
        "too large", "too big", "message size", "size limit", "maximum size", "exceeds size",
        "exceeds maximum", "exceeds the maximum", "exceeds fixed", "message length", "trop gros",
        "trop volumineux", "taille maximale", "taille du message", "zu gross", "message too long",
    )),
    (Reason.MOVED, (
        "has moved", "moved to", "no longer at", "user has moved", "changed address",
        "has changed", "nouvelle adresse", "new address", "please forward", "no forwarding address",
        "not local please try", "a change d adresse", "no longer works here",
    )),
    (Reason.DISABLED, (
        "disabled", "inactive", "inactif", "inactive user", "suspended", "suspendu", "suspendue",
        "deactivated", "desactive", "desactivee", "closed", "account expired", "locked", "frozen",
        "discontinued", "terminated", "not active", "is not active", "no longer active", "dormant",
        "abandoned", "deaktiviert", "no longer available", "resilie", "account is inactive",
        "no longer valid",
        "not currently accepting", "cannot receive", "can not receive", "not accepting messages",
        "expired account", "unable to receive", "archivee", "archived recipient", "ofr 415",
        "cloture", "cloturee", "ferme", "fermee",
    )),
    (Reason.UNKNOWN_HOST, (
        "host not found", "domain not found", "domain name not found", "no such domain",
        "nxdomain", "host unknown", "unknown host", "name or service not known",
        "bad destination system", "unrouteable mail domain", "unrouteable domain",
        "unroutable domain", "null mx", "domain does not accept mail", "does not accept mail",
        "no mx", "domain does not exist", "domaine inconnu", "domaine inexistant", "unknown domain",
        "name service error", "couldn t find any host", "could not find any host",
        "illegal host", "host or domain name not found", "domain not exist",
        "dns domain", "no mail server", "non existent hosts", "mx record", "no valid hosts",
    )),
    (Reason.UNKNOWN_USER, (
        "unrouteable address", "unroutable address", "address rejected", "recipient rejected",
        "mailbox unavailable", "does not like recipient", "not our customer", "nobody here",
        "bad destination mailbox", "invalid address", "bad address", "bad recipient",
        "no mailbox", "no recipient", "user inactive or unknown", "ofr 416", "ofr 418",
        "ofr204 416", "ofr204 418", "recipients unknown", "is not a valid", "mailbox invalid",
    )),
    (Reason.LOOP, (
        "loop", "loops", "looping", "too many hops", "hop count", "maximum hops", "routing loop",
        "mail forwarding loop", "too many received",
    )),
    (Reason.EXPIRED, (
        "expired", "retry timeout", "retry time", "retry limit", "queue too long", "too old",
        "too long in the queue", "delivery time", "could not be delivered for", "giving up on",
        "message delayed", "not delivered in time", "delivery timed out", "retries",
        "in the queue too long", "temps imparti", "undeliverable for", "been trying to deliver",
    )),
    (Reason.NETWORK, (
        "connection refused", "connection timed out", "connection reset", "connection closed",
        "timed out", "timeout", "no route to host", "network is unreachable", "unreachable",
        "lost connection", "connection dropped", "not respond", "did not respond", "tls",
        "no answer", "ssl", "starttls", "certificate", "temporary lookup failure", "lookup",
        "name server", "dns",
    )),
    (Reason.SYSTEM, (
        "system", "server error", "configuration error", "local configuration", "internal error",
        "internal", "temporary failure", "temporarily", "resources", "i o error", "not supported",
        "unable to open", "permission problem", "overloaded", "busy", "maintenance", "backend",
        "local error", "processing", "program failure", "pipe", "command failed", "database",
    )),
)  # fmt: skip

ABOUT_US = (
    Reason.GREYLISTED, Reason.AUTH, Reason.RATE, Reason.SPAM, Reason.CONTENT, Reason.POLICY,
    Reason.TOO_LARGE,
)  # fmt: skip
"""Reasons that lie with the sender or the letter, or pass by themselves: never with the person."""
LIMITS = (Reason.FULL, Reason.DISABLED)
"""Reasons that say there is a mailbox, or was one a moment ago."""


# Words that are no reason where they stand so.
_BENIGN = (
    (" relay recipient table ", " recipient table "),
    (" connection refused ", " unreachable "),
    (" refused to talk ", " unreachable "),
    (" blocked due to inactivity ", " inactive "),  # Free: nobody's rule is meant
    (" blocked for inactivity ", " inactive "),
    (" bloque pour inactivite ", " inactif "),
    (" bloquee pour inactivite ", " inactif "),
    (" to sender ", " "),  # "returned to sender" is a notice's own name
)


def clean(diagnostic: str) -> str:
    """A diagnostic's words without addresses, hosts and links, whose words mean nothing here."""
    kept = (_telling(it) for it in diagnostic[:LOOKED_AT].split())
    said = answer_words.words(" ".join(kept))
    for harmful, harmless in _BENIGN:
        said = said.replace(harmful, harmless)
    return said


LOOKED_AT = 4_000


def _telling(word: str) -> str:
    """A word without what it names; a reason may follow an address: "(a@example.org:blocked)"."""
    if "@" in word and "://" not in word:
        word = word.rpartition(":")[2]
    return "" if _names_something(word) else word


def _names_something(word: str) -> bool:
    if "@" in word or "://" in word:
        return True
    middle = word.strip("()[]<>{}.,;:!?\"'")
    # Exchange writes its reasons like hosts (RESOLVER.ADR.RecipNotFound): those stay.
    return "." in middle and not middle.startswith(("RESOLVER.", "SMTP")) and "://" not in word


@lru_cache(maxsize=1024)
def named(diagnostic: str) -> tuple[Reason, ...]:
    """The reasons that the words of a diagnostic name, the first the weightiest."""
    said = clean(diagnostic)
    found = [it for it, phrases in _PHRASES if answer_words.has(said, phrases)]
    if says_unknown(diagnostic) and Reason.UNKNOWN_USER not in found:
        found.append(Reason.UNKNOWN_USER)
    return tuple(found)


@lru_cache(maxsize=1024)
def says_unknown(diagnostic: str) -> bool:
    """Whether words say clearly that there is no such recipient."""
    said = clean(diagnostic)
    return answer_words.says_unknown(said) or answer_words.has(said, _CLEARLY)


@lru_cache(maxsize=1024)
def says_passing(diagnostic: str) -> bool:
    """Whether words say that the same may succeed later, whatever code stands beside them."""
    return answer_words.has(clean(diagnostic), _PASSING)


@lru_cache(maxsize=1024)
def says_no_host(diagnostic: str) -> bool:
    """Whether words say clearly that the recipient's domain is not found, or takes no mail."""
    return answer_words.has(clean(diagnostic), _NO_HOST)


@lru_cache(maxsize=1024)
def says_null_mx(diagnostic: str) -> bool:
    """Whether words say that the recipient's domain takes no mail at all (RFC 7505)."""
    return answer_words.has(clean(diagnostic), _NULL_MX)


_CLEARLY = (
    "recipientnotfound", "recipnotfound", "bad destination mailbox address",
    "unknown in virtual mailbox table", "unknown in local recipient table",
    "unknown in relay recipient table", "unknown in virtual alias table",
    "sorry no mailbox here by that name", "this user doesn t have", "user doesn t have",
    "user does not have",
)  # fmt: skip
_PASSING = (
    "temporarily", "temporary failure", "temporary error", "temporary lookup failure",
    "timed out", "timeout", "try later", "try again later", "temporairement",
)  # fmt: skip
_NULL_MX = ("null mx", "domain does not accept mail", "does not accept mail")
_NO_HOST = (
    "host not found", "host or domain name not found", "domain not found", "no such domain",
    "nxdomain", "null mx", "host unknown", "unknown host", "domain does not exist",
    "couldn t find any host", "could not find any host", "domaine inconnu", "domaine inexistant",
    "name or service not known",
)  # fmt: skip
