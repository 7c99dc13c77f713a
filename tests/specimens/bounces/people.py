"""Specimens written by hand: programs that answer for people, and what providers pass on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.specimens.bounces.answers import COMPLAINED, person
from tests.specimens.bounces.pieces import (
    MARIE,
    Specimen,
    block,
    header,
    notification,
    ours,
    parts,
    plain,
    return_path,
)

REPORT = "multipart/report; report-type=feedback-report"


def specimens() -> Iterator[Specimen]:
    yield from _answers()
    yield from _complaints()
    yield from _no_complaints()
    yield from _called_like_servers()
    yield from _passed_on()


def _answers() -> Iterator[Specimen]:
    for name, number, subject, more, text, kind in (
        ("vacation-french-bulk", 991, "Re: Lettre 294", "Precedence: bulk\n",
         "Bonjour,\n\nJe suis absente jusqu'au 4 janvier. Je répondrai à mon retour.\n",
         "auto_reply"),
        ("vacation-german-junk", 992, "Abwesenheitsnotiz: Lettre 294", "Precedence: junk\n",
         "Ich bin bis zum 4. Januar nicht im Haus.\n", "auto_reply"),
        ("vacation-quotes-a-bounce", 993, "Réponse automatique : Lettre 294",
         "Auto-Submitted: auto-replied\n",
         "Absente. Si votre mail revient avec « 550 5.1.1 User unknown », écrivez à l'accueil.\n",
         "auto_reply"),
        ("left-association-french", 994, "Réponse automatique : Lettre 294",
         "Auto-Submitted: auto-replied\n",
         "Mme Exemple a quitté l'association. Merci d'écrire à accueil@recipients.example.net.\n",
         "note"),
        ("left-organisation-english", 995, "Automatic reply: Lettre 294",
         "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n",
         "Marie has left the organisation. Please contact office@recipients.example.net.\n",
         "note"),
        ("challenge-french", 996, "Re: Lettre 294 - merci de vous authentifier", "",
         "Votre message est en attente. Pour qu'il soit remis, cliquez sur ce lien et "
         "authentifiez-vous : https://example.net/c/1\n", "auto_reply"),
        ("ticket-queue", 997, "[Ticket#2026120310] Lettre 294", "Auto-Submitted: auto-replied\n",
         "Votre demande a bien été enregistrée.\n", "auto_reply"),
    ):  # fmt: skip
        yield Specimen(name, plain(person(number, subject, more), text), kind, [], number)
    for name, number, subject, text in (
        ("person-on-holidays", 1011, "Re: Congés : nos revendications",
         "Très sympa, votre lettre ! Pour mes congés, j'attends une réponse.\n"),
        ("person-excuses-herself", 1012, "Absence à l'assemblée de jeudi",
         "Je suis absente jeudi, et serai de retour lundi. Bonne assemblée !\n"),
        ("person-tells-who-left", 1013, "Re: Lettre 294",
         "Paul a quitté l'entreprise : sa nouvelle adresse suit.\n"),
        ("person-asks-for-a-ticket", 1014, "Ticket restaurant", "Qui s'en occupe ?\n"),
        ("person-answers-a-notice", 1016, "Re: Undelivered Mail Returned to Sender",
         "Mon adresse a changé : 550 5.1.1 User unknown, c'est normal.\n"),
        ("person-on-a-policy", 1015, "Re: Out of office: the new policy", "I agree.\n"),
    ):  # fmt: skip
        yield Specimen(name, plain(person(number, subject), text), "other", [], number)
    yield Specimen(
        "postmaster-acknowledges",
        plain(
            "Return-Path: <>\nFrom: Mairie <postmaster@mairie.example.net>\n"
            f"To: {return_path(998)}\nSubject: =?utf-8?q?Accus=C3=A9_de_r=C3=A9ception?=\n"
            "Auto-Submitted: auto-replied\n",
            "Nous avons bien reçu votre message, et y répondrons sous dix jours.\n",
        ),
        "auto_reply", [], 998,
    )  # fmt: skip
    yield Specimen(
        "read-receipt-german",
        parts(
            person(999, "Gelesen: Lettre 294"),
            "multipart/report; report-type=disposition-notification",
            ("text/plain; charset=utf-8", "Ihre Nachricht wurde gelesen.\n"),
            (
                "message/disposition-notification",
                f"Final-Recipient: rfc822;{MARIE}\nDisposition: manual-action/MDN-sent-manually; "
                "displayed\n",
            ),
        ),
        "receipt", [], 999,
    )  # fmt: skip


def _complaints() -> Iterator[Specimen]:
    for name, number, sender, fields, told in (
        ("jmrp", 1001, "staff@hotmail.com",
         "Feedback-Type: abuse\nUser-Agent: SmtpFBL/1.0\nVersion: 1\nOriginal-Mail-From: "
         "<bounce@orme.example.org>\nSource-IP: 192.0.2.1\n", ""),
        ("yahoo-cfl", 1002, "feedback@arf.mail.yahoo.com",
         "Feedback-Type: abuse\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 1\n"
         f"Original-Rcpt-To: {MARIE}\nReported-Domain: orme.example.org\n", MARIE),
        ("signal-spam", 1003, "fbl@signal-spam.example",
         "Feedback-Type: abuse\nUser-Agent: Signal-Spam/1.0\nVersion: 1\n"
         "Received-Date: Thu, 3 Dec 2026 09:00:00 +0100\n", ""),
        ("laposte-fbl", 1004, "fbl@laposte.example",
         "Version: 0.1\nUser-Agent: LaPoste-FBL/1\nFeedback-Type: abuse\nRemoval-Recipient: "
         f"{MARIE}\n", MARIE),
    ):  # fmt: skip
        yield Specimen(
            f"arf-{name}",
            parts(
                f"From: <{sender}>\nTo: abuse@orme.example.org\nSubject: FW: Lettre 294\n",
                REPORT,
                ("text/plain; charset=utf-8", "This is an email abuse report.\n"),
                ("message/feedback-report", fields),
                ("message/rfc822", ours(number)),
            ),
            "complaint", [(told, *COMPLAINED)], number,
        )  # fmt: skip
    yield Specimen(
        "arf-authentication-of-dmarc",
        parts(
            "From: <dmarc@example.net>\nTo: abuse@orme.example.org\nSubject: FW: Lettre 294\n",
            REPORT,
            ("text/plain", "This is an authentication failure report.\n"),
            (
                "message/feedback-report",
                "Feedback-Type: auth-failure\nUser-Agent: x/1\nVersion: 1\n"
                "Auth-Failure: dmarc\nDelivery-Result: reject\n",
            ),
            ("text/rfc822-headers", header(1005)),
        ),
        "other", [], 1005,
    )  # fmt: skip


def _no_complaints() -> Iterator[Specimen]:
    """Reports about us, and about a letter that somebody wants: nobody complains."""
    for name, number, type_, part in (
        ("not-spam-in-text", 1022, "Not-Spam (moved to the inbox)", "text/plain; charset=utf-8"),
        ("authentication-in-text", 1023, "auth-failure", "text/plain; charset=utf-8"),
        ("virus-in-octets", 1024, "virus", "application/octet-stream"),
        ("of-another-type", 1025, "other", "message/feedback-report"),
        ("of-a-type-to-come", 1026, "x-unclassified", "text/plain; charset=utf-8"),
    ):
        yield Specimen(
            f"arf-{name}",
            parts(
                "From: <fbl@example.net>\nTo: abuse@orme.example.org\nSubject: FW: Lettre 294\n",
                REPORT,
                ("text/plain", "This is a report.\n"),
                (part, f"Feedback-Type: {type_}\nUser-Agent: x/1\nVersion: 1\n"),
                ("message/rfc822", ours(number)),
            ),
            "other", [], number,
        )  # fmt: skip


def _called_like_servers() -> Iterator[Specimen]:
    """People, and companies, have the words of servers in their names."""
    for name, number, sender in (
        ("fan-of-mail-delivery", 1041, "Mail Delivery Fan <fan@recipients.example.net>"),
        ("of-a-domain-that-bounces", 1042, "anne@bouncecastle.example.net"),
        ("postmaster-by-name", 1043, "Postmaster Dupont <dupont@recipients.example.net>"),
    ):
        fields = person(number, "Question").replace(f"Marie Exemple <{MARIE}>", sender)
        text = f"Mes mails à {MARIE} reviennent : 550 5.1.1 User unknown. Que faire ?\n"
        yield Specimen(f"person-{name}", plain(fields, text), "other", [], number)


def _passed_on() -> Iterator[Specimen]:
    """Who writes from an address is there, whatever notice about it they pass on."""
    heard = block("5.1.1", "550 5.1.1 User unknown")
    quoted = "".join(f"> {it}\n" for it in heard.splitlines())
    yield Specimen(
        "person-quotes-a-notice-about-herself",
        plain(person(1031, "Re: Lettre 294"),
              f"Paul me dit que ses mails lui reviennent. Et les vôtres ?\n\n{quoted}"),
        "other", [], 1031,
    )  # fmt: skip
    yield Specimen(
        "person-attaches-a-notice-about-herself",
        parts(
            person(1032, "Tr: Undelivered Mail Returned to Sender"), "multipart/mixed",
            ("text/plain; charset=utf-8", "Voyez ci-joint.\n"), ("message/delivery-status", heard),
        ),
        "other", [], 1032,
    )  # fmt: skip
    yield Specimen(
        "person-passes-a-notice-on",
        parts(
            person(1033, "Fwd: Undelivered Mail Returned to Sender"), "multipart/mixed",
            ("text/plain; charset=utf-8", "Que dois-je faire ?\n"),
            ("message/rfc822", notification(1034, "Sorry.\n", heard).decode()),
        ),
        "other", [], 1033,
    )  # fmt: skip
