"""Specimens written by hand: what the large providers' servers write, in several languages."""

from __future__ import annotations

from collections.abc import Iterator

from tests.specimens.bounces.pieces import (
    MARIE,
    Specimen,
    block,
    failed,
    from_daemon,
    header,
    notification,
    ours,
    parts,
    plain,
    return_path,
)

GONE = [failed("unknown_user", "certain")]
FULL = [failed("full", "temporary")]
DISABLED = [failed("disabled", "temporary")]


def specimens() -> Iterator[Specimen]:
    yield from _exchange()
    yield from _gmail()
    yield from _apple_and_yahoo()
    yield from _french()
    yield from _german()


def from_exchange(number: int, subject: str) -> str:
    """The header of a notice by Microsoft's servers."""
    return (
        "Return-Path: <>\nFrom: <postmaster@recipients.example.net>\n"
        f"To: {return_path(number)}\nSubject: {subject}\nContent-Language: fr-FR\n"
        f"Message-ID: <e{number}@AB1PR01MB0001.prod.example.com>\nX-MS-Exchange-Message-Is-Ndr:\n"
        "Auto-Submitted: auto-replied\n"
    )


def exchange_report(number: int, subject: str, html: str, blocks: str) -> bytes:
    """A notice with a page of HTML, the fields, and our letter."""
    return parts(
        from_exchange(number, subject),
        "multipart/report; report-type=delivery-status",
        ("text/html; charset=utf-8", f"<html><body><p>{html}</p></body></html>"),
        (
            "message/delivery-status",
            "Reporting-MTA: dns;AB1PR01MB0001.prod.example.com\n"
            f"Received-From-MTA: dns;mx.example.com\n\n{blocks}",
        ),
        ("message/rfc822", ours(number)),
    )


def _exchange() -> Iterator[Specimen]:
    yield Specimen(
        "exchange-online-french",
        exchange_report(
            901,
            "=?utf-8?q?Non_remis=C2=A0=3A_Lettre_294?=",
            "Votre message à marie@recipients.example.net n’a pas pu être remis.</p><p>marie est "
            "introuvable à recipients.example.net.",
            block("5.1.10", f"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {MARIE} not\n"
                  " found by SMTP address lookup"),
        ),
        "failure", GONE, 901,
    )  # fmt: skip
    yield Specimen(
        "exchange-online-rule",
        exchange_report(
            902,
            "Unzustellbar: Lettre 294",
            "Ihre Nachricht konnte nicht zugestellt werden. Eine Regel hat sie blockiert.",
            block("5.7.1", "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by\n"
                  " organization policy"),
        ),
        "failure", [failed("policy", "policy")], 902,
    )  # fmt: skip
    yield Specimen(
        "exchange-online-sender-not-allowed",
        exchange_report(
            903,
            "Undeliverable: Lettre 294",
            "Your message couldn't be delivered: you do not have permission to send to marie.",
            block("5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; not\n"
                  " authenticated; authentication is needed because the sender is outside"),
        ),
        "failure", [failed("auth", "policy")], 903,
    )  # fmt: skip
    yield Specimen(
        "exchange-online-full-german",
        exchange_report(
            904,
            "Unzustellbar: Lettre 294",
            "Das Postfach von marie ist voll und kann keine Nachrichten annehmen.",
            block("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:\n"
                  "QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process\n"
                  " message due to a permanent exception"),
        ),
        "failure", FULL, 904,
    )  # fmt: skip
    yield Specimen(
        "exchange-online-expired",
        exchange_report(
            905,
            "Undeliverable: Lettre 294",
            "The server has tried to deliver this message, without success.",
            block("5.4.316", "550 5.4.316 Message expired, connection refused(Socket error code\n"
                  " 10061)"),
        ),
        "failure", [failed("expired", "temporary")], 905,
    )  # fmt: skip
    yield Specimen(
        "exchange-delayed-french",
        exchange_report(
            906,
            "=?utf-8?q?Remise_retard=C3=A9e=C2=A0=3ALettre_294?=",
            "La remise à ces destinataires est retardée. Le serveur va encore essayer.",
            block("4.4.7", "400 4.4.7 Message delayed", "delayed"),
        ),
        "delay", [(MARIE, "delayed", "expired", "none")], 906,
    )  # fmt: skip
    yield Specimen(
        "exchange-french-without-fields",
        plain(
            from_exchange(907, "Non remis : Lettre 294"),
            "La remise a échoué pour ces destinataires ou groupes :\n\n"
            f"Marie Exemple ({MARIE})\n"
            "L'adresse que vous avez entrée est introuvable. Vérifiez-la, puis renvoyez.\n\n\n"
            "Informations de diagnostic pour les administrateurs :\n\n"
            f"Serveur de génération : ex1.recipients.example.net\n\n{MARIE}\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##rfc822;"
            f"{MARIE}\n\nEn-têtes du message d'origine :\n\n{header(907)}",
        ),
        "failure", GONE, 907,
    )  # fmt: skip
    yield Specimen(
        "exchange-german-without-fields",
        plain(
            from_exchange(908, "Unzustellbar: Lettre 294"),
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\n"
            f"marie ({MARIE})\n"
            "Die Nachricht konnte nicht zugestellt werden, weil das Postfach voll ist.\n\n"
            f"Diagnoseinformationen für Administratoren:\n\n{MARIE}\n"
            "Remote Server returned '554 5.2.2 mailbox full'\n\n"
            f"Ursprüngliche Nachrichtenkopfzeilen:\n\n{header(908)}",
        ),
        "failure", FULL, 908,
    )  # fmt: skip
    yield Specimen(
        "exchange-warning-only",
        plain(
            from_daemon(909, "Delivery Status Notification (Delay)"),
            "This is an automatically generated Delivery Status Notification.\n\n"
            "THIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO SEND YOUR MESSAGE AGAIN.\n\n"
            f"Delivery to the following recipients has been delayed.\n\n       {MARIE}\n\n"
            f"{header(909)}",
        ),
        "delay", [(MARIE, "delayed", "other", "none")], 909,
    )  # fmt: skip


