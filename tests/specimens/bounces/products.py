"""Specimens written by hand: gateways and mail servers of offices, each in its own form."""

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
LIKELY = [failed("unknown_user", "likely")]
FULL = [failed("full", "temporary")]
POLICY = [failed("policy", "policy")]


def specimens() -> Iterator[Specimen]:
    yield from _gateways()
    yield from _servers()
    yield from _groupware()


def _gateways() -> Iterator[Specimen]:
    for name, number, status, said, told in (
        ("proofpoint-blocked", 961, "5.7.0",
         "550 5.7.0 Mail from 192.0.2.1 blocked. See https://ipcheck.proofpoint.example/",
         [failed("policy", "policy")]),
        ("proofpoint-unknown", 962, "5.1.1", f"550 5.1.1 <{MARIE}>... User unknown", GONE),
        ("proofpoint-reject", 963, "5.7.0", "554 5.7.0 Reject, id=1234-05",
         [failed("policy", "policy")]),
        ("mimecast-recipient", 964, "5.0.0",
         "550 Invalid Recipient - https://community.example.com/docs/1369#550 [ab12]", LIKELY),
        ("mimecast-prohibition", 965, "5.0.0",
         "550 Administrative prohibition - envelope blocked - https://community.example.com",
         POLICY),
        ("mimecast-header", 966, "5.0.0",
         "550 Rejected by header based manually Blocked Senders: comite@orme.example.org",
         [failed("content", "policy")]),
        ("barracuda-blocked", 967, "5.0.0",
         f"550 permanent failure for one or more recipients ({MARIE}:blocked)", POLICY),
        ("barracuda-gone", 968, "5.0.0",
         f"550 permanent failure for one or more recipients ({MARIE}:550 5.1.1 User unknown)",
         GONE),
        ("ironport-rejected", 969, "5.1.0", "550 #5.1.0 Address rejected.", LIKELY),
        ("fortinet-filter", 970, "5.7.1",
         "550 5.7.1 This message was classified as SPAM and may not be delivered",
         [failed("spam", "policy")]),
        ("sophos-backscatter", 971, "5.0.0",
         "550 Unrouteable address (recipient verification failed)", LIKELY),
        ("cisco-content", 972, "5.0.0", "554 Message rejected: attachment type not permitted",
         [failed("content", "policy")]),
    ):  # fmt: skip
        text = f"The following message was not delivered to <{MARIE}>:\n\n{said}\n"
        mail = notification(number, text, block(status, said), subject="Delivery failed")
        yield Specimen(f"gateway-{name}", mail, "failure", told, number)


