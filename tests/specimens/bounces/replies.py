"""What scripted receivers answer, by the recipient's local part; and how a bounce of it is to read.

Wordings of providers are paraphrased. `DATA`: the receiver says so after the final dot.
"""

from __future__ import annotations

from typing import NamedTuple


class Reply(NamedTuple):
    """One receiver's answer, and what a reader may conclude of it at most."""

    text: str
    reason: str
    weight: str
    after_data: bool = False


REPLIES = {
    "nosuch": Reply(
        "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
        "unknown_user", "certain",
    ),
    "relaytable": Reply(
        "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in relay recipient table",
        "unknown_user", "certain",
    ),
    "gmail-nosuch": Reply(
        "550-5.1.1 The email account that you want to reach does not exist. Look for\r\n"
        "550-5.1.1 typing errors in the address. More at\r\n"
        "550 5.1.1 https://support.example.com/mail/?p=NoSuchUser a1si234 - gsmtp",
        "unknown_user", "certain",
    ),
    "gmail-inactive": Reply(
        "550-5.2.1 The email account that you want to reach is inactive. More at\r\n"
        "550 5.2.1 https://support.example.com/mail/?p=DisabledUser a1si234 - gsmtp",
        "disabled", "temporary",
    ),
    "gmail-full": Reply(
        "552-5.2.2 The recipient's inbox is out of storage space. More at\r\n"
        "552 5.2.2 https://support.example.com/mail/?p=OverQuotaPerm a1si234 - gsmtp",
        "full", "temporary",
    ),
    "gmail-policy": Reply(
        "550-5.7.26 This mail is unauthenticated, which is a risk for the sender and our\r\n"
        "550-5.7.26 users, and is blocked. The sender must pass SPF or DKIM.\r\n"
        "550 5.7.26 https://support.example.com/mail/answer/1 a1si234 - gsmtp",
        "auth", "policy",
    ),
    "gmail-spam": Reply(
        "550-5.7.1 [192.0.2.1      12] Our system found that this message is likely\r\n"
        "550-5.7.1 unsolicited mail. To reduce the amount of spam it has been blocked.\r\n"
        "550 5.7.1 https://support.example.com/mail/?p=UnsolicitedMessageError a1si234 - gsmtp",
        "spam", "policy",
    ),
    "outlook-nosuch": Reply(
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). "
        "[AB1EUR01FT001.eop-EUR01.prod.protection.example.com]",
        "unknown_user", "likely",
    ),
    "outlook-denied": Reply(
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) "
        "[AB1EUR01FT001.eop-EUR01.prod.protection.example.com]",
        "policy", "policy",
    ),
    "exchange-nosuch": Reply(
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {rcpt} not found by SMTP address "
        "lookup",
        "unknown_user", "certain",
    ),
    "outlook-blocked": Reply(
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is "
        "on our block list (S3150).",
        "spam", "policy",
    ),
    "orange-nosuch": Reply(
        "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
        "unknown_user", "certain",
    ),
    "orange-vague": Reply(
        "550 5.5.0 Adresse d au moins un destinataire invalide. Invalid recipient. "
        "OFR204_418 [418]",
        "unknown_user", "likely",
    ),
    "orange-full": Reply(
        "552 5.2.2 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]",
        "full", "temporary",
    ),
    "orange-spam": Reply(
        "550 5.2.0 Mail rejete. Mail rejected. OFR_506 [506]", "spam", "policy"
    ),
    "laposte-nosuch": Reply(
        "550 5.1.1 Adresse inconnue / Unknown recipient LPN201_404", "unknown_user", "certain"
    ),
    "laposte-refused": Reply(
        "550 5.5.0 Service refuse. Veuillez essayer plus tard. Service refused, please try later. "
        "LPN007_510",
        "policy", "policy",
    ),
    "free-nosuch": Reply(
        "550 5.1.1 <{rcpt}>: Adresse inconnue. Unknown user.", "unknown_user", "certain"
    ),
    "sfr-inactive": Reply(
        "550 5.2.1 Ce compte est inactif. Account is inactive.", "disabled", "temporary"
    ),
    "yahoo-disabled": Reply(
        "554 delivery error: dd This mailbox is disabled (554.30). - mta1.mail.example.com",
        "disabled", "temporary", after_data=True,
    ),
    "yahoo-nosuch": Reply(
        "554 delivery error: dd This user doesn't have an example.com account ({rcpt}) [0] - "
        "mta1.mail.example.com",
        "unknown_user", "likely", after_data=True,
    ),
    "nocode": Reply("550 User unknown", "unknown_user", "certain"),
    "nocode-french": Reply("550 Utilisateur inconnu", "unknown_user", "certain"),
    "nocode-vague": Reply("550 Mailbox unavailable", "unknown_user", "likely"),
    "nowhere-near": Reply("550 5.0.0 Rejected", "other", "temporary"),
    "moved": Reply("551 5.1.6 User has moved; please try another address", "moved", "certain"),
    "policy": Reply("550 5.7.1 Message refused by local policy", "policy", "policy"),
    "spf": Reply("550 5.7.23 SPF validation failed for this sender", "auth", "policy"),
    "dnsbl": Reply(
        "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using bl.example.org",
        "policy", "policy",
    ),
    "hidden-filter": Reply(
        "550 5.1.1 User unknown (message looks like spam)", "spam", "policy"
    ),
    "hidden-block": Reply(
        "550 5.1.1 Recipient unknown or blocked by the administrator", "policy", "policy"
    ),
    "sender": Reply("550 5.1.8 Sender address rejected: Domain not found", "policy", "policy"),
    "full-nocode": Reply("552 Mailbox full", "full", "temporary"),
    "full-unknown": Reply(
        "550 5.1.1 User unknown or mailbox over quota", "full", "temporary"
    ),
    "data-nosuch": Reply(
        "550 5.1.1 No such user here", "unknown_user", "likely", after_data=True
    ),
    "data-nocode": Reply("550 user unknown", "unknown_user", "likely", after_data=True),
    "data-spam": Reply(
        "554 5.7.1 Message scored too high: rejected as spam", "spam", "policy", after_data=True
    ),
    "data-virus": Reply(
        "554 5.6.0 Message contains a virus", "content", "policy", after_data=True
    ),
    "data-large": Reply(
        "552 5.3.4 Message size exceeds fixed limit", "too_large", "policy", after_data=True
    ),
    "rate": Reply("550 5.7.28 Too many messages from this sender; rate limited", "rate", "policy"),
}  # fmt: skip

LATER = {
    "full-later": Reply("452 4.2.2 Mailbox is full, try later", "full", "temporary"),
    "unknown-later": Reply(
        "450 4.1.1 <{rcpt}>: Recipient address rejected: User unknown", "unknown_user", "temporary"
    ),
    "grey": Reply("451 4.7.1 Greylisted, please come back in 5 minutes", "greylisted", "temporary"),
    "busy": Reply("451 4.3.2 System temporarily overloaded", "system", "temporary"),
    "orange-rate": Reply(
        "421 4.7.0 Service refuse. Veuillez essayer plus tard. OFR004_104 [104] Too many "
        "connections",
        "rate", "policy",
    ),
}  # fmt: skip
"""Answers that pass: a relay that keeps no mail for long gives up at once, and says so."""

UNTOLD_STAGE = {"nocode": "likely", "nocode-french": "likely", "data-nosuch": "certain"}
"""The weights where a server does not tell at which command the answer came."""
