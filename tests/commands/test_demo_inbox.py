"""The demo's inbox: what it accepts, what it refuses, and how it keeps its mails."""

from __future__ import annotations

import asyncio
import mailbox
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.demo.inbox import Inbox

REPLIES = {
    "nobody@example.org": "550 5.1.1 No such user",
    "full@example.org": "552 5.2.2 Mailbox full",
    "Later@example.org": "451 4.7.1 Come back",
}


class Client:
    """A client that writes commands and reads reply by reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def reply(self) -> str:
        lines = [await self._reader.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(await self._reader.readline())
        return b"".join(lines).decode()

    async def say(self, *commands: str) -> list[str]:
        """Write all commands at once (RFC 2920); the reply to each."""
        self.writer.write("".join(f"{it}\r\n" for it in commands).encode())
        return [await self.reply() for _ in commands]


class Post:
    """A running inbox, its folder, and a client that has said EHLO."""

    def __init__(self, inbox: Inbox, folder: Path, client: Client, deferred: list[str]) -> None:
        self.inbox = inbox
        self.folder = folder
        self.client = client
        self.deferred = deferred

    async def send(self, recipient: str, content: str = "Subject: x\r\n\r\nText\r\n") -> list[str]:
        """Send one copy, with its commands in one write; the replies."""
        replies = await self.client.say(
            "MAIL FROM:<bounce+1@example.org>", f"RCPT TO:<{recipient}>", "DATA"
        )
        if replies[-1].startswith("354"):
            replies += await self.client.say(f"{content}.")
        else:
            await self.client.say("RSET")
        return [reply[:3] for reply in replies]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    deferred: list[str] = []

    async def on_deferred(address: str) -> None:
        deferred.append(address)

    folder = tmp_path / "inbox"
    inbox = Inbox(folder, REPLIES, on_deferred)
    url = await inbox.start()
    port = int(url.rpartition(":")[2].partition("?")[0])
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    await client.reply()
    (greeting,) = await client.say("EHLO test.example.org")
    assert {"PIPELINING", "8BITMIME", "SMTPUTF8"} <= set(greeting.replace("-", " ").split())
    yield Post(inbox, folder, client, deferred)
    client.writer.close()
    await client.writer.wait_closed()
    await inbox.stop()


async def test_what_is_accepted_lies_whole_in_a_maildir(post: Post) -> None:
    content = "Subject: Lettre\r\n\r\n..a dot\r\nlast\r\n"
    assert await post.send("a@example.org", content) == ["250", "250", "354", "250"]
    (mail,) = mailbox.Maildir(post.folder)
    assert mail["Return-Path"] == "<bounce+1@example.org>"
    assert mail["Delivered-To"] == "a@example.org"
    assert mail["Subject"] == "Lettre"
    assert mail.get_payload() == ".a dot\nlast\n"
    assert list((post.folder / "tmp").iterdir()) == []


async def test_refused_addresses_are_refused_at_each_try_and_the_next_copy_gets_its_own_answer(
    post: Post,
) -> None:
    for _ in range(2):
        assert (await post.send("nobody@example.org"))[1] == "550"
        assert (await post.send("FULL@example.org"))[1] == "552"
        assert (await post.send("b@example.org"))[-1] == "250"
    assert post.inbox.accepted == 2


async def test_a_deferred_address_is_told_of_and_welcome_at_the_second_try(post: Post) -> None:
    assert (await post.send("later@example.org"))[1] == "451"
    assert post.deferred == ["later@example.org"]
    assert await post.send("later@example.org") == ["250", "250", "354", "250"]
    assert post.deferred == ["later@example.org"]


async def test_names_sort_as_mails_arrived(post: Post) -> None:
    for n in range(30):
        await post.send(f"member{n}@example.org")
    names = sorted(path.name for path in (post.folder / "new").iterdir())
    texts = [(post.folder / "new" / name).read_text() for name in names]
    assert [f"Delivered-To: member{n}@" in text for n, text in enumerate(texts)] == [True] * 30


async def test_an_address_with_accents_is_taken(post: Post) -> None:
    replies = await post.client.say(
        "MAIL FROM:<bounce+1@example.org> SMTPUTF8 BODY=8BITMIME",
        "RCPT TO:<zoé@example.org>",
        "DATA",
        "Subject: x\r\n\r\nTexte\r\n.",
    )
    assert replies[-1].startswith("250")
