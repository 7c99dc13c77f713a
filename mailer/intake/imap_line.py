"""The line to a server of IMAP: bounded in what is read and for how long, and cut from outside."""

from __future__ import annotations

import imaplib
import socket
import threading
import time
from contextlib import suppress
from typing import Any

SECONDS = 20.0
"""For each piece of an answer."""
MOST_OCTETS = 4_000_000
"""Of all that answers one command: a mail's beginning, or a list of numbers."""
ANSWER_SECONDS = 120.0
"""For all that answers one command; a server may send an octet now and then for ever."""
_PIECE = 65_536


class Line:
    """One connection, which another thread may cut: what waits for an answer then fails at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def opened(self, sock: socket.socket) -> None:
        """Note the connection, once there is one."""
        with self._lock:
            self._socket = sock
            if self._is_cut:
                _shut(sock)

    def cut(self) -> None:
        """End the connection, now or as soon as it is there."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                _shut(self._socket)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        # Not that of a TLS socket, which would take the session from whoever reads by it.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Bounded:
    """What a server may send for one command: so much, and for so long."""

    sock: socket.socket

    def __init__(self, *words: Any, line: Line, **named: Any) -> None:
        self._line = line
        self._read = bytearray()
        self.begins_answer()
        super().__init__(*words, **named)

    def open(self, *words: Any, **named: Any) -> None:
        """Open the connection; imaplib calls this."""
        # A mixin: imaplib's class, which has this method, comes behind it.
        super().open(*words, **named)  # type: ignore[misc]
        self._line.opened(self.sock)

    def begins_answer(self) -> None:
        """Count anew: what comes from now on answers something else."""
        self._octets = 0
        self._ends = time.monotonic() + ANSWER_SECONDS

    def has_read(self) -> bool:
        """Whether something was read already, together with what came before it."""
        pending = getattr(self.sock, "pending", None)
        return bool(self._read) or bool(pending and pending())

    def read(self, size: int) -> bytes:
        """So many octets; imaplib reads literals by this."""
        if size > MOST_OCTETS:
            raise imaplib.IMAP4.abort(f"a literal of {size} octets")
        while len(self._read) < size:
            self._more()
        return self._taken(size)

    def readline(self) -> bytes:
        """A line with its end."""
        seen = 0
        while (end := self._read.find(b"\n", seen)) < 0:
            seen = len(self._read)
            self._more()
        return self._taken(end + 1)

    def _command(self, name: str, *words: Any) -> Any:
        self.begins_answer()
        # As in open(): the method is that of imaplib's class.
        return super()._command(name, *words)  # type: ignore[misc]

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def _more(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise imaplib.IMAP4.abort(f"an answer that goes on for {ANSWER_SECONDS:.0f} s")
        self.sock.settimeout(min(SECONDS, left))
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise imaplib.IMAP4.abort("it hung up")
        self._octets += len(piece)
        if self._octets > MOST_OCTETS:
            raise imaplib.IMAP4.abort(f"an answer of over {MOST_OCTETS} octets")
        self._read += piece


class PlainLine(_Bounded, imaplib.IMAP4):
    """A connection in clear text."""


class SecureLine(_Bounded, imaplib.IMAP4_SSL):
    """A connection by TLS."""