def _gmail() -> Iterator[Specimen]:
    for name, number, subject, text, status, said, told in (
        ("address-not-found", 911, "Delivery Status Notification (Failure)",
         f"** Address not found **\n\nYour message wasn't delivered to {MARIE} because the\n"
         "address couldn't be found, or is unable to receive mail.\n\nThe response was:\n\n"
         "550 5.1.1 The email account that you want to reach does not exist.",
         "5.1.1", "550-5.1.1 The email account that you want to reach does not exist. Look for\n"
         " 550-5.1.1 unnecessary spaces. 550 5.1.1 See https://support.example.com/?p=NoSuchUser",
         GONE),
        ("adresse-introuvable", 912, "Delivery Status Notification (Failure)",
         f"** Adresse introuvable **\n\nVotre message n'est pas parvenu à {MARIE}, car l'adresse\n"
         "est introuvable ou ne peut pas recevoir d'e-mails.\n\nRéponse :\n\n550 No Such User Here",
         "5.0.0", "550 No Such User Here", [failed("unknown_user", "likely")]),
        ("no-domain", 913, "Delivery Status Notification (Failure)",
         f"** Address not found **\n\nYour message wasn't delivered to {MARIE} because the domain\n"
         "recipients.example.net couldn't be found.",
         "4.0.0", "DNS Error: 1234 DNS type 'mx' lookup of recipients.example.net responded with\n"
         " code NXDOMAIN Domain name not found: recipients.example.net",
         [failed("unknown_host", "temporary")]),
        ("blocked", 914, "Delivery Status Notification (Failure)",
         f"** Message bloqué **\n\nVotre message à {MARIE} a été bloqué.",
         "5.7.1", "550 5.7.1 Message refused: your domain has a poor reputation",
         [failed("spam", "policy")]),
        ("group-closed", 915, "Delivery Status Notification (Failure)",
         f"We're writing to let you know that the group you tried to contact ({MARIE}) may not\n"
         "exist, or you may not have permission to post messages to the group.",
         "5.1.1", "550-5.1.1 The group you tried to contact may not exist, or you may not have\n"
         " 550 5.1.1 permission to post", [failed("policy", "policy")]),
        ("receives-too-fast", 916, "Delivery Status Notification (Failure)",
         f"** Message not delivered **\n\nThere was a problem delivering your message to {MARIE}.",
         "4.2.1", "450-4.2.1 The user you want to contact is receiving mail at a rate that\n"
         " 450 4.2.1 prevents additional messages from being delivered.",
         [failed("rate", "policy")]),
    ):  # fmt: skip
        fields = block(status, said)
        mail = notification(number, text + "\n", fields, subject=subject)
        yield Specimen(f"gmail-{name}", mail, "failure", told, number)
    waits = block(
        "4.4.1", "The recipient server did not accept our requests to connect.", "delayed"
    )
    yield Specimen(
        "gmail-incomplete",
        notification(
            917,
            f"** Delivery incomplete **\n\nThere was a temporary problem delivering your message\n"
            f"to {MARIE}. Gmail will retry for 46 more hours.\n",
            waits + "Will-Retry-Until: Sat, 05 Dec 2026 09:00:05 -0800 (PST)\n",
            subject="Delivery Status Notification (Delay)",
        ),
        "delay", [(MARIE, "delayed", "network", "none")], 917,
    )  # fmt: skip


