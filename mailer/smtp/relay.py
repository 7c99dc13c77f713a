"""A relay's address, which the operator writes as a URL, and connections to it."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiohappyeyeballs import start_connection

from mailer.outcomes import TEXT_LIMIT
from mailer.smtp import certificate_fault, relay_url
from mailer.smtp.reply_reader import printable
from pli import descriptors
from pli.errors import PliError
from pli.language import N_, say
from pli.loopback import is_loopback
from pli.mail_names import is_public
from pli.relay_names import MAIN


class RelayError(PliError):
    """The relay cannot be used: its URL is wrong, it does not answer, or it refuses us."""


class RelayRefusal(RelayError):
    """The relay refuses, and would refuse again: a person must change something first."""


class FilesFull(RelayError):
    """This machine has no file left to open: nothing was found out about the relay."""


class RelayTimeout(RelayError):
    """The relay did not answer within the time that it was given."""


GREETING_SECONDS = 15.0
"""For each reply until a copy may be carried, while another relay stands by."""
PATIENT_SECONDS = 300.0
"""The same where no other relay does (RFC 5321 4.5.3.2.1): some relays let everybody wait."""
DIAL_SECONDS = 30.0
"""For the name and a TCP connection; the greeting has a limit of its own."""
NEXT_ADDRESS_SECONDS = 0.25
"""After this long, the next address of a relay is tried as well: the Connection Attempt Delay that
RFC 8305 section 8 recommends."""
_SIZE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Relay:
    """Where copies are handed over: `smtp://user:password@host:587`, `smtps://…`.

    `tls` is "implicit" (465, RFC 8314), "starttls" (the default; never downgraded, RFC 8314) or
    "none", which is for this machine's own relay and must be asked for with `?tls=none`. `called`
    is its name in the settings.
    """

    host: str
    port: int
    tls: str
    username: str | None = None
    password: str | None = None
    called: str = MAIN
    ehlo_names: tuple[str, ...] = ()
    """Names to be said at EHLO: the first that means something to the relay."""
    envelope_sender: str = ""
    """The envelope sender of all mail; "": each copy's own return path."""
    mark_header: str = ""
    """A header that each mail gets with the copy's token, for relays that rewrite its addresses."""
    notify: str = ""
    """Which delivery notices are asked for if the relay offers DSN (delivery_notices.NOTIFY)."""

    @property
    def name(self) -> str:
        """The relay's name in attempts and messages; holds no secret."""
        where = f"{self.host}:{self.port}"
        return where if self.called == MAIN else f"{self.called} ({where})"

    @property
    def setting(self) -> str:
        """The setting that holds the URL."""
        return _setting(self.called)

    @classmethod
    def parse(cls, url: str, called: str = MAIN) -> Relay:
        """Read a relay's URL; RelayError says what is wrong, without showing the password."""
        if spelling := relay_url.misspelt(url):
            raise RelayError(
                N_(
                    "{setting}: in user and password write {spelling} (smtp://user:p%23ss@host:587)"
                ),
                setting=_setting(called),
                spelling=spelling,
            )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _wrong(called, N_("it is not a URL")) from None
        query = parse_qs(parts.query)
        asked = query.pop("tls", [None])[-1]
        if parts.scheme not in ("smtp", "smtps"):
            raise _wrong(called, N_("it must begin with smtp:// or smtps://"))
        if not parts.hostname:
            raise _wrong(called, N_("it names no host"))
        if query or parts.path not in ("", "/") or asked not in (None, "none", "starttls"):
            raise _wrong(called, N_("only ?tls=none or ?tls=starttls may follow the host"))
        if bool(parts.username) != bool(parts.password):
            raise _wrong(called, N_("user and password go together"))
        if parts.scheme == "smtps" and asked:
            raise _wrong(called, N_("smtps:// is TLS from the first byte: leave out ?tls="))
        tls = "implicit" if parts.scheme == "smtps" else asked or "starttls"
        if tls == "none" and parts.username and not is_loopback(parts.hostname):
            raise _wrong(called, N_("a password would travel in clear: leave out ?tls=none"))
        return cls(
            parts.hostname,
            port or {"implicit": 465, "starttls": 587, "none": 25}[tls],
            tls,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            called,
        )

    async def connect(self, timeout: float) -> aiosmtplib.SMTP:
        """Connect and say EHLO, with TLS and login where the URL asks for them.

        `timeout` is for each reply, in seconds. RelayError tells a person what the relay said.
        """
        secure = self.tls != "none"
        client = aiosmtplib.SMTP(
            hostname=self.host,
            local_hostname="[127.0.0.1]",  # until we know from which address we come
            use_tls=self.tls == "implicit",
            start_tls=False,
            tls_context=await asyncio.to_thread(ssl.create_default_context) if secure else None,
            timeout=timeout,
        )
        try:
            async with asyncio.timeout(min(timeout, DIAL_SECONDS)):
                client.sock = await self._dial()
            client.local_hostname = self.says(client.sock)
            await client.connect()
            await client.ehlo()
            if self.tls == "starttls":
                if not client.supports_extension("starttls"):
                    raise self._refused(
                        N_('the relay {relay} offers no TLS (on this machine: "?tls=none")')
                    )
                await client.starttls()
                await client.ehlo()
            if self.username and self.password:
                if not client.supported_auth_methods:
                    raise self._refused(
                        N_(
                            "the relay {relay} offers no login: take user and password out "
                            "of {setting}, or use TLS"
                        )
                    )
                await client.login(self.username, self.password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            failure = self.refusal(error)  # before the connection gives its file back
            client.close()
            raise failure from None
        except BaseException:  # our own refusals above, and a cancelled connect
            client.close()
            raise
        return client

    def says(self, connected: socket.socket) -> str:
        """The name for EHLO (RFC 5321 4.1.1.1): one of `ehlo_names`, else our own IP address.

        A name that means nothing on other machines, such as `localhost`, is said to a relay on
        this machine only.
        """
        for name in self.ehlo_names:
            if is_public(name) or is_loopback(self.host):
                return name
        host = str(connected.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    async def greet(self, seconds: float = PATIENT_SECONDS) -> None:
        """Connect, with TLS and login, and quit; RelayError if that fails.

        `seconds` are for each reply.
        """
        client = await self.connect(seconds)
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()

    async def _dial(self) -> socket.socket:
        """A TCP connection to the address of the host that answers first (RFC 8305)."""
        addresses = await asyncio.get_running_loop().getaddrinfo(
            self.host, self.port, type=socket.SOCK_STREAM
        )
        try:
            return await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS)
        except OSError as error:
            if error.errno is None:
                # The addresses failed in different ways; in common: none took the connection.
                raise ConnectionRefusedError(str(error)) from None
            raise

    def refusal(self, error: Exception) -> RelayError:
        """What went wrong and what to do, in one line; a RelayRefusal if it would recur."""
        cause = error.__cause__ or error
        if not isinstance(error, aiosmtplib.SMTPResponseException) and _is_full(cause):
            return FilesFull(
                N_("no file is left to open on this machine, so it reaches no relay ({relay})"),
                relay=self.name,
            )
        if isinstance(cause, ssl.SSLCertVerificationError):
            return self._refused(certificate_fault.sentence(cause), cause.verify_message)
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return self._refused(
                N_(
                    "the relay {relay} speaks no TLS there: {reason}: "
                    "smtps:// is for port 465, smtp:// for port 587"
                ),
                cause.reason or str(cause),
            )
        if isinstance(error, aiosmtplib.SMTPResponseException):
            said = error.message[:TEXT_LIMIT]  # a relay may say any amount
            reason = " ".join(printable(f"{error.code} {said}").split())
            if 500 <= error.code < 600:
                if isinstance(error, aiosmtplib.SMTPAuthenticationError):
                    return self._refused(
                        N_("the relay {relay} refuses user or password: {reason}"), reason
                    )
                return self._refused(
                    N_("the relay {relay} refuses every connection: {reason}"), reason
                )
        else:
            reason = " ".join(printable(str(error)[:TEXT_LIMIT]).split()) or type(error).__name__
        if isinstance(error, TimeoutError):
            return RelayTimeout(
                N_("the relay {relay} does not answer in time: look at {setting}"),
                relay=self.name,
                setting=self.setting,
            )
        if isinstance(cause, ConnectionRefusedError | socket.gaierror):
            return RelayError(
                N_("nobody answers at the relay {relay}: look at {setting}, or whether it runs"),
                relay=self.name,
                setting=self.setting,
            )
        return RelayError(
            N_("the relay {relay} cannot be used: {reason}: look at {setting}, or whether it runs"),
            relay=self.name,
            setting=self.setting,
            reason=reason,
        )

    def _refused(self, text: str, reason: str = "") -> RelayRefusal:
        return RelayRefusal(text, relay=self.name, setting=self.setting, reason=reason)


def size_limit(client: aiosmtplib.SMTP) -> int:
    """How many bytes a mail may have, as EHLO said (RFC 1870 section 3); 0: no limit.

    A relay may write anything there; a value that is no number counts as no limit.
    """
    size = client.esmtp_extensions.get("size", "")
    return int(size) if _SIZE.fullmatch(size) else 0


def _is_full(error: BaseException) -> bool:
    """Whether a full table of files is behind an error.

    Names are then not found, and certificates not believed: their files cannot be read.
    """
    return isinstance(error, OSError) and (
        error.errno in descriptors.FULL or descriptors.are_full()
    )


def _setting(called: str) -> str:
    return "relay_url" if called == MAIN else f"relays.{called}.url"


def _wrong(called: str, why: str) -> RelayError:
    return RelayError(
        N_("{setting}: {why} (smtp://user:password@host:587, smtp://127.0.0.1:25?tls=none)"),
        setting=_setting(called),
        why=say(why),
    )
