"""Mails that a program wrote and that are no bounce (RFC 3834): vacations, challenges, receipts.

A person who has left an office is a note for staff, never a bounce: the mailbox took the letter.
"""

from __future__ import annotations

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
    "auto response", "autoresponse", "vacation", "on vacation", "on holiday", "away from",
    "reponse automatique", "absence", "absent du bureau", "absent", "absente", "en conges",
    "message d absence", "en vacances", "notification d absence", "conges", "conge maternite",
    "abwesenheit", "abwesend", "abwesenheitsnotiz", "automatische antwort",
    "respuesta automatica", "fuera de la oficina", "risposta automatica", "fuori ufficio",
    "accuse de reception", "votre message a bien ete recu", "we have received your",
    "your request has been received", "ticket",
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
    "majordomo", "your message to the list", "sympa",
)  # fmt: skip
_HAS_LEFT = (
    "no longer works", "no longer work", "no longer with", "has left the company", "have left",
    "has left our", "left the organisation", "left the organization", "is no longer employed",
    "is no longer with", "ne travaille plus", "ne fait plus partie", "a quitte l entreprise",
    "a quitte la societe", "a quitte l etablissement", "a quitte ses fonctions",
    "n est plus en poste",
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
    said = answer_words.words(words_of(mail.first("subject"))[:300])
    text = answer_words.words(mail.text[:4_000])
    submitted = mail.first("auto-submitted").lower()
    answers = (
        (submitted.startswith("auto-replied") and not _is_from_a_server(mail))
        or mail.first("precedence").lower() == "auto_reply"
        or any(mail.first(it) for it in _VACATION_FIELDS)
        or answer_words.has(said, _SUBJECTS)
        or answer_words.has(said, _CHALLENGES)
        or answer_words.has(said, _LIST_MANAGERS)
    )  # fmt: skip
    if not answers:
        answers = not _is_from_a_server(mail) and (
            answer_words.has(text, _CHALLENGES)
            or answer_words.has(text, _LIST_MANAGERS)
            or answer_words.has(said + text, _HAS_LEFT)
        )
    if not answers:
        return None
    return Kind.NOTE if answer_words.has(said + text, _HAS_LEFT) else Kind.AUTO_REPLY


def _is_from_a_server(mail: Mail) -> bool:
    sender = mail.first("from").lower()
    return any(
        it in sender for it in ("mailer-daemon", "postmaster", "mail delivery", "maildaemon")
    )
