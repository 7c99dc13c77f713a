"""The door for a relay: an LMTP and SMTP server that takes mails to addresses of ours.

It answers 250 once a mail is committed. While the database is away it answers 451, and the relay
keeps the mail.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from mailer.bounces.tokens import Tokens
from mailer.intake import taking
from pli.database import Database, DatabaseAway
from pli.errors import PliError, reason_of
from pli.faults import place_of
from pli.language import N_
from pli.loopback import is_loopback

log = logging.getLogger("pli.intake")

DOOR = "lmtp"
CONNECTIONS = 20
SECONDS = 60.0
"""Without a word from the relay; then the connection ends."""
RECIPIENTS = 100
"""RFC 5321 4.5.3.1.8."""
_LONGEST_LINE = taking.LARGEST + 1_000
"""Some servers write lines beyond the 998 octets of RFC 5322: a refused bounce would be lost."""


class DoorError(PliError):
    """The door cannot be opened as the settings say."""


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """Where the door is: HOST:PORT, a certificate with its key, and who may come.

    `peers` are addresses or networks; empty: this machine alone.
    """

    listen: str
    certificate: Path | None = None
    key: Path | None = None
    peers: Sequence[str] = ()

    def checked(self) -> DoorPlan:
        """The plan itself; raises DoorError if it would be open to the world, or in clear text."""
        if _is_here(self):
            return self
        if self.certificate is None or self.key is None:
            raise DoorError(
                N_(
                    "intake_listen: {address} is reached by other machines: set intake_tls_cert "
                    "and intake_tls_key, or listen at 127.0.0.1"
                ),
                address=self.listen,
            )
        if not self.peers:
            raise DoorError(
                N_(
                    "intake_listen: {address} is reached by other machines: name your relays in "
                    'intake_peers, such as ["192.0.2.25"], or listen at 127.0.0.1'
                ),
                address=self.listen,
            )
        if any(ip_network(it, strict=False).prefixlen == 0 for it in self.peers):
            raise DoorError(
                N_("intake_peers: {network} is the whole world: name your relays"),
                network=next(
                    it for it in self.peers if ip_network(it, strict=False).prefixlen == 0
                ),
            )
        return self

    def admits(self, peer: str) -> bool:
        """Whether a machine may come in."""
        if not self.peers:
            return is_loopback(peer)
        address = ip_address(peer.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in ip_network(it, strict=False) for it in self.peers)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which recipients are ours: addresses with a token, and `others` in small letters."""

    tokens: Tokens
    others: frozenset[str] = frozenset()

    def takes(self, address: str) -> bool:
        """Whether a mail to this address is taken."""
        if address.lower() in self.others:
            return True
        if self.tokens.of_return_path(address) is not None:
            return True
        return self.tokens.of_leave_address(address) is not None


