"""The relay's check-up: every step of a connection up to RCPT, and a message to oneself."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr, make_msgid

import aiosmtplib

from mailer.sender import Mailbox, needs_smtputf8
from mailer.smtp.relay import (
    GREETING_SECONDS,
    PATIENT_SECONDS,
    Relay,
    RelayError,
    RelayTimeout,
    size_limit,
)
from pli.checks import Check, fine, refused, warn, wrong
from pli.checkup import in_bytes
from pli.language import N_, say
from pli.loopback import is_loopback

CHECKED_SECONDS = 120.0
"""For each reply: a person waits. Relays that make everybody wait take a minute at most."""
SMALL_BYTES = 1_000_000
"""A letter with its images may well reach this size."""
SOON = timedelta(days=14)
_OFFERS = ("pipelining", "size", "8bitmime", "smtputf8", "starttls")


async def check(relay: Relay, mail_from: str, recipient: str | None = None) -> list[Check]:
    """Check the connection, TLS, login, what EHLO offers, and whether `mail_from` is accepted.

    Many relays refuse a sender only when a `recipient` is named: give the sender's own address. A
    relay with an envelope sender of its own is asked about that one.
    """
    mail_from = relay.envelope_sender or mail_from
    began = time.monotonic()
    try:
        async with _connected(relay) as client:
            return [
                _connection(relay, time.monotonic() - began),
                *_ehlo(relay, client),
                _tls(relay, client),
                _login(relay),
                *_features(client),
                await _sender(client, mail_from, recipient),
            ]
    except RelayTimeout as error:
        return [_late(error)]
    except RelayError as error:
        return refused("relay.connect", error)


async def send_raw(relay: Relay, mail_from: str, address: str, mail: bytes) -> str | None:
    """Send a mail that is written already; what the relay said if it did not take it."""
    try:
        async with _connected(relay) as client:
            await client.sendmail(mail_from, [address], mail)
    except RelayError as error:
        return str(error)
    except (aiosmtplib.SMTPException, OSError) as error:
        return _said(error)
    return None


async def send(relay: Relay, mail_from: str, writer: Mailbox, address: str, language: str) -> Check:
    """Send a short message to `address`, over the relay that letters use."""
    mail = _message(writer, address, language)
    mail_from = relay.envelope_sender or mail_from
    try:
        async with _connected(relay) as client:
            _refusals, answer = await client.sendmail(
                mail_from,
                [address],
                mail.as_bytes(),
                mail_options=["SMTPUTF8"] if needs_smtputf8(address) else None,
            )
    except RelayError as error:
        return refused("relay.message", error)[0]
    except (aiosmtplib.SMTPException, OSError) as error:
        return wrong(
            "relay.message",
            say(N_("the relay does not take a message: {reason}"), reason=_said(error)),
            say(
                N_("ask its operator what it wants of a sender such as {sender}"), sender=mail_from
            ),
        )
    return fine(
        "relay.message",
        say(
            N_("a message to {address} was taken ({reply}): see that it arrives"),
            address=address,
            reply=" ".join(answer.split()),
        ),
    )


@asynccontextmanager
async def _connected(relay: Relay) -> AsyncIterator[aiosmtplib.SMTP]:
    client = await relay.connect(CHECKED_SECONDS)
    try:
        yield client
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
    finally:
        client.close()


def _connection(relay: Relay, seconds: float) -> Check:
    told = say(N_("{relay} answers ({ms} ms)"), relay=relay.name, ms=f"{seconds * 1000:.0f}")
    if seconds <= GREETING_SECONDS:
        return fine("relay.connect", told)
    slow = say(
        N_("it is passed over while another relay can be used: that is after {n} s"),
        n=f"{GREETING_SECONDS:.0f}",
    )
    return warn("relay.connect", told, slow)


def _late(error: RelayTimeout) -> Check:
    waited = say(
        N_("the doctor waits {n} s for each answer, a sending up to {minutes} minutes"),
        n=f"{CHECKED_SECONDS:.0f}",
        minutes=f"{PATIENT_SECONDS / 60:.0f}",
    )
    return wrong("relay.connect", error.sentences[0], waited)


def _ehlo(relay: Relay, client: aiosmtplib.SMTP) -> list[Check]:
    """A warning if the name that was set means nothing to the relay, or if there is none."""
    name = client.local_hostname or ""
    wanted = relay.ehlo_names[0] if relay.ehlo_names else name
    if name == wanted and (relay.ehlo_names or is_loopback(relay.host)):
        return []
    told = (
        say(N_("Pli says EHLO {name}, and not {wanted}"), name=name, wanted=wanted)
        if name != wanted
        else say(N_("Pli says EHLO {name}"), name=name)
    )
    remedy = say(N_("name this machine as the DNS does: relay_ehlo_name"))
    return [warn("relay.ehlo", told, remedy)]


def _tls(relay: Relay, client: aiosmtplib.SMTP) -> Check:
    if relay.tls == "none":
        if is_loopback(relay.host):
            return fine("relay.tls", say(N_("in clear, on this machine")))
        remedy = (
            N_("it offers STARTTLS: leave out ?tls=none")
            if client.supports_extension("starttls")
            else N_("ask its operator for TLS, or put a relay on this machine")
        )
        return warn("relay.tls", say(N_("letters travel to the relay in clear")), say(remedy))
    transport = client.transport
    assert transport is not None
    version = transport.get_extra_info("ssl_object").version()
    until = _ends(transport.get_extra_info("peercert"))
    told = say(
        N_("{version}, its certificate holds until {date}"),
        version=version,
        date=until.strftime("%Y-%m-%d") if until else "?",
    )
    if until is not None and until < datetime.now(UTC) + SOON:
        return warn("relay.tls", told, say(N_("its operator should renew it in time")))
    return fine("relay.tls", told)


def _ends(certificate: dict[str, str] | None) -> datetime | None:
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _login(relay: Relay) -> Check:
    if relay.username:
        return fine("relay.login", say(N_("logged in as {user}"), user=relay.username))
    return fine("relay.login", say(N_("none is asked for")))


def _features(client: aiosmtplib.SMTP) -> list[Check]:
    offered = [name.upper() for name in _OFFERS if client.supports_extension(name)]
    told = ", ".join(offered)
    found = [
        fine("relay.features", say(N_("it offers {features}"), features=told))
        if "PIPELINING" in offered
        else warn(
            "relay.features",
            say(N_("it offers {features}, and no PIPELINING"), features=told or "–"),
            say(N_("sending works, with four round trips a copy: where you can, switch it on")),
        )
    ]
    limit = size_limit(client)
    if not limit:
        return [*found, fine("relay.size", say(N_("it names no largest size")))]
    largest = say(N_("a mail may have {size}"), size=in_bytes(limit))
    if limit < SMALL_BYTES:
        remedy = say(N_("keep images small, or ask its operator for more"))
        return [*found, warn("relay.size", largest, remedy)]
    return [*found, fine("relay.size", largest)]


async def _sender(client: aiosmtplib.SMTP, mail_from: str, recipient: str | None) -> Check:
    """Give the relay a copy's return path and a recipient, then reset: nothing is sent."""
    try:
        await client.mail(mail_from)
    except (aiosmtplib.SMTPException, OSError) as error:
        return wrong(
            "relay.sender",
            say(
                N_("it does not take mail from {sender}: {reason}"),
                sender=mail_from,
                reason=_said(error),
            ),
            say(N_("the relay must let you send from every address of your domain")),
        )
    refused = None
    with suppress(aiosmtplib.SMTPException, OSError):
        if recipient is not None:
            refused = await _refused_to(client, mail_from, recipient)
        await client.rset()
    return refused or fine("relay.sender", say(N_("it takes mail from {sender}"), sender=mail_from))