def _apple_and_yahoo() -> Iterator[Specimen]:
    text = (
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Subject: Lettre 294\n\nYour message cannot be delivered to the following recipients:\n\n"
        f"  Recipient address: {MARIE}\n  Reason: Remote SMTP server has rejected address\n"
        "  Diagnostic code: smtp;{}\n  Remote system: dns;mx.example.com (TCP|192.0.2.1|1|25)\n"
    )
    for name, number, status, said, told in (
        ("unknown-alias", 921, "5.1.1", f"550 5.1.1 unknown or illegal alias: {MARIE}", GONE),
        ("over-quota", 922, "5.2.2", f"552 5.2.2 <{MARIE}>: user is over quota", FULL),
        ("inactive", 923, "5.1.1", f"550 5.1.1 <{MARIE}>: inactive email address", DISABLED),
    ):
        mail = notification(number, text.format(said), block(status, said))
        yield Specimen(f"apple-{name}", mail, "failure", told, number)
    for name, number, said, told in (
        ("no-account", 924, "554 delivery error: dd This user doesn't have an account here "
         f"({MARIE}) [0] - mta1", [failed("unknown_user", "likely")]),
        ("not-accepting", 925, "554 delivery error: dd Sorry, your message cannot be delivered. "
         "This mailbox is disabled (554.30). - mta2", DISABLED),
    ):  # fmt: skip
        text = (
            "This is the mail system at host out.example.com.\n\nI'm sorry to have to inform you "
            "that your message could not\nbe delivered to one or more recipients.\n\n"
            f"<{MARIE}>: host mx.example.com[192.0.2.9] said: {said} (in reply to end of DATA\n"
            "    command)\n"
        )
        yield Specimen(
            f"yahoo-{name}", notification(number, text, block("5.0.0", said)), "failure", told,
            number,
        )  # fmt: skip


