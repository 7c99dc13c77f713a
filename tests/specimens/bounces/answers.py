"""Specimens written by hand: complaints, and answers that are no bounce."""

from __future__ import annotations

from collections.abc import Iterator

from tests.specimens.bounces.pieces import (
    MARIE,
    Specimen,
    from_daemon,
    header,
    message_id,
    notification,
    ours,
    parts,
    plain,
    return_path,
)

COMPLAINED = "failed", "complaint", "complaint"


def person(number: int, subject: str, more: str = "") -> str:
    return (
        f"From: Marie Exemple <{MARIE}>\nTo: {return_path(number)}\nSubject: {subject}\n"
        f"In-Reply-To: {message_id(number)}\nDate: Thu, 03 Dec 2026 09:10:00 +0100\n{more}"
    )


def specimens() -> Iterator[Specimen]:
    yield from _complaints()
    yield from _answers()


def _complaints() -> Iterator[Specimen]:
    fields = "Feedback-Type: {}\nUser-Agent: Example/1.0\nVersion: 1\n"
    report = "multipart/report; report-type=feedback-report"
    head = "From: fbl@example.net\nTo: abuse@orme.example.org\nSubject: FW: Lettre 294\n"
    yield Specimen(
        "arf",
        parts(
            head,
            report,
            ("text/plain", "This is a report of abuse.\n"),
            ("message/feedback-report", fields.format("abuse") + f"Original-Rcpt-To: <{MARIE}>\n"),
            ("message/rfc822", ours(701)),
        ),
        "complaint",
        [(MARIE, *COMPLAINED)],
        701,
    )
    yield Specimen(
        "arf-redacted",
        parts(
            head,
            report,
            ("text/plain", "This is a report of abuse.\n"),
            ("message/feedback-report", fields.format("abuse") + "Original-Rcpt-To: redacted\n"),
            ("text/rfc822-headers", header(702)),
        ),
        "complaint",
        [("", *COMPLAINED)],
        702,
    )
    yield Specimen(
        "arf-opt-out",
        parts(
            head,
            report,
            ("text/plain", "The user wants to leave.\n"),
            ("message/feedback-report", fields.format("opt-out")),
            ("message/rfc822", ours(703)),
        ),
        "leave",
        [],
        703,
    )
    yield Specimen(
        "arf-fraud",
        parts(
            head,
            report,
            ("text/plain", "Fraud.\n"),
            ("message/feedback-report", fields.format("fraud")),
            ("message/rfc822", ours(704)),
        ),
        "complaint",
        [("", *COMPLAINED)],
        704,
    )
    yield Specimen(
        "arf-authentication",
        parts(
            head,
            report,
            ("text/plain", "A message failed authentication.\n"),
            ("message/feedback-report", fields.format("auth-failure") + "Auth-Failure: spf\n"),
            ("message/rfc822", ours(705)),
        ),
        "other",
        [],
        705,
    )
    yield Specimen(
        "arf-not-spam",
        parts(
            head,
            report,
            ("text/plain", "Not spam.\n"),
            ("message/feedback-report", fields.format("not-spam")),
            ("message/rfc822", ours(706)),
        ),
        "other",
        [],
        706,
    )
    yield Specimen(
        "arf-printed",
        plain(
            head,
            "A user complained:\n\n"
            + fields.format("abuse")
            + f"Original-Rcpt-To: {MARIE}\n\n"
            + ours(707),
        ),
        "complaint",
        [(MARIE, *COMPLAINED)],
        707,
    )
    yield Specimen(
        "hotmail-jmrp",
        parts(
            "From: staff@hotmail.com\nTo: abuse@orme.example.org\n"
            "Subject: complaint about message from 192.0.2.1\n"
            f"X-HmXmrOriginalRecipient: {MARIE}\n",
            "multipart/mixed",
            ("message/rfc822", ours(708)),
        ),
        "complaint",
        [(MARIE, *COMPLAINED)],
        708,
    )
    yield Specimen(
        "signal-spam",
        parts(
            "From: fbl@signal-spam.fr\nTo: abuse@orme.example.org\nSubject: Signalement\n",
            report,
            ("text/plain", "Un utilisateur a signale ce message.\n"),
            ("message/feedback-report", fields.format("abuse")),
            ("message/rfc822", ours(709)),
        ),
        "complaint",
        [("", *COMPLAINED)],
        709,
    )


