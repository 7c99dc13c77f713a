"""A real SMTP server for tests; the test says what the *server* does.

It runs in a thread of its own, so that it outlives any process under test, and it counts for
itself: `received` is what it answered 250 for after the final dot.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

DROP = "drop"
STALL = "stall"

Script = Callable[[str, str, int], str | None]
"""(stage, recipient, how often this recipient was at this stage) -> a reply, DROP, STALL or None.

Stages: connect, ehlo, mail, rcpt, data, body, body-received (after the dot, before the reply).
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One mail that was accepted."""

    mail_from: str
    recipient: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """Parsed by the standard library."""
        parsed = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def _nothing(stage: str, recipient: str, times: int) -> str | None:
    del stage, recipient, times
    return None


@dataclass
class Relay:
    """The server: its script, and what it has seen."""

    script: Script = _nothing
    pipelining: bool = True
    delay: float = 0.0
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    port: int = 0
    times: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """As `relay_url`."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    @property
    def recipients(self) -> Counter[str]:
        """How many copies each recipient got."""
        return Counter(mail.recipient for mail in self.received)

    @contextmanager
    def running(self) -> Iterator[Relay]:
        """Listen on a free port of the loopback until the end."""
        loop = asyncio.new_event_loop()
        ready: Future[int] = Future()
        ending = asyncio.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._converse, "127.0.0.1", 0, limit=2**22)
            ready.set_result(server.sockets[0].getsockname()[1])
            await ending.wait()
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
            await Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
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
        self.mail_from = ""
        self.recipients: list[str] = []

    async def run(self) -> None:
        """Greet, and answer line by line."""
        if not await self.answer("connect", "", "220 relay.example.org ESMTP"):
            return
        while line := (await self.reader.readline()).decode("utf-8", "replace").strip():
            self.relay.commands.append(line)
            verb, _, rest = line.partition(" ")
            if not await self.obey(verb.upper(), rest):
                return

    async def obey(self, verb: str, rest: str) -> bool:
        """One command; False ends the connection."""
        match verb:
            case "EHLO":
                offer = ["relay.example.org", "SIZE 50000000", "8BITMIME", "SMTPUTF8"]
                if self.relay.pipelining:
                    offer.append("PIPELINING")
                lines = [f"250-{it}" for it in offer[:-1]] + [f"250 {offer[-1]}"]
                return await self.answer("ehlo", "", "\r\n".join(lines))
            case "MAIL":
                self.mail_from = _address(rest)
                return await self.answer("mail", self.mail_from, "250 2.1.0 Ok")
            case "RCPT":
                recipient = _address(rest)
                told = self.script("rcpt", recipient)
                if told is None or told.startswith("2"):
                    self.recipients.append(recipient)
                return await self.tell(told or "250 2.1.5 Ok")
            case "DATA":
                if not self.recipients:
                    return await self.tell("503 5.5.1 no valid recipients")
                told = self.script("data", self.recipients[-1])
                if not await self.tell(told or "354 go on"):
                    return False
                return await self.body() if told is None or told.startswith("354") else True
            case "RSET":
                self.reset()
                return await self.tell("250 2.0.0 Ok")
            case "QUIT":
                await self.tell("221 2.0.0 Bye")
                return False
        return await self.tell("502 5.5.2 what?")

    async def body(self) -> bool:
        """Read to the final dot; what is answered 250 counts as received."""
        recipient = self.recipients[-1]
        if self.script("body", recipient) == DROP:
            return False
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.relay.delay:
            await asyncio.sleep(self.relay.delay)
        told = self.script("body-received", recipient)
        if told is None or told.startswith("2"):
            self.relay.received.append(Received(self.mail_from, recipient, b"".join(lines)))
        self.reset()
        return await self.tell(told or "250 2.0.0 Ok: queued as 4F1A2B3C")

    def script(self, stage: str, recipient: str) -> str | None:
        """What the test says about this stage, and how often it came."""
        self.relay.times[stage, recipient] += 1
        return self.relay.script(stage, recipient, self.relay.times[stage, recipient])

    async def answer(self, stage: str, recipient: str, otherwise: str) -> bool:
        """The script's reply, else the usual one."""
        return await self.tell(self.script(stage, recipient) or otherwise)

    async def tell(self, reply: str) -> bool:
        """Send a reply; False if the connection is to end with it."""
        if reply == DROP:
            return False
        if reply == STALL:
            await asyncio.sleep(3600)
        self.writer.write(reply.encode() + b"\r\n")
        await self.writer.drain()
        return not reply.startswith("421")

    def reset(self) -> None:
        """Forget the transaction."""
        self.mail_from, self.recipients = "", []


def _address(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]
