"""A real SMTP server for tests; the test decides how the server behaves.

The server runs in a thread of its own, so that it outlives any process under test. It counts by
itself: `received` holds each mail that it answered with 250 after the final dot.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import quote

from pli.interpreter import new_event_loop
from tests.certificates import server_context

DROP = "drop"
STALL = "stall"
USER = "comité"
PASSWORD = "mot de passe"
LOOK_SECONDS = 0.01

Reply = str | bytes
Script = Callable[[str, str, int], Reply | None]
"""(stage, recipient, how often this recipient was at this stage) -> a reply, DROP, STALL or None.

A reply of bytes is sent unchanged. Stages: connect, ehlo, starttls, auth, mail, rcpt, data, body,
body-received (after the dot, before the reply).
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One whole mail."""

    mail_from: str
    recipient: str
    data: bytes
    begun: float = 0.0
    """When the MAIL command came, in seconds of time.monotonic."""
    at: float = 0.0
    """When the last line had come, in seconds of time.monotonic."""
    connection: int = 0
    """The number of the connection that brought the mail."""

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed by the standard library."""
        parsed = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def _nothing(stage: str, recipient: str, times: int) -> Reply | None:
    del stage, recipient, times
    return None


@dataclass
class Relay:
    """The server: its script, and what it has seen.

    `tls` is as in a relay's URL: none, starttls or implicit. `lenient`: the server answers DATA
    with 354 though it refused the recipient; a body that then comes is a `stray`.
    """

    script: Script = _nothing
    pipelining: bool = True
    smtputf8: bool = True
    dsn: bool = False
    delay: float = 0.0
    delay_of: Callable[[str], float] = lambda _: 0.0
    """The seconds that the copies of a recipient take beyond `delay`."""
    tls: str = "none"
    certificate: str = "IP:127.0.0.1"
    login: bool = False
    offers_starttls: bool = True
    lenient: bool = False
    strays: list[bytes] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    refused: list[Received] = field(default_factory=list)
    """The mails that were read to their end, and then refused."""
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    port: int = 0
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    lag: float = 0.0
    """The most seconds by which the loop was late: times may be that much too late."""

    @property
    def url(self) -> str:
        """The URL for `relay_url`."""
        scheme = "smtps" if self.tls == "implicit" else "smtp"
        user = f"{quote(USER)}:{quote(PASSWORD)}@" if self.login else ""
        query = "?tls=none" if self.tls == "none" else ""
        return f"{scheme}://{user}127.0.0.1:{self.port}{query}"

    @property
    def recipients(self) -> Counter[str]:
        """How many copies each recipient got."""
        return Counter(mail.recipient for mail in self.received)

    def arrivals(self) -> list[float]:
        """When the last line of each mail had come, in order."""
        return sorted(mail.at for mail in self.received)

    def busiest(self, mails: Sequence[Received]) -> int:
        """How many of these mails were on their way at most at one time, from MAIL to last line."""
        ends = [(mail.begun, 1) for mail in mails] + [(mail.at, -1) for mail in mails]
        return max(itertools.accumulate(n for _, n in sorted(ends)))

    @contextmanager
    def running(self) -> Iterator[Relay]:
        """Listen on a free port of the loopback while the block inside runs."""
        loop = new_event_loop()
        ready: Future[int] = Future()
        ending = asyncio.Event()
        context = server_context(self.certificate) if self.tls == "implicit" else None

        async def serve() -> None:
            server = await asyncio.start_server(
                self._converse, "127.0.0.1", 0, limit=2**22, ssl=context
            )
            ready.set_result(server.sockets[0].getsockname()[1])
            while not ending.is_set():
                asked = time.monotonic() + LOOK_SECONDS
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), LOOK_SECONDS)
                self.lag = max(self.lag, time.monotonic() - asked)
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        self.port = ready.result(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(ending.set)
            thread.join(10)
            loop.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await Session(self, reader, writer).run()
        finally:
            writer.transport.abort()


class Session:
    """One client's connection."""

    def __init__(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.relay = relay
        self.reader = reader
        self.writer = writer
        self.number = relay.connections
        self.begun = 0.0
        self.mail_from: str | None = None
        self.recipients: list[str] = []
        self.secure = relay.tls == "implicit"

    async def run(self) -> None:
        """Greet the client, and answer line by line."""
        if not await self.answer("connect", "", "220 relay.example.org ESMTP"):
            return
        while line := (await self.reader.readline()).decode("utf-8", "replace").strip():
            self.relay.commands.append(line)
            verb, _, rest = line.partition(" ")
            if not await self.obey(verb.upper(), rest):
                return

    async def obey(self, verb: str, rest: str) -> bool:  # noqa: C901 (a command a case)
        """Obey one command; False ends the connection."""
        match verb:
            case "EHLO":
                offer = self.offer()
                lines = [f"250-{it}" for it in offer[:-1]] + [f"250 {offer[-1]}"]
                return await self.answer("ehlo", "", "\r\n".join(lines))
            case "STARTTLS":
                return await self.start_tls()
            case "AUTH":
                return await self.log_in(*rest.split(" "))
            case "MAIL":
                self.begun = time.monotonic()
                told = self.script("mail", _address(rest))
                if told is None or _begins(told, "2"):
                    self.mail_from = _address(rest)
                return await self.tell(told or "250 2.1.0 Ok")
            case "RCPT" if self.mail_from is None:
                return await self.tell("503 5.5.1 MAIL first")
            case "RCPT":
                recipient = _address(rest)
                told = self.script("rcpt", recipient)
                if told is None or _begins(told, "2"):
                    self.recipients.append(recipient)
                return await self.tell(told or "250 2.1.5 Ok")
            case "DATA":
                if not self.recipients and not self.relay.lenient:
                    return await self.tell("503 5.5.1 no valid recipients")
                told = self.script("data", self.recipients[-1] if self.recipients else "")
                if not await self.tell(told or "354 go on"):
                    return False
                return await self.body() if told is None or _begins(told, "354") else True
            case "RSET":
                self.reset()
                return await self.tell("250 2.0.0 Ok")
            case "QUIT":
                await self.tell("221 2.0.0 Bye")
                return False
        return await self.tell("502 5.5.2 what?")

    def offer(self) -> list[str]:
        """The extensions that EHLO names; with starttls, AUTH only after TLS has begun."""
        offered = ["relay.example.org", "SIZE 50000000", "8BITMIME"]
        if self.relay.smtputf8:
            offered.append("SMTPUTF8")
        if self.relay.pipelining:
            offered.append("PIPELINING")
        if self.relay.dsn:
            offered.append("DSN")
        if self.relay.tls == "starttls" and self.relay.offers_starttls and not self.secure:
            offered.append("STARTTLS")
        elif self.relay.login:
            offered.append("AUTH PLAIN LOGIN")
        return offered

    async def start_tls(self) -> bool:
        """Begin TLS in the middle of the connection."""
        told = self.script("starttls", "")
        if not await self.tell(told or "220 2.0.0 go on"):
            return False
        if told is None or _begins(told, "220"):
            await self.writer.start_tls(server_context(self.relay.certificate))
            self.secure = True
        return True

    async def log_in(self, method: str, first: str) -> bool:
        """Answer AUTH PLAIN, or AUTH LOGIN with the user's name in the first line."""
        given = base64.b64decode(first).decode().split("\0")
        if method == "LOGIN":
            await self.tell("334 UGFzc3dvcmQ6")
            given += [base64.b64decode(await self.reader.readline()).decode()]
        right = given[-2:] == [USER, PASSWORD]
        return await self.answer(
            "auth", method, "235 2.7.0 welcome" if right else "535 5.7.8 wrong password"
        )

    async def body(self) -> bool:
        """Read a body to its final dot; a mail that is answered with 250 counts as received."""
        recipient = self.recipients[-1] if self.recipients else ""
        if self.script("body", recipient) == DROP:
            return False
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        at = time.monotonic()
        if wait := self.relay.delay + self.relay.delay_of(recipient):
            await asyncio.sleep(wait)
        told = self.script("body-received", recipient)
        if not recipient:
            self.relay.strays.append(b"".join(lines))
        else:
            taken = told is None or _begins(told, "2")
            (self.relay.received if taken else self.relay.refused).append(
                Received(
                    self.mail_from or "", recipient, b"".join(lines), self.begun, at, self.number
                )
            )
        self.reset()
        return await self.tell(told or "250 2.0.0 Ok: queued as 4F1A2B3C")

    def script(self, stage: str, recipient: str) -> Reply | None:
        """Count the stage, and ask the test's script for a reply."""
        self.relay.times[stage, recipient] += 1
        return self.relay.script(stage, recipient, self.relay.times[stage, recipient])

    async def answer(self, stage: str, recipient: str, otherwise: str) -> bool:
        """Send the script's reply, else the usual one."""
        return await self.tell(self.script(stage, recipient) or otherwise)

    async def tell(self, reply: Reply) -> bool:
        """Send a reply; False if the connection ends with this reply."""
        if reply == DROP:
            return False
        if reply == STALL:
            await asyncio.sleep(3600)
        self.writer.write(reply if isinstance(reply, bytes) else reply.encode() + b"\r\n")
        await self.writer.drain()
        return not _begins(reply, "421")

    def reset(self) -> None:
        """Forget the transaction."""
        self.mail_from, self.recipients = None, []


def _begins(reply: Reply, code: str) -> bool:
    text = reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply
    return text.startswith(code)


def _address(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]
