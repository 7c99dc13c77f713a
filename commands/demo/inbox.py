"""The demo's inbox: a real SMTP server on the loopback that keeps accepted mails in a Maildir."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 32 * 2**20
_PARTS = ("tmp", "new", "cur")


class Inbox:
    """Accepts every copy, unless `replies` has a reply for its address; runs in the caller's loop.

    The inbox gives a reply that begins with 5 at each try. It gives a reply that begins with 4 only
    at the first try, after it has awaited `on_deferred` with the address.
    """

    def __init__(
        self,
        folder: Path,
        replies: Mapping[str, str] | None = None,
        on_deferred: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self.accepted = 0
        self._folder = folder
        self._replies = {address.lower(): reply for address, reply in (replies or {}).items()}
        self._on_deferred = on_deferred
        self._deferred: set[str] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen on a free port of the loopback; the URL to use as a relay."""
        for part in _PARTS:
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"smtp://127.0.0.1:{port}?tls=none"

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _conversation(self) -> asyncio.Protocol:
        return SMTP(
            self,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="inbox.localhost",
            ident="Pli demo inbox",
            loop=asyncio.get_running_loop(),
        )

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING: aiosmtpd can read pipelined commands, but does not offer this."""
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The address's reply of `replies`; else accept."""
        del server, session
        folded = address.lower()
        reply = self._replies.get(folded, "")
        if reply.startswith("4") and folded not in self._deferred:
            self._deferred.add(folded)
            if self._on_deferred is not None:
                await self._on_deferred(address)
            return reply
        if reply.startswith("5"):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a copy for each recipient."""
        del server, session
        content = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        for address in envelope.rcpt_tos:
            # The server that delivers a mail adds its Return-Path (RFC 5321 section 4.4).
            trace = f"Return-Path: <{envelope.mail_from or ''}>\nDelivered-To: {address}\n"
            self._keep(trace.encode("utf-8", "surrogateescape") + content)
        return f"250 2.0.0 Ok: kept as {self.accepted}"

    def _keep(self, content: bytes) -> None:
        """Write a mail into tmp, then move it into new, so that no reader sees half a mail.

        Writing blocks the loop for 0.1 ms, which is less than a thread would cost.
        """
        self.accepted += 1
        now = time.time_ns()
        seconds, rest = divmod(now, 10**9)
        name = f"{seconds}.M{rest // 1000:06}P{os.getpid()}Q{self.accepted:08}.localhost"
        unfinished = self._folder / "tmp" / name
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / "new" / name)
