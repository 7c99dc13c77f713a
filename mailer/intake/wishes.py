"""Whether a mail that a person wrote says that they want no more letters, and nothing else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from mailer.bounces import addresses
from mailer.bounces.mail import Mail, words_of

_WISHES = frozenset(
    (
        "stop", "stop mail", "stop mails", "stop email", "stop emails",
        "desabonnement", "desabonner", "desabonnez moi", "desabonne", "me desabonner",
        "se desabonner", "desinscription", "desinscrire", "desinscrivez moi", "me desinscrire",
        "se desinscrire", "desabonnement svp", "desinscription svp",
        "demande de desabonnement", "demande de desinscription", "je me desabonne",
        "je souhaite me desabonner", "je veux me desabonner", "merci de me desabonner",
        "veuillez me desabonner", "je souhaite me desinscrire", "je veux me desinscrire",
        "merci de me desinscrire", "veuillez me desinscrire",
        "unsubscribe", "unsubscribe me", "please unsubscribe me", "please unsubscribe",
    )
)  # fmt: skip
"""A whole line, without accents and signs. "Stop à la guerre" is the beginning of a discussion."""
_LONGEST = 60


def wants_to_leave(mail: Mail) -> bool:
    """Whether the subject, or the first line of the text, is a wish to leave.

    A subject that begins with "Re:" is that of the letter, not of its reader.
    """
    return any(_folded(it) in _WISHES for it in _told(mail))


def sender_of(mail: Mail) -> str:
    """The address that wrote a mail; "" if it names none, or several."""
    fields = mail.all("from")
    found = list(addresses.within(fields[0])) if len(fields) == 1 else []
    if len(found) > 1 and "<" in fields[0]:  # an address may stand in the name, too
        bare = addresses.bare(fields[0][fields[0].rindex("<") :])
        return bare if fields[0].count("<") == 1 else ""
    return found[0] if len(found) == 1 else ""


def _told(mail: Mail) -> Iterator[str]:
    yield words_of(mail.first("subject"))
    yield next((it for it in mail.text.split("\n") if it.strip()), "")


def _folded(line: str) -> str:
    if len(line) > _LONGEST:
        return ""
    plain = unicodedata.normalize("NFKD", line.casefold())
    letters = (" " if not it.isalnum() else it for it in plain if not unicodedata.combining(it))
    return " ".join("".join(letters).split())
