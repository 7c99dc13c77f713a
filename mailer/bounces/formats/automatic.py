"""Mails that a program wrote and that are no bounce (RFC 3834): vacations, challenges, receipts.

A person who has left an office is a note for staff, never a bounce: the mailbox took the letter.
"""

from __future__ import annotations

import re

from mailer import answer_words
from mailer.bounces.mail import Mail, words_of
from mailer.bounces.report import Kind

_RECEIPTS = ("message/disposition-notification", "message/global-disposition-notification")
_VACATION_FIELDS = (
    "x-autoreply", "x-autorespond", "x-auto-response-suppress-reply", "x-vacation",
    "x-mail-autoreply",
    "x-autoresponder", "x-autoreply-from",
)  # fmt: skip
_SUBJECTS = (
    "out of office", "out of the office", "automatic reply", "auto reply", "autoreply",
    "auto response", "autoresponse", "reponse automatique", "absent du bureau",
    "absente du bureau", "absence du bureau", "message d absence", "notification d absence",
    "abwesenheitsnotiz", "automatische antwort", "respuesta automatica", "fuera de la oficina",
    "risposta automatica", "fuori ufficio",
)  # fmt: skip
"""Subjects that nobody writes but a program."""
_ALSO_OF_PEOPLE = (
    "vacation", "on vacation", "on holiday", "away from", "absence", "absent", "absente",
    "en conges", "en vacances", "conges", "conge maternite", "abwesenheit", "abwesend",
    "accuse de reception", "votre message a bien ete recu", "we have received your",
    "your request has been received", "ticket",
)  # fmt: skip
"""Subjects of programs that people write, too: a union's letters are about holidays."""
_ABSENT = (
    "je suis absent", "je suis absente", "suis actuellement absent", "suis actuellement absente",
    "serai absent", "serai absente", "serai de retour", "absent du bureau", "absente du bureau",
    "out of the office", "out of office", "will be back", "be away until",
    "nicht im haus", "nicht im buro", "nicht im hause", "ausser haus", "wieder erreichbar",
)  # fmt: skip
_CHALLENGES = (
    "confirm that you sent", "please confirm your message", "verify that you are human",
    "sender verification", "challenge", "mailinblack", "confirmez votre message",
    "demande de confirmation", "authentifiez vous", "boxbe", "spamarrest", "spam arrest",
    "confirmation de votre envoi", "prove you are human", "verification de l expediteur",
)  # fmt: skip
_LIST_MANAGERS = (
    "awaits moderator approval", "is being held", "attente de moderation", "en attente de modera",
    "not allowed to post", "pas autorise a envoyer", "post by non member", "held for approval",
    "majordomo", "your message to the list", "attente d approbation", "attend l approbation",
    "awaiting approval", "pending approval", "wartet auf genehmigung", "wartet auf freigabe",
)  # fmt: skip
_OF_LISTS = ("sympa@", "sympa-request@", "mailman@", "majordomo@", "listserv@", "ezmlm@")
"""Senders: the word "sympa" alone is French for "nice"."""
_HAS_LEFT = (
    "no longer works", "no longer work", "no longer with", "has left the company", "have left",
    "has left our", "left the organisation", "left the organization", "is no longer employed",
    "is no longer with", "ne travaille plus", "ne fait plus partie", "a quitte l entreprise",
    "a quitte la societe", "a quitte l etablissement", "a quitte ses fonctions",
    "n est plus en poste", "a quitte l association", "a quitte l organisation", "a quitte notre",
    "a quitte la mairie", "a quitte la collectivite", "a quitte le syndicat", "n est plus salarie",
    "n est plus salariee", "nicht mehr bei uns", "left our", "has left the", "no longer employed",
    "a quitte le service", "plus dans l entreprise", "pris sa retraite", "est a la retraite",
    "retired", "has retired", "depart a la retraite", "arbeitet nicht mehr", "ausgeschieden",
    "ya no trabaja", "email address has changed", "new email address", "change of address",
    "mon adresse change", "nouvelle adresse", "changement d adresse", "adresse mail a change",
    "my new address", "mailbox is no longer monitored", "cette boite n est plus",
    "adresse n est plus utilisee", "adresse n est plus valide",
)  # fmt: skip


def is_receipt(mail: Mail) -> bool:
    """Whether a mail program says that somebody opened, or deleted, a letter (RFC 8098)."""
    reports = mail.parameters.get("report-type", "").lower() == "disposition-notification"
    return reports or any(True for _ in mail.of_type(*_RECEIPTS))


def read(mail: Mail) -> Kind | None:
    """AUTO_REPLY or NOTE if a program answered for a person; None if the mail is nothing such.

    A mail that says it is `auto-generated` may be a bounce all the same: it must look like an
    answer, too.
    """
    if is_receipt(mail):
        return Kind.RECEIPT
    subject = words_of(mail.first("subject"))[:300]
    said = answer_words.words(subject)
    text = answer_words.words(mail.text[:4_000])
    by_program = _is_of_a_program(mail)
    server = _is_from_a_server(mail)
    if not (
        mail.first("precedence").lower() == "auto_reply"
        or any(mail.first(it) for it in _VACATION_FIELDS)
        or (mail.first("auto-submitted").lower().startswith("auto-replied") and not server)
        or answer_words.has(answer_words.words(_before_the_letters(subject)), _SUBJECTS)
        or answer_words.has(said, _CHALLENGES)
        or answer_words.has(said, _LIST_MANAGERS)
        or any(it in mail.first("from").lower() for it in _OF_LISTS)
        or (by_program and answer_words.has(said, _ALSO_OF_PEOPLE))
        or (not server and answer_words.has(text, _CHALLENGES))
        or (not server and by_program and answer_words.has(text, _OF_PROGRAMS))
    ):
        return None
    return Kind.NOTE if answer_words.has(said + text, _HAS_LEFT) else Kind.AUTO_REPLY


_OF_PROGRAMS = (*_LIST_MANAGERS, *_HAS_LEFT, *_ABSENT)


def _before_the_letters(subject: str) -> str:
    """What stands before the letter's own subject, where "Re:" tells where that begins."""
    found = _REPLIES.search(subject)
    return subject[: found.start()] if found else subject


_REPLIES = re.compile(r"(?:\A|(?<=\W))(?:re|rép|tr|aw|wg|fw|fwd) ?:", re.IGNORECASE)


def _is_of_a_program(mail: Mail) -> bool:
    """Whether a mail's header says that no person sent it."""
    return (
        mail.first("auto-submitted").lower().strip() not in ("", "no")
        or mail.first("precedence").lower().strip() in ("bulk", "junk", "list", "auto_reply")
        or mail.first("return-path").strip() == "<>"
        or any(mail.first(it) for it in (*_VACATION_FIELDS, "x-auto-response-suppress"))
    )


def _is_from_a_server(mail: Mail) -> bool:
    sender = mail.first("from").lower()
    return any(
        it in sender for it in ("mailer-daemon", "postmaster", "mail delivery", "maildaemon")
    )