def _answers() -> Iterator[Specimen]:
    for name, number, subject, more, text, kind in (
        ("vacation-rfc", 721, "Re: Lettre 294", "Auto-Submitted: auto-replied\n",
         "I am away until Monday. My mailbox is full of letters.", "auto_reply"),
        ("vacation-french", 722, "Réponse automatique : Lettre 294", "",
         "Je suis en congés. Adresse inconnue de mes collègues.", "auto_reply"),
        ("vacation-outlook", 723, "Automatic reply: Lettre 294", "X-Auto-Response-Suppress: All\n",
         "I am out of the office.", "auto_reply"),
        ("vacation-precedence", 724, "Lettre 294", "Precedence: auto_reply\n", "Away.",
         "auto_reply"),
        ("vacation-header", 725, "Lettre 294", "X-Autoreply: yes\n", "Away.", "auto_reply"),
        ("vacation-german", 726, "Abwesenheitsnotiz: Lettre 294", "", "Ich bin nicht da.",
         "auto_reply"),
        ("has-left-french", 727, "Réponse automatique", "Auto-Submitted: auto-replied\n",
         "Marie ne travaille plus ici. Écrivez à jean@recipients.example.net.", "note"),
        ("has-left-english", 728, "Automatic reply: Lettre 294", "",
         "Marie has left the company; write to jean@recipients.example.net.", "note"),
        ("new-address", 729, "Changement d'adresse", "Auto-Submitted: auto-replied\n",
         "Ma nouvelle adresse est m.nouvelle@example.com.", "note"),
        ("challenge", 730, "Mailinblack : demande de confirmation", "",
         "Authentifiez-vous pour que votre message soit remis.", "auto_reply"),
        ("challenge-in-text", 731, "Re: Lettre 294", "",
         "Please confirm that you sent this: prove you are human.", "auto_reply"),
        ("moderation", 732, "Your message awaits moderator approval", "",
         "Post by non-member to a members-only list.", "auto_reply"),
        ("ticket", 733, "[Ticket 1234] Lettre 294", "Auto-Submitted: auto-generated\n",
         "We have received your request.", "auto_reply"),
        ("a-person-answers", 734, "Re: Lettre 294", "",
         "Merci ! L'adresse de Paul n'existe plus : user unknown, 550 5.1.1, dit le serveur.",
         "other"),
        ("a-person-wants-to-leave", 735, "STOP", "", "Merci de me désabonner.", "other"),
    ):  # fmt: skip
        mail = plain(person(number, subject, more), text + "\n")
        yield Specimen(name, mail, kind, [], number)
    yield Specimen(
        "read-receipt",
        parts(
            person(741, "Lu : Lettre 294"),
            "multipart/report; report-type=disposition-notification",
            ("text/plain", "Your message was displayed.\n"),
            (
                "message/disposition-notification",
                f"Final-Recipient: rfc822; {MARIE}\n"
                "Disposition: manual-action/MDN-sent-manually; displayed\n",
            ),
        ),
        "receipt",
        [],
        741,
    )
    yield Specimen(
        "receipt-deleted-unread",
        parts(
            person(742, "Non lu : Lettre 294"),
            "multipart/report; report-type=disposition-notification",
            ("text/plain", "Supprimé sans avoir été lu.\n"),
            (
                "message/disposition-notification",
                f"Final-Recipient: rfc822; {MARIE}\n"
                "Disposition: automatic-action/MDN-sent-automatically; deleted\n",
            ),
        ),
        "receipt",
        [],
        742,
    )
    yield Specimen("our-own-letter", ours(743).encode(), "other", [], 743)
    yield Specimen(
        "bounce-of-a-bounce",
        parts(
            from_daemon(744, "Undelivered mail"),
            "multipart/report; report-type=delivery-status",
            ("text/plain", "A bounce could not be delivered.\n"),
            (
                "message/delivery-status",
                "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; postmaster@mx.example.net\n"
                "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full\n",
            ),
            ("message/rfc822", notification(744, "x").decode()),
        ),
        "failure",
        [("postmaster@mx.example.net", "failed", "full", "temporary")],
        744,
    )
    yield Specimen("empty", b"", "other")
    yield Specimen("nothing-but-a-header", b"Subject: hello\n", "other")
