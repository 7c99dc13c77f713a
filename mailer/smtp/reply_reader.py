"""A relay's replies (RFC 5321, 4.2), read from bytes that the network may cut anywhere.

A relay is not trusted to keep to the rules. Bytes that are no reply, or a reply that does not end,
are a fault. Nothing after a fault is read, since nobody could tell which command it answers.
"""

from __future__ import annotations

import re

from mailer.outcomes import TEXT_LIMIT

LONGEST_LINE = 4_096
MOST_LINES = 100
SHOWN = 80

# SMTP does not use a first digit of 1, and 6 to 9 do not exist (section 4.2.1).
_CODES = {b"%d" % code: code for code in range(200, 600)}
_SIGNS = (b" ", b"-", b"\r", b"")
_REMEMBERED = 64
_CLASS = re.compile(r"[245](?:\.\d{1,3}){2} ")


class ReplyReader:
    """Takes bytes as they come, and returns whole replies: code, and all lines as one text.

    A text is cut to `TEXT_LIMIT` signs before anybody reads it.
    """

    __slots__ = ("_code", "_known", "_length", "_lines", "_partial", "_texts", "fault")

    def __init__(self) -> None:
        self._partial = b""
        self._code = 0
        self._texts: list[str] = []
        self._lines = self._length = 0
        # Replies of one line, already read: those to MAIL, RCPT and DATA are always the same.
        self._known: dict[bytes, tuple[int, str]] = {}
        self.fault = ""
        """Why nothing more is read; "" as long as all is well."""

    @property
    def in_the_middle(self) -> bool:
        """Whether a reply has begun and not ended; also after a fault."""
        return bool(self._partial or self._texts or self.fault)

    def feed(self, data: bytes) -> list[tuple[int, str]]:
        """The replies that end in these bytes; none after a fault."""
        replies: list[tuple[int, str]] = []
        if self.fault:
            return replies
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            if not self._texts and (known := self._known.get(line)) is not None:
                replies.append(known)
                continue
            code, sign = _CODES.get(line[:3]), line[3:4]
            if len(line) > LONGEST_LINE:
                return self._faulty(replies, "the reply is too long")
            if code is None or sign not in _SIGNS:
                return self._faulty(replies, f"the relay answered what is no reply: {_shown(line)}")
            text = _read(line[4:])
            if self._texts or sign == b"-":
                if self._texts and code != self._code:
                    return self._faulty(replies, f"a reply contradicts itself: {_shown(line)}")
                self._code = code
                self._keep(text)
                if self._lines > MOST_LINES:
                    return self._faulty(replies, "the reply is too long")
                if sign == b"-":
                    continue
                text = _joined(self._texts)
                self._texts, self._lines, self._length = [], 0, 0
            elif len(self._known) < _REMEMBERED:
                self._known[line] = (code, text)
            replies.append((code, text))
        if len(self._partial) > LONGEST_LINE:
            return self._faulty(replies, "the reply is too long")
        return replies

    def _keep(self, text: str) -> None:
        """Keep a line of a longer reply; what nobody reads is not kept: 100 lines may have 4 kB."""
        self._lines += 1
        if self._length < TEXT_LIMIT:
            self._texts.append(text)
            self._length += len(text) + 1

    def _faulty(self, replies: list[tuple[int, str]], why: str) -> list[tuple[int, str]]:
        self.fault = why
        self._partial = b""
        return replies


def printable(text: str) -> str:
    """A relay's text, safe to keep and to show.

    PostgreSQL takes no NUL, and a terminal obeys control characters.
    """
    return text if text.isprintable() else "".join(it if it.isprintable() else " " for it in text)


def _read(line: bytes) -> str:
    # A sign has four bytes at most, and no more than TEXT_LIMIT signs are kept.
    text = line[: 4 * TEXT_LIMIT].rstrip(b"\r").decode("utf-8", "replace")
    return printable(text[:TEXT_LIMIT])


def _shown(line: bytes) -> str:
    return _read(line[:SHOWN])


def _joined(texts: list[str]) -> str:
    """The lines of a reply as one text, with the enhanced code once (RFC 2034 section 4)."""
    found = _CLASS.match(texts[0])
    if found is None:
        return " ".join(texts)[:TEXT_LIMIT]
    return " ".join([texts[0], *(text.removeprefix(found[0]) for text in texts[1:])])[:TEXT_LIMIT]
