"""Specimens written by hand: notifications of RFC 3464 and 6533, as servers bend them."""

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
)

SAID = "Your message could not be delivered.\n"
UNKNOWN = failed("unknown_user", "certain")


def specimens() -> Iterator[Specimen]:
    yield Specimen(
        "exchange-not-found",
        notification(
            601,
            f"Delivery has failed to these recipients or groups:\n\n{MARIE}\n"
            "The email address you entered couldn't be found.\n",
            block("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found"),
        ),
        "failure",
        [UNKNOWN],
        601,
    )
    yield Specimen(
        "exchange-quota",
        notification(602, SAID, block("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver")),
        "failure",
        [failed("full", "temporary")],
        602,
    )
    yield Specimen(
        "null-mx",
        notification(603, SAID, block("5.1.10", "556 5.1.10 domain does not accept mail")),
        "failure",
        [failed("unknown_host", "certain")],
        603,
    )
    yield Specimen(
        "no-such-domain",
        notification(604, SAID, block("5.1.2", "550 5.1.2 domain not found")),
        "failure",
        [failed("unknown_host", "certain")],
        604,
    )
    yield Specimen(
        "domain-code-without-words",
        notification(605, SAID, block("5.1.2", "550 5.1.2 bad destination")),
        "failure",
        [failed("unknown_host", "likely")],
        605,
    )
    yield Specimen(
        "postfix-name-service",
        notification(
            606,
            SAID,
            "Final-Recipient: rfc822; marie@gone.example.net\nAction: failed\nStatus: 5.4.4\n"
            "Diagnostic-Code: X-Postfix; Host or domain name not found. Name service error for\n"
            "    name=gone.example.net type=AAAA: Host not found\n",
        ),
        "failure",
        [failed("unknown_host", "likely", "marie@gone.example.net")],
        606,
    )
    yield Specimen(
        "dovecot-quota",
        notification(607, SAID, block("5.2.2", "552 5.2.2 Quota exceeded (mailbox for user)")),
        "failure",
        [failed("full", "temporary")],
        607,
    )
    yield Specimen(
        "expired-refused",
        notification(
            608, SAID, block("4.4.1", "connect to mx.example.net[192.0.2.7]:25: Connection refused")
        ),
        "failure",
        [failed("network", "temporary")],
        608,
    )
    yield Specimen(
        "expired-nothing-told",
        notification(609, SAID, block("4.0.0")),
        "failure",
        [failed("expired", "temporary")],
        609,
    )
    yield Specimen(
        "expired-code",
        notification(610, SAID, block("5.4.7", "554 5.4.7 message expired in the queue")),
        "failure",
        [failed("expired", "temporary")],
        610,
    )
    yield Specimen(
        "loop",
        notification(611, SAID, block("5.4.6", "554 5.4.6 Too many hops")),
        "failure",
        [failed("loop", "temporary")],
        611,
    )
    yield Specimen(
        "sieve-refusal",
        notification(612, SAID, block("5.7.0", "550 5.7.0 refused by the user's mail filter")),
        "failure",
        [failed("policy", "policy")],
        612,
    )
    yield Specimen(
        "delayed",
        notification(
            613,
            "Your message waits; no action is required.\n",
            block("4.4.1", "connection timed out", "delayed"),
            subject="Delayed mail",
        ),
        "delay",
        [(MARIE, "delayed", "network", "none")],
        613,
    )
    yield Specimen(
        "delayed-unknown-user",
        notification(
            614,
            "Your message waits.\n",
            block("4.1.1", "450 4.1.1 User unknown in local recipient table", "delayed"),
        ),
        "delay",
        [(MARIE, "delayed", "unknown_user", "none")],
        614,
    )
    yield Specimen(
        "delivered",
        notification(615, "Delivered.\n", block("2.1.5", "250 2.1.5 OK", "delivered")),
        "success",
        [(MARIE, "delivered", "other", "none")],
        615,
    )
    yield Specimen(
        "expanded",
        notification(616, "Expanded.\n", block("2.1.5", "", "expanded")),
        "success",
        [(MARIE, "expanded", "other", "none")],
        616,
    )
    yield Specimen(
        "passed-on-and-failed",
        notification(
            617,
            SAID,
            f"Original-Recipient: rfc822; {MARIE}\nFinal-Recipient: rfc822; m.new@example.com\n"
            "Action: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 <m.new@example.com>: User unknown\n",
        ),
        "failure",
        [failed("unknown_user", "certain", "m.new@example.com")],
        617,
    )
    yield Specimen(
        "two-recipients",
        notification(
            618,
            SAID,
            block("5.1.1", "550 5.1.1 User unknown"),
            block("2.0.0", "250 2.0.0 ok", "relayed", "jean@recipients.example.net"),
        ),
        "failure",
        [UNKNOWN, ("jean@recipients.example.net", "relayed", "other", "none")],
        618,
    )
    yield Specimen(
        "utf8-recipient",
        parts(
            from_daemon(619, "Undelivered mail"),
            "multipart/report; report-type=global-delivery-status",
            ("text/plain; charset=utf-8", SAID),
            (
                "message/global-delivery-status",
                "Reporting-MTA: dns; mx.example.net\n\n"
                "Final-Recipient: utf-8; zo\\x{EB}@recipients.example.net\n"
                "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n",
            ),
            ("message/global-headers", header(619)),
        ),
        "failure",
        [failed("unknown_user", "certain", "zoë@recipients.example.net")],
        619,
    )
    yield Specimen(
        "mixed-instead-of-report",
        parts(
            from_daemon(620, "failure notice"),
            "multipart/mixed",
            ("text/plain", SAID),
            (
                "message/delivery-status",
                "Reporting-MTA: dns; mx\n\n" + block("5.1.1", "550 5.1.1 User unknown"),
            ),
            ("message/rfc822", ours(620)),
        ),
        "failure",
        [UNKNOWN],
        620,
    )
    yield Specimen(
        "printed-into-a-text",
        plain(
            from_daemon(621, "Undelivered mail"),
            SAID
            + "\nReporting-MTA: dns; mx.example.net\n\n"
            + block("5.1.1", "550 5.1.1 User unknown")
            + "\n"
            + header(621),
        ),
        "failure",
        [UNKNOWN],
        621,
    )
    yield Specimen(
        "forwarded-by-a-person",
        plain(
            "From: staff@orme.example.org\nTo: office@orme.example.org\n"
            "Subject: Fwd: undelivered\n",
            "Can you look at this?\n\n> Reporting-MTA: dns; mx.example.net\n>\n"
            + "".join(f"> {it}\n" for it in block("5.1.1", "550 5.1.1 User unknown").split("\n"))
            + "".join(f"> {it}\n" for it in header(622).split("\n")),
        ),
        "failure",
        [UNKNOWN],
        622,
    )
    yield Specimen(
        "contradicting-codes",
        notification(
            623, SAID, block("5.1.1", "550 5.7.1 Delivery not authorized, message refused")
        ),
        "failure",
        [failed("policy", "policy")],
        623,
    )
    yield Specimen(
        "unknown-with-5.2.1",
        notification(624, SAID, block("5.2.1", "550 5.2.1 user unknown")),
        "failure",
        [failed("unknown_user", "likely")],
        624,
    )
    yield Specimen(
        "unknown-with-5.0.0",
        notification(625, SAID, block("5.0.0", "550 user unknown")),
        "failure",
        [failed("unknown_user", "likely")],
        625,
    )
    yield Specimen(
        "unknown-with-5.5.0",
        notification(
            626, SAID + "(in reply to RCPT TO command)\n", block("5.5.0", "550 5.5.0 user unknown")
        ),
        "failure",
        [failed("unknown_user", "likely")],
        626,
    )
    yield Specimen(
        "action-missing",
        notification(
            627,
            SAID,
            f"Final-Recipient: rfc822; {MARIE}\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n",
        ),
        "failure",
        [UNKNOWN],
        627,
    )
    yield Specimen(
        "without-a-token",
        parts(
            "From: MAILER-DAEMON@mx.example.net\nTo: someone@orme.example.org\nSubject: failure\n",
            "multipart/report; report-type=delivery-status",
            ("text/plain", SAID),
            (
                "message/delivery-status",
                "Reporting-MTA: dns; mx\n\n" + block("5.1.1", "550 5.1.1 User unknown"),
            ),
        ),
        "failure",
        [UNKNOWN],
    )
    yield Specimen(
        "system-not-configured",
        notification(628, SAID, block("5.3.5", "554 5.3.5 Local configuration error")),
        "failure",
        [failed("system", "temporary")],
        628,
    )
    yield Specimen(
        "account-disabled-rule",
        notification(629, SAID, block("5.7.13", "525 5.7.13 User account disabled")),
        "failure",
        [failed("disabled", "temporary")],
        629,
    )
    yield Specimen(
        "bad-syntax",
        notification(630, SAID, block("5.1.3", "553 5.1.3 bad destination mailbox address syntax")),
        "failure",
        [UNKNOWN],
        630,
    )
    yield Specimen(
        "owner-changed",
        notification(631, SAID, block("5.7.17", "550 5.7.17 Mailbox owner has changed")),
        "failure",
        [failed("moved", "likely")],
        631,
    )
    yield Specimen(
        "certificate",
        notification(632, SAID, block("4.7.5", "TLS is required, but was not offered")),
        "failure",
        [failed("policy", "policy")],
        632,
    )
