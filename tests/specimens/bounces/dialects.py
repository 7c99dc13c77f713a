"""Specimens written by hand: failures in servers' own words, without the standard's fields."""

from __future__ import annotations

from collections.abc import Iterator

from tests.specimens.bounces.pieces import MARIE, Specimen, failed, from_daemon, ours, parts, plain

CERTAIN = failed("unknown_user", "certain")
LIKELY = failed("unknown_user", "likely")
QMAIL = (
    "Hi. This is the qmail-send program at mx.example.net.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
)
BELOW = "\n--- Below this line is a copy of the message.\n\n"


def specimens() -> Iterator[Specimen]:
    for name, number, said, told in (
        ("no-mailbox", 651, "Sorry, no mailbox here by that name. (#5.1.1)", CERTAIN),
        ("remote-rcpt", 652, "192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 "
         "User unknown\nGiving up on 192.0.2.7.", CERTAIN),
        ("remote-data", 653, "192.0.2.7 failed after I sent the message.\nRemote host said: "
         "554 5.7.1 rejected as spam", failed("spam", "policy")),
        ("sender", 654, "192.0.2.7 does not like your sender address.\nRemote host said: 550 5.7.1 "
         "not allowed", failed("policy", "policy")),
        ("no-host", 655, "Sorry, I couldn't find any host named recipients.example.net. (#5.1.2)",
         failed("unknown_host", "certain")),
        ("timeout", 656, "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not "
         "going to try again; this message has been in the queue too long.",
         failed("network", "temporary")),
        ("quota", 657, "Recipient's mailbox is full, message returned to sender. (#5.2.2)",
         failed("full", "temporary")),
        ("disabled", 658, "This account has been disabled or discontinued [#102]",
         failed("disabled", "temporary")),
        ("no-user-no-code", 659, "Sorry, this user doesn't have an account here.", LIKELY),
    ):  # fmt: skip
        text = (
            f"{QMAIL}<{MARIE}>:\n{said}\n{BELOW}Return-Path: <x@orme.example.org>\n{ours(number)}"
        )
        yield Specimen(
            f"qmail-{name}",
            plain(from_daemon(number, "failure notice"), text),
            "failure",
            [told],
            number,
        )
    yield Specimen(
        "sendmail-permanent",
        plain(
            from_daemon(660, "Returned mail: see transcript for details"),
            "The original message was received at Thu, 3 Dec 2026 09:00:00 +0100\n"
            "from localhost [127.0.0.1]\n\n"
            "   ----- The following addresses had permanent fatal errors -----\n"
            f"<{MARIE}>\n    (reason: 550 5.1.1 <{MARIE}>... User unknown)\n\n"
            "   ----- Transcript of session follows -----\n"
            "... while talking to mx.example.net.:\n"
            f">>> RCPT To:<{MARIE}>\n<<< 550 5.1.1 <{MARIE}>... User unknown\n"
            f"550 5.1.1 <{MARIE}>... User unknown\n\n"
            "   ----- Original message follows -----\n\n" + ours(660),
        ),
        "failure",
        [CERTAIN],
        660,
    )
    yield Specimen(
        "sendmail-old",
        plain(
            from_daemon(661, "Returned mail: User unknown"),
            "   ----- Transcript of session follows -----\n"
            "... while talking to mx.example.net.:\n"
            f">>> RCPT To:<{MARIE}>\n<<< 550 <{MARIE}>... User unknown\n"
            f"550 <{MARIE}>... User unknown\n\n"
            "   ----- Original message follows -----\n\n" + ours(661),
        ),
        "failure",
        [CERTAIN],
        661,
    )
    yield Specimen(
        "sendmail-warning",
        plain(
            from_daemon(662, "Warning: could not send message for past 4 hours"),
            "    **********************************************\n"
            "    **      THIS IS A WARNING MESSAGE ONLY      **\n"
            "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
            "    **********************************************\n\n"
            "   ----- The following addresses had transient non-fatal errors -----\n"
            f"<{MARIE}>\n\n"
            "   ----- Transcript of session follows -----\n"
            "451 mx.example.net: Name server timeout\n"
            "Warning: message still undelivered after 4 hours\nWill keep trying until 5 days\n",
        ),
        "delay",
        [(MARIE, "delayed", "network", "none")],
        662,
    )
    yield Specimen(
        "exim-without-fields",
        plain(
            from_daemon(663, "Mail delivery failed: returning message to sender")
            + f"X-Failed-Recipients: {MARIE}\nAuto-Submitted: auto-replied\n",
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            f"  {MARIE}\n    unrouteable address\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n"
            + ours(663),
        ),
        "failure",
        [LIKELY],
        663,
    )
    yield Specimen(
        "exim-over-quota",
        plain(
            from_daemon(664, "Mail delivery failed: returning message to sender")
            + f"X-Failed-Recipients: {MARIE}\n",
            "This message was created automatically by mail delivery software.\n\n"
            f"  {MARIE}\n    mailbox is full: retry timeout exceeded\n",
        ),
        "failure",
        [failed("full", "temporary")],
        664,
    )
    yield Specimen(
        "exim-warning",
        plain(
            from_daemon(665, "Warning: message 1abcde-0001 delayed 24 hours"),
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue.\n\n"
            f"  {MARIE}\n    Delay reason: connection timed out\n\n"
            "No action is required on your part. Delivery attempts will continue.\n",
        ),
        "delay",
        [(MARIE, "delayed", "network", "none")],
        665,
    )
    yield Specimen(
        "exchange-2003",
        plain(
            from_daemon(666, "Undeliverable: Lettre 294"),
            "Your message did not reach some or all of the intended recipients.\n\n"
            "      Subject:  Lettre 294\n      Sent:     03/12/2026 09:00\n\n"
            "The following recipient(s) could not be reached:\n\n"
            f"      {MARIE} on 03/12/2026 09:00\n"
            "            The e-mail account does not exist at the organization this message was\n"
            "            sent to.\n            <mx.example.net #5.1.1>\n",
        ),
        "failure",
        [CERTAIN],
        666,
    )
    yield Specimen(
        "exchange-french",
        plain(
            from_daemon(667, "Non remis : Lettre 294"),
            "La remise a échoué pour ces destinataires ou groupes :\n\n"
            f"{MARIE}\nL'adresse de messagerie est introuvable.\n\n"
            "Informations de diagnostic pour les administrateurs :\n\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
        ),
        "failure",
        [CERTAIN],
        667,
    )
    yield Specimen(
        "notes",
        plain(
            from_daemon(668, "DELIVERY FAILURE: User marie not listed in Domino Directory"),
            "Your message\n\n  Subject: Lettre 294\n\nwas not delivered to:\n\n"
            f"  {MARIE}\n\nbecause:\n\n  User marie ({MARIE}) not listed in Domino Directory\n",
        ),
        "failure",
        [LIKELY],
        668,
    )
    yield Specimen(
        "postfix-text-only",
        plain(
            from_daemon(669, "Undelivered Mail Returned to Sender"),
            "This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you "
            "that your message could not\nbe delivered to one or more recipients.\n\n"
            f"<{MARIE}>: host mx.example.com[192.0.2.9] said: 550 5.1.1 User unknown (in reply to\n"
            "    RCPT TO command)\n",
        ),
        "failure",
        [CERTAIN],
        669,
    )
    yield Specimen(
        "html-only",
        parts(
            from_daemon(670, "Undeliverable: Lettre 294"),
            "multipart/mixed",
            (
                "text/html; charset=utf-8",
                "<html><style>p { color: red }</style><p>Your message to "
                f'<a href="mailto:{MARIE}">{MARIE}</a> couldn&#39;t be delivered.</p>'
                "<p>550 5.1.1 User unknown</p></html>",
            ),
            ("message/rfc822", ours(670)),
        ),
        "failure",
        [CERTAIN],
        670,
    )
    yield Specimen(
        "orange-phrase",
        plain(
            from_daemon(671, "Echec de livraison de votre message"),
            "Votre message n'a pas pu etre remis.\n\n"
            f"{MARIE} :\n"
            "552 5.2.2 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]\n",
        ),
        "failure",
        [failed("full", "temporary")],
        671,
    )
    yield Specimen(
        "laposte-phrase",
        plain(
            from_daemon(672, "Message non distribue"),
            f"Le message pour {MARIE} n'a pas ete distribue.\n"
            "550 5.5.0 Service refuse. Veuillez essayer plus tard. LPN007_510\n",
        ),
        "failure",
        [failed("policy", "policy")],
        672,
    )
    yield Specimen(
        "japanese-carrier",
        plain(
            from_daemon(673, "Mail System Error - Returned Mail"),
            f"The user(s) account is disabled or unknown.\n\n<{MARIE}>: 550 Unknown user {MARIE}\n",
            "iso-2022-jp",
        ),
        "failure",
        [LIKELY],
        673,
    )
    yield Specimen(
        "nothing-but-words",
        plain(from_daemon(674, "Undeliverable mail"), "Your mail was lost. We are sorry.\n"),
        "failure",
        [("", "failed", "other", "temporary")],
        674,
    )
    yield Specimen(
        "general-full",
        plain(
            from_daemon(675, "Delivery failure"),
            f"The mail to {MARIE} came back: the mailbox is full.\n",
        ),
        "failure",
        [failed("full", "temporary")],
        675,
    )
    yield Specimen(
        "delay-french",
        plain(
            from_daemon(676, "Avertissement : message retarde"),
            f"Votre message pour {MARIE} est retarde ; le serveur va encore essayer.\n"
            "451 4.4.1 connection timed out\n",
        ),
        "delay",
        [(MARIE, "delayed", "network", "none")],
        676,
    )