def _servers() -> Iterator[Specimen]:
    yield Specimen(
        "hmailserver",
        plain(
            "Return-Path: <>\nFrom: mailer-daemon@mx.example.net\n"
            f"To: {return_path(973)}\nSubject: Message undeliverable: Lettre 294\n",
            "Your message did not reach some or all of the intended recipients.\n\n"
            "   Sent: Thu, 3 Dec 2026 09:00:05 +0100\n   Subject: Lettre 294\n\n"
            f"The following recipient(s) could not be reached:\n\n{MARIE}\n"
            "   Error Type: SMTP\n   Remote server (192.0.2.9) issued an error.\n"
            f"   hMailServer sent: RCPT TO:<{MARIE}>\n"
            "   Remote server replied: 550 Unknown user\n\n\n\nhMailServer\n",
        ),
        "failure", GONE, 973,
    )  # fmt: skip
    yield Specimen(
        "mdaemon",
        parts(
            from_daemon(974, "Permanent Delivery Failure"),
            "multipart/mixed",
            (
                "text/plain; charset=us-ascii",
                "The attached message had PERMANENT fatal delivery errors!\n\n"
                "After one or more unsuccessful delivery attempts the attached message has\n"
                "been removed from the mail queue on this server.\n\n"
                f"Failed address: {MARIE}\n\n--- Session Transcript ---\n"
                " Thu 2026-12-03 09:00:05: <-- 220 mx.example.com ESMTP\n"
                f" Thu 2026-12-03 09:00:06: --> RCPT To:<{MARIE}>\n"
                f" Thu 2026-12-03 09:00:06: <-- 550 5.1.1 <{MARIE}> Recipient unknown\n"
                " Thu 2026-12-03 09:00:06: --> QUIT\n--- End Transcript ---\n",
            ),
            ("message/rfc822", ours(974)),
        ),
        "failure", GONE, 974,
    )  # fmt: skip
    yield Specimen(
        "mdaemon-warning",
        plain(
            from_daemon(975, "Warning: Delivery of your message is delayed"),
            "The following message could not be delivered yet. The server will keep trying for\n"
            f"3 more days.\n\nRecipient: {MARIE}\n\n--- Message Headers ---\n{header(975)}",
        ),
        "delay", [(MARIE, "delayed", "other", "none")], 975,
    )  # fmt: skip
    yield Specimen(
        "zimbra-domain-only",
        notification(
            976,
            f"<{MARIE}>: host mail.example.net said: 550 5.1.1\n    <{MARIE}>: Recipient address "
            "rejected:\n    recipients.example.net (in reply to RCPT TO command)\n",
            block("5.1.1", f"550 5.1.1 <{MARIE}>: Recipient address rejected:\n"
                  "    recipients.example.net"),
        ),
        "failure", GONE, 976,
    )  # fmt: skip
    yield Specimen(
        "zimbra-quota",
        notification(
            977,
            f"<{MARIE}>: host mail.example.net[192.0.2.7]:7025 said: 552 5.2.2 Over quota (in\n"
            "    reply to end of DATA command)\n",
            block("5.2.2", "552 5.2.2 Over quota"),
        ),
        "failure", FULL, 977,
    )  # fmt: skip
    for name, number, said, told in (
        ("disabled", 978, "Mailaddress is administratively disabled. (#5.2.1)",
         [failed("policy", "policy")]),
        ("quota", 979, "The users mailfolder is over the allowed quota (size). (#5.2.2)", FULL),
        ("no-such", 980, "Sorry, no mailbox here by that name. (#5.1.1)", GONE),
        ("no-luck", 981, "192.0.2.7 does not like recipient.\nRemote host said: 550 sorry, that "
         "user is gone for good\nGiving up on 192.0.2.7.", LIKELY),
    ):  # fmt: skip
        yield Specimen(
            f"qmail-ldap-{name}",
            plain(
                from_daemon(number, "failure notice"),
                "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able "
                "to deliver your message to the following addresses.\nThis is a permanent error; "
                f"I've given up. Sorry it didn't work out.\n\n<{MARIE}>:\n{said}\n\n"
                f"--- Below this line is a copy of the message.\n\n{ours(number)}",
            ),
            "failure", told, number,
        )  # fmt: skip


def _groupware() -> Iterator[Specimen]:
    yield Specimen(
        "domino",
        notification(
            982,
            "------- Failure Reasons  --------\n\n"
            f"User marie ({MARIE}) not listed in Domino Directory\n{MARIE}\n",
            f"Final-Recipient: rfc822;{MARIE}\nAction: failed\nStatus: 5.1.1\n"
            f"Diagnostic-Code: X-Notes; User marie ({MARIE}) not listed in Domino Directory\n",
            subject="DELIVERY FAILURE: User marie not listed in Domino Directory",
        ),
        "failure", GONE, 982,
    )  # fmt: skip
    yield Specimen(
        "groupwise",
        plain(
            "Return-Path: <>\nFrom: Mailer-Daemon@gw.example.net\n"
            f"To: {return_path(983)}\nSubject: Message status - undeliverable\n"
            "X-Mailer: Novell GroupWise Internet Agent\n",
            "The message that you sent was undeliverable to the following:\n"
            f"\t{MARIE} (user not found)\n\nPossibly truncated original message follows:\n\n"
            f"{ours(983)}",
        ),
        "failure", LIKELY, 983,
    )  # fmt: skip
    yield Specimen(
        "workmail",
        notification(
            984,
            "An error occurred while trying to deliver the mail to the following recipients:\n"
            f"{MARIE}\n",
            block("5.1.1", f"550 5.1.1 {MARIE}: the user does not exist in this organization"),
            subject="Delivery Status Notification (Failure)",
        ),
        "failure", GONE, 984,
    )  # fmt: skip
    yield Specimen(
        "kerio",
        plain(
            from_daemon(985, "Delivery failure (marie@recipients.example.net)"),
            "Your message has encountered delivery problems\nto the following recipient(s):\n\n"
            f"{MARIE}\nDelivery failed\n550 5.7.1 Relaying to <{MARIE}> denied\n",
        ),
        "failure", POLICY, 985,
    )  # fmt: skip
    yield Specimen(
        "office-quarantine",
        plain(
            from_daemon(986, "Votre message est en attente d'approbation"),
            "Le message que vous avez envoyé au groupe attend l'approbation d'un modérateur.\n",
        ),
        "auto_reply", [], 986,
    )  # fmt: skip