def _french() -> Iterator[Specimen]:
    """Orange, La Poste, Free, SFR, OVH, each as a French Postfix tells it."""
    for name, number, status, said, told in (
        ("orange-full", 931, "5.1.1",
         "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]", FULL),
        ("orange-archived", 932, "5.5.0",
         "550 5.5.0 Boite du destinataire archivee. Archived recipient. OFR_415 [415]", DISABLED),
        ("orange-blocked", 933, "5.0.0",
         "550 mwinf5c10 ME Adresse IP source bloquee pour incident de spam. Client host blocked "
         "for spamming issues. OFR006_102 Ref 1234 [102]", [failed("spam", "policy")]),
        ("orange-later", 934, "4.0.0",
         "421 mwinf5c11 ME Trop de connexions, veuillez verifier votre configuration. Too many "
         "connections, slow down. OFR004_104 [104]", [failed("rate", "policy")]),
        ("laposte-reputation", 935, "5.5.0",
         "550 5.5.0 Service refuse. Verifiez la reputation de votre adresse IP. LPN007_510",
         [failed("spam", "policy")]),
        ("laposte-full", 936, "5.2.2",
         f"552 5.2.2 <{MARIE}>: la boite aux lettres a depasse son quota. LPN105_03", FULL),
        ("free-suspended", 937, "5.2.1",
         f"550 5.2.1 <{MARIE}>: Recipient address rejected: compte suspendu", DISABLED),
        ("free-errors", 938, "4.0.0",
         "451 too many errors from your ip (192.0.2.1), please visit http://postmaster.example.com",
         [failed("rate", "policy")]),
        ("sfr-unknown", 939, "5.1.1",
         f"550 5.1.1 <{MARIE}>: Recipient address rejected: Adresse inexistante (in reply to RCPT "
         "TO command)", GONE),
        ("sfr-inactive", 940, "5.1.1",
         f"550 5.1.1 <{MARIE}>: Compte inactif depuis plus de 6 mois", DISABLED),
        ("ovh-spam", 941, "5.0.0",
         "552 spam score (7.3) exceeded threshold (SPF_FAIL,URIBL)", [failed("auth", "policy")]),
        ("left-the-union", 942, "5.1.1",
         "550 5.1.1 Mme Exemple ne travaille plus ici, ecrivez a accueil", [
             failed("unknown_user", "certain")]),
    ):  # fmt: skip
        text = (
            "Ceci est le système de messagerie de l'hôte mx.example.net.\n\n"
            "Votre message n'a pas pu être remis à un ou plusieurs destinataires. Il est joint "
            f"ci-dessous.\n\n<{MARIE}>: l'hôte mx.example.com[192.0.2.9] a répondu : {said}\n"
        )
        mail = notification(
            number, text, block(status, said),
            subject="=?utf-8?q?Courrier_non_remis=2C_retourn=C3=A9_=C3=A0_l=27exp=C3=A9diteur?=",
        )  # fmt: skip
        yield Specimen(f"french-{name}", mail, "failure", told, number)
    yield Specimen(
        "postfix-french-without-fields",
        plain(
            from_daemon(943, "Courrier non remis, retourné à l'expéditeur"),
            "Ceci est le système de messagerie de l'hôte mx.example.net.\n\n"
            "Je suis désolé de devoir vous informer que votre message n'a pas pu être remis.\n\n"
            f"<{MARIE}>: host mx.example.com[192.0.2.9] said: 550 5.1.1 <{MARIE}>: Recipient\n"
            "    address rejected: User unknown in virtual mailbox table (in reply to RCPT TO\n"
            f"    command)\n\n{ours(943)}",
        ),
        "failure", GONE, 943,
    )  # fmt: skip


def _german() -> Iterator[Specimen]:
    yield Specimen(
        "postfix-german-without-fields",
        plain(
            from_daemon(951, "Unzustellbare Nachricht, zurück an Absender"),
            "Dies ist das Mailsystem auf mx.example.net.\n\n"
            "Es tut mir leid: Ihre Nachricht konnte nicht zugestellt werden.\n\n"
            f"<{MARIE}>: host mx.example.com[192.0.2.9] said: 550 5.1.1 Unbekannter\n"
            f"    Empfaenger (in reply to RCPT TO command)\n\n{ours(951)}",
        ),
        "failure", GONE, 951,
    )  # fmt: skip
    for name, number, status, said, told in (
        ("unavailable", 952, "5.0.0",
         "550 Requested action not taken: mailbox unavailable For explanation visit "
         "https://postmaster.example.com/en/case?c=hi", [failed("unknown_user", "likely")]),
        ("policy", 953, "5.0.0",
         "554 Transaction failed. Reject due to policy restrictions. For explanation visit "
         "https://postmaster.example.com/en/case?c=pr", [failed("policy", "policy")]),
        ("quota", 954, "5.2.2",
         f"552 5.2.2 <{MARIE}> Das Postfach ist voll (Quota ueberschritten)", FULL),
        ("locked", 955, "5.7.1",
         "550 5.7.1 Konto gesperrt, Annahme verweigert", [failed("policy", "policy")]),
    ):  # fmt: skip
        mail = notification(
            number, f"<{MARIE}>: host mx.example.com said:\n    {said}\n", block(status, said)
        )
        yield Specimen(f"german-{name}", mail, "failure", told, number)