class _Handler:
    """What the server asks of us at each step."""

    def __init__(self, database: Database, accepted: Accepted, *, needs_tls: bool) -> None:
        self._database = database
        self._accepted = accepted
        self._needs_tls = needs_tls

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING, which the class reads anyway, and no login."""
        del server, envelope
        session.host_name = hostname
        kept = [it for it in responses if not it.startswith("250-AUTH")]
        return [kept[0], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", *kept[1:]]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take nothing in clear text from another machine."""
        del server
        if self._needs_tls and session.ssl is None:
            return "530 5.7.0 say STARTTLS first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take addresses of ours alone."""
        del server, session
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if not self._accepted.takes(address):
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Commit the mail for each recipient."""
        del server, session
        raw = envelope.content
        assert isinstance(raw, bytes)
        now = datetime.now(UTC)
        try:
            async with self._database.begin() as transaction:
                for address in envelope.rcpt_tos:
                    await taking.take(transaction, raw=raw, came_to=address, by=DOOR, now=now)
        except DatabaseAway:
            log.warning("intake.no_database", extra={"door": DOOR})
            return "451 4.3.0 try again later"
        # A fault of ours loses no mail: the relay keeps it. The class would answer 500.
        except Exception as error:
            log.error(
                "intake.door_fault", extra={"error": type(error).__name__, "at": place_of(error)}
            )
            return "451 4.3.0 try again later"
        return "250 2.0.0 kept"


class Door(SMTP):
    """One connection. It speaks LMTP (RFC 2033) to who says LHLO, and SMTP to who says EHLO."""

    line_length_limit = _LONGEST_LINE

    def __init__(
        self, handler: _Handler, plan: DoorPlan, open_now: set[Door], **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self.speaks_lmtp = False
        self.turned_away = False
        self._answers = 1
        self._plan = plan
        self._open_now = open_now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn away who may not come in, and who comes while too many are here."""
        again = self in self._open_now  # STARTTLS makes it a second time
        peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not again:
            refusal = b""
            self.turned_away = True
            if not self._plan.admits(peer):
                log.warning("intake.stranger", extra={"peer": peer})
                refusal = b"554 5.7.1 not for you\r\n"
            elif len(self._open_now) >= CONNECTIONS:
                refusal = b"421 4.3.2 too many connections\r\n"
            if refusal:
                # uvloop's transports are no subclass of asyncio's, and have the same methods.
                cast("asyncio.Transport", transport).write(refusal)
                transport.close()
                return
            self.turned_away = False
            self._open_now.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room for another."""
        self._open_now.discard(self)
        if not self.turned_away:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Read what comes, unless its sender was turned away."""
        if not self.turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The other side has said all."""
        return None if self.turned_away else super().eof_received()

    async def push(self, status: str | bytes) -> None:
        """Send an answer: of LMTP, what follows a mail is told for each recipient (RFC 2033 4.2).

        A refusal, too: a relay that waits for the second answer would hold the connection.
        """
        text = status.decode() if isinstance(status, bytes) else status
        answers, self._answers = self._answers, 1
        if text.startswith("354") and self.speaks_lmtp and self.envelope is not None:
            self._answers = len(self.envelope.rcpt_tos)
        await super().push("\r\n".join([text] * answers))

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        """The greeting of LMTP."""
        self.speaks_lmtp = True
        await super().smtp_EHLO(arg)

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, arg: str) -> None:
        """The greeting of SMTP."""
        self.speaks_lmtp = False
        await super().smtp_EHLO(arg)


@asynccontextmanager
async def door(database: Database, plan: DoorPlan, accepted: Accepted) -> AsyncIterator[int]:
    """Keep the door open while the block inside runs; gives its port. Raises DoorError."""
    plan.checked()
    context = None
    if plan.certificate is not None:
        context = await asyncio.to_thread(_context, plan)
    open_now: set[Door] = set()
    loop = asyncio.get_running_loop()
    new: Callable[[], Door] = partial(
        Door,
        _Handler(database, accepted, needs_tls=not _is_here(plan)),
        plan,
        open_now,
        data_size_limit=taking.LARGEST,
        enable_SMTPUTF8=True,
        hostname="pli",
        ident="Pli",
        tls_context=context,
        timeout=SECONDS,
        loop=loop,
    )
    host, _, port = plan.listen.rpartition(":")
    try:
        server = await loop.create_server(new, host.strip("[]"), int(port))
    except OSError as error:
        raise DoorError(
            N_("intake_listen: cannot listen at {address}: {reason}"),
            address=plan.listen,
            reason=reason_of(error),
        ) from None
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's: it logs addresses
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for it in list(open_now):
            if it.transport is not None:
                it.transport.close()
        await server.wait_closed()


def _is_here(plan: DoorPlan) -> bool:
    """Whether only this machine itself reaches the door."""
    return is_loopback(plan.listen.rpartition(":")[0].strip("[]"))


def _context(plan: DoorPlan) -> ssl.SSLContext:
    assert plan.certificate is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(plan.certificate, plan.key)
    except OSError as error:  # an SSLError is one
        raise DoorError(
            N_("intake_tls_cert: {file}: {reason}"),
            file=str(plan.certificate),
            reason=reason_of(error),
        ) from None
    return context
