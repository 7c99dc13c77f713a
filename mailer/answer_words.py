"""What a relay's answer says in words, where its codes do not say enough.

Relays write what they like, in several languages. Each question here has a small table of words,
compared without accents, capitals and punctuation. A text is read once from its beginning to its
end, however long it is.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import lru_cache

ELSE = "…"
"""Stands for an address that is taken out of an answer."""
_WORD = re.compile(r"[^\W_]+")
_AN_HOUR = re.compile(r" (?!24 )\d{1,9} (?:mails |emails |messages )?h ")
_GREY = re.compile(r"gr[ae]y ?list")
# RFC 3463: x.2.x is about the mailbox of the one who gets the letter, x.3.4 about its size. Some
# relays write the code at the end: "(#5.2.2)".
_OF_A_MAILBOX_OR_SIZE = re.compile(r"(?:\A|#)[45]\.(?:2\.\d{1,3}|3\.4)(?![\d.])")


class Period(enum.StrEnum):
    """The period of a limit that a relay says it has for us."""

    HOUR = "hour"
    DAY = "day"


class Subject(enum.Enum):
    """What a refusal that is not about a recipient is about."""

    LOGIN = "login"
    RATE = "rate"
    GREETING = "greeting"
    REPUTATION = "reputation"
    SENDER = "sender"


# "user unknown" as well as "unknown user"; each phrase is whole words, without accents.
_UNKNOWN = (
    # English
    "user unknown", "unknown user", "unknown local user", "unknown local part", "unknown recipient",
    "recipient unknown", "unknown mailbox", "mailbox unknown", "unknown account", "account unknown",
    "unknown address", "address unknown", "unknown addressee", "unknown to this server",
    "user is unknown", "recipient is unknown", "mailbox is unknown", "address is unknown",
    "no such user", "no such mailbox", "no such recipient", "no such address", "no such account",
    "no such local user", "no such person", "no such email", "no such alias",
    "no mailbox by that name", "no mailbox here", "no mailbox found", "no user here",
    "no account by that name",
    "user not found", "mailbox not found", "recipient not found", "address not found",
    "account not found", "user not known", "recipient not known", "not a known user",
    "not a valid mailbox", "not a valid user", "not a valid recipient", "invalid recipient",
    "invalid mailbox", "invalid user", "recipient is invalid", "not listed in domino directory",
    # French
    "utilisateur inconnu", "destinataire inconnu", "adresse inconnue", "boite inconnue",
    "boite aux lettres inconnue", "boite mail inconnue", "compte inconnu", "correspondant inconnu",
    "utilisateur introuvable", "destinataire introuvable", "adresse introuvable",
    "boite introuvable", "compte introuvable", "adresse inexistante", "boite inexistante",
    "boite aux lettres inexistante", "compte inexistant", "utilisateur inexistant",
    "destinataire inexistant", "destinataire invalide", "pas d utilisateur de ce nom",
    "aucun utilisateur de ce nom", "aucune boite de ce nom",
    # German
    "benutzer unbekannt", "unbekannter benutzer", "nutzer unbekannt", "unbekannter nutzer",
    "empfanger unbekannt", "unbekannter empfanger", "adresse unbekannt", "unbekannte adresse",
    "postfach unbekannt", "unbekanntes postfach", "konto unbekannt", "kein solcher benutzer",
    "kein solches postfach", "kein postfach", "empfanger nicht gefunden", "benutzer nicht gefunden",
    "postfach nicht gefunden", "adresse nicht gefunden", "ungultiger empfanger",
    "empfangeradresse unbekannt",
    # Spanish
    "usuario desconocido", "destinatario desconocido", "direccion desconocida",
    "buzon desconocido", "cuenta desconocida", "usuario inexistente", "destinatario inexistente",
    "direccion inexistente", "buzon inexistente", "cuenta inexistente", "usuario no encontrado",
    "destinatario no encontrado", "buzon no encontrado", "direccion no encontrada",
    "cuenta no encontrada", "no hay tal usuario",
)  # fmt: skip
# Such a verdict counts if one of the things stands somewhere in the answer.
_MISSING = (
    "does not exist", "doesn t exist", "do not exist", "not exist",
    "n existe pas", "n existe plus", "existiert nicht", "no existe",
)  # fmt: skip
_THINGS = (
    "user", "mailbox", "recipient", "account", "address", "addressee",
    "utilisateur", "destinataire", "adresse", "boite", "compte",
    "benutzer", "nutzer", "empfanger", "postfach", "konto", "empfangeradresse",
    "usuario", "destinatario", "direccion", "buzon", "cuenta",
)  # fmt: skip
# Who is called unknown is then the one who writes, or logs in.
_OF_THE_SENDER = (
    "sender address", "sender verify", "sender verification", "sender rejected", "sender domain",
    "sender unknown", "sender is unknown", "unknown sender", "sender user", "sender does",
    "sender s", "verification failed for", "verify sender", "envelope sender", "mail from",
    "return path", "expediteur", "absender", "absenderadresse", "remitente",
    "password", "passwort", "contrasena", "mot de passe", "helo", "ehlo",
)  # fmt: skip

_EXCEEDED = (
    "exceed", "exceeds", "exceeded", "exceeding", "exceededexception", "reached", "too many",
    "too much", "over quota", "over limit", "hit", "depasse", "depassee", "depassees",
    "depassement", "atteint", "atteinte", "trop de", "uberschritten", "erreicht", "zu viele",
    "superado", "superada", "excedido", "excedida", "alcanzado", "alcanzada", "demasiados",
)  # fmt: skip
_SENDING = (
    "email", "emails", "mail", "mails", "message", "messages", "send", "sending", "sent",
    "submission", "recipients", "outgoing", "outbound", "smtp", "relay", "courriel", "courriels",
    "envoi", "envois", "envoye", "envoyes", "versand", "senden", "gesendet", "gesendete",
    "nachrichten", "envio", "envios", "enviado", "enviados", "correos", "mensajes",
    "defers",
)  # fmt: skip
_BY_THE_HOUR = (
    "per hour", "hourly", "an hour", "each hour", "every hour", "last hour", "this hour",
    "one hour", "1 hour", "60 minutes", "3600 seconds", "mails h", "emails h", "messages h",
    "mails hour", "emails hour", "messages hour", "par heure", "horaire", "par h", "derniere heure",
    "pro stunde", "je stunde", "stundlich", "stundliche", "stundliches", "stundenlimit",
    "letzten stunde", "por hora", "ultima hora",
)  # fmt: skip
_BY_THE_DAY = (
    "per day", "daily", "a day", "each day", "every day", "last day", "today", "one day",
    "24 hours", "24 hour", "24h", "24 h", "86400 seconds", "mails day", "emails day",
    "messages day", "par jour", "journalier", "journaliere", "quotidien", "quotidienne",
    "24 heures", "pro tag", "je tag", "taglich", "tagliche", "tagliches", "tageslimit",
    "24 stunden", "por dia", "diario", "diaria", "24 horas",
)  # fmt: skip
# A limit of sending whose period is not said. "mail quota", "message limit" and the like are none:
# so relays name full mailboxes and letters that are too large.
_PLAIN_LIMITS = (
    "send limit", "sending limit", "sending limits", "send quota", "sending quota",
    "submission quota", "submissionquotaexceededexception", "relay limit", "outgoing limit",
    "message count quota",
    "limite d envoi", "quota d envoi", "limite d envois", "quota d envois",
    "versandlimit", "sendelimit", "limite de envio", "cuota de envio", "limite de envios",
)  # fmt: skip
# Exchange calls a customer's quota so, with the code of a full mailbox (5.2.0, 5.2.2).
_OF_THE_CUSTOMER = ("submission quota", "submissionquotaexceededexception")
# These speak of the one who gets the letter, of its size, or of a single connection.
_OF_SOMETHING_ELSE = (
    "receiving", "receive", "received", "inbox", "storage", "disk", "space", "mailbox full",
    "full mailbox", "mailbox is full", "account is full", "quota is full", "mailbox quota",
    "mailbox size", "mailbox limit", "recipient s", "recipient has", "recipient is",
    "this recipient", "that recipient", "user you are trying", "account you are trying",
    "reception", "espace", "pleine", "plein", "saturee", "ce destinataire", "du destinataire",
    "speicher", "speicherplatz", "empfangen", "voll", "dieser empfanger", "diesen empfanger",
    "des empfangers",
    "recepcion", "espacio", "recibir", "lleno", "llena", "este destinatario", "del destinatario",
    "size", "too large", "too big", "taille", "trop volumineux", "trop gros", "trop lourd",
    "grosse", "zu gross", "tamano", "demasiado grande",
    "in this session", "in this connection", "per session", "per connection", "per message",
)  # fmt: skip
_GREYLISTING = (
    "liste grise", "listes grises", "graue liste", "grauen liste", "lista gris", "listas grises",
)  # fmt: skip

# The first that fits counts.
_SUBJECTS = (
    (Subject.GREETING, ("helo", "ehlo", "fully qualified hostname", "fully qualified host name")),
    (Subject.RATE, (
        "rate", "ratelimit", "rate limit", "overlimit", "throttled", "throttling", "too many",
        "too fast", "quota", "limit", "trop de", "zu viele", "demasiados",
    )),
    (Subject.LOGIN, (
        "authentication required", "authentication is required", "must authenticate",
        "relay not permitted", "relay denied", "relaying denied", "relay access denied",
        "relaying not allowed", "not permitted to relay", "relaying prohibited",
        "unable to relay", "we do not relay", "authentification requise", "relais interdit",
        "anmeldung erforderlich", "autenticacion",
    )),
    (Subject.REPUTATION, (
        "spam", "blacklist", "blacklisted", "blocklist", "blocklisted", "block list", "blocked",
        "listed", "reputation", "rbl", "dnsbl", "spamhaus", "abuse", "liste noire", "bloque",
        "gesperrt",
    )),
    (Subject.SENDER, (
        "sender", "from", "not verified", "identities", "identity", "spf", "dmarc",
        "expediteur", "absender", "remitente",
    )),
)  # fmt: skip


@lru_cache(maxsize=512)
def says_unknown(text: str) -> bool:
    """Whether the words of a refusal say that the recipient does not exist."""
    said = words(text)
    if has(said, _OF_THE_SENDER):
        return False
    return has(said, _UNKNOWN) or (has(said, _MISSING) and has(said, _THINGS))


@lru_cache(maxsize=256)
def limit_in(text: str) -> Period | None:
    """The period of the sending limit that an answer says is reached; None if it says none.

    A limit whose period is not said counts as one of an hour. A full mailbox, a letter that is too
    large and greylisting are no limits of sending, whatever words the relay has for them.
    """
    said = words(text)
    if _OF_A_MAILBOX_OR_SIZE.search(text) and not has(said, _OF_THE_CUSTOMER):
        return None
    if has(said, _OF_SOMETHING_ELSE) or says_greylisted(text):
        return None
    plain = has(said, _PLAIN_LIMITS)
    if not (has(said, _EXCEEDED) or " submissionquotaexceededexception " in said):
        return None
    hourly = has(said, _BY_THE_HOUR) or _AN_HOUR.search(said) is not None
    daily = has(said, _BY_THE_DAY)
    if not (plain or (has(said, _SENDING) and (hourly or daily))):
        return None
    return Period.DAY if daily and not hourly else Period.HOUR


@lru_cache(maxsize=256)
def says_greylisted(text: str) -> bool:
    """Whether an answer says that the relay wants a second try of each copy (RFC 6647)."""
    said = words(text)
    return _GREY.search(said) is not None or has(said, _GREYLISTING)


def subject_of(text: str) -> Subject | None:
    """What a refusal is about, as far as its words say."""
    said = words(text)
    return next((it for it, phrases in _SUBJECTS if has(said, phrases)), None)


def alike(text: str) -> str:
    """A text without what differs from copy to copy: addresses, and words with a digit in them."""
    return " ".join(_same(word) for word in text.casefold().split())


def without_addresses(text: str) -> str:
    """A text whose addresses are replaced by "…": it may be kept, and shown to anybody."""
    return " ".join(ELSE if "@" in word else word for word in text.split())


def _same(word: str) -> str:
    if "@" in word or (word.startswith("<") and ">" in word):
        return ELSE
    return "#" if any(sign.isdigit() for sign in word) else word


def words(text: str) -> str:
    """The words of a text in small letters, without accents, a space before and behind each."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return f" {' '.join(_WORD.findall(kept))} "


def has(said: str, phrases: tuple[str, ...]) -> bool:
    """Whether one of the phrases, as whole words, stands in what `words` returned."""
    return any(f" {phrase} " in said for phrase in phrases)
