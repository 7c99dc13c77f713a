"""A server of IMAP that says what a test wants, and else what a good one says."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailer.intake.imap_client import MailboxPlan

Answer = Callable[[socket.socket, str, str], bool]
"""(connection, tag, command) -> whether the usual answer is not to be given."""
USUAL = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 UIDPLUS",
    "LOGIN": "",
    "SELECT": "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok",
    "LOGOUT": "* BYE",
}


@contextmanager
def server(answer: Answer) -> Iterator[MailboxPlan]:
    """A server that answers as `answer` says, and else as a good one does."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"* OK hello\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                if answer(self.request, tag, command):
                    continue
                usual = USUAL.get(command.split()[0], "")
                said = f"{usual}\r\n" if usual else ""
                self.request.sendall(f"{said}{tag} OK done\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as it:
        it.daemon_threads = True
        it.block_on_close = False
        threading.Thread(target=it.serve_forever, args=(0.01,), daemon=True).start()
        try:
            url = f"imap://u:secret@127.0.0.1:{it.server_address[1]}"
            yield MailboxPlan.parse("imap", url)
        finally:
            it.shutdown()


def usual(connection: socket.socket, tag: str, command: str) -> bool:
    del connection, tag, command
    return False


def on(word: str, reply: str) -> Answer:
    """Answer one command with this; {tag} is its tag."""

    def answer(connection: socket.socket, tag: str, command: str) -> bool:
        if word not in command:
            return False
        connection.sendall(reply.format(tag=tag).encode())
        return True

    return answer
