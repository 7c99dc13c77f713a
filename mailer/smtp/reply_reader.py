"""What a relay says: bytes, cut however the network likes, read into replies (RFC 5321, 4.2).

A relay is not trusted to keep to the rules: what is no reply, or has no end, is a fault, and
nothing after it is read, since nobody could tell which command it answers.
"""

from __future__ import annotations

import re

LONGEST_LINE = 4_096
MOST_LINES = 100
SHOWN = 80

# A first digit of 1 is not used by SMTP, and 6 to 9 are nothing at all (section 4.2.1).
_CODES = {b"%d" % code: code for code in range(200, 600)}
_SIGNS = (b" ", b"-", b"\r", b"")
_REMEMBERED = 64
_CLASS = re.compile(r"[245](?:\.\d{1,3}){2} ")


class ReplyReader:
    """Takes bytes as they come, and gives whole replies: code and text, several lines as one."""

    __slots__ = ("_code", "_known", "_partial", "_texts", "fault")

    def __init__(self) -> None:
        self._partial = b""
        self._code = 0
        self._texts: list[str] = []
        # Whole replies by their line: those to MAIL, RCPT and DATA are always the same.
        self._known: dict[bytes, tuple[int, str]] = {}
        self.fault = ""
        """Why nothing more is read; empty as long as all is well."""

    @property
    def in_the_middle(self) -> bool:
        """Whether a reply has begun that has not ended."""
        return bool(self._partial or self._texts or self.fault)

    def feed(self, data: bytes) -> list[tuple[int, str]]:
        """The replies that end in these bytes; after a fault, none."""
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
                return self._spoilt(replies, "the reply is too long")
            if code is None or sign not in _SIGNS:
                return self._spoilt(replies, f"the relay answered what is no reply: {_shown(line)}")
            text = _read(line[4:])
            if self._texts or sign == b"-":
                if self._texts and code != self._code:
                    return self._spoilt(replies, f"a reply contradicts itself: {_shown(line)}")
                self._code = code
                self._texts.append(text)
                if len(self._texts) > MOST_LINES:
                    return self._spoilt(replies, "the reply is too long")
                if sign == b"-":
                    continue
                text = _joined(self._texts)
                self._texts = []
            elif len(self._known) < _REMEMBERED:
                self._known[line] = (code, text)
            replies.append((code, text))
        if len(self._partial) > LONGEST_LINE:
            return self._spoilt(replies, "the reply is too long")
        return replies

    def _spoilt(self, replies: list[tuple[int, str]], why: str) -> list[tuple[int, str]]:
        self.fault = why
        self._partial = b""
        return replies


def printable(text: str) -> str:
    """What a relay said, as it may be kept and shown: PostgreSQL takes no NUL, a terminal obeys."""
    return text if text.isprintable() else "".join(it if it.isprintable() else " " for it in text)


def _read(line: bytes) -> str:
    return printable(line.rstrip(b"\r").decode("utf-8", "replace"))


def _shown(line: bytes) -> str:
    return _read(line[:SHOWN])


def _joined(texts: list[str]) -> str:
    """A reply of several lines as one text, its enhanced code once (RFC 2034 section 4)."""
    found = _CLASS.match(texts[0])
    if found is None:
        return " ".join(texts)
    return " ".join([texts[0], *(text.removeprefix(found[0]) for text in texts[1:])])