async def _refused_to(client: aiosmtplib.SMTP, mail_from: str, recipient: str) -> Check | None:
    """What the relay has against mail to the sender's own address; None: nothing."""
    try:
        await client.rcpt(recipient)
    except aiosmtplib.SMTPResponseException as error:
        told = say(
            N_("it does not take mail from {sender} to {recipient}: {reason}"),
            sender=mail_from,
            recipient=recipient,
            reason=_said(error),
        )
        if error.code < 500:
            later = say(N_("it may be for now only: ask again in some minutes"))
            return warn("relay.sender", told, later)
        remedy = N_(
            "its answer says what it wants: another sender, a login, or a list that has you"
        )
        return wrong("relay.sender", told, say(remedy))
    return None


def _said(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return " ".join(f"{error.code} {error.message}".split())
    return " ".join(str(error).split()) or type(error).__name__


def _message(writer: Mailbox, address: str, language: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTPUTF8 if needs_smtputf8(address) else SMTP)
    mail["From"] = formataddr((writer.name, writer.address))
    mail["To"] = address
    mail["Subject"] = say(N_("Pli: a message to yourself")).tell(language)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=writer.domain)
    mail["Auto-Submitted"] = "auto-generated"
    text = say(
        N_("Your relay has taken this message, and it has arrived. Look where: not among the spam?")
    )
    mail.set_content(text.tell(language) + "\n", cte="quoted-printable")
    return mail
