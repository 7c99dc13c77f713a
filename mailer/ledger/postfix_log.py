"""A Postfix mail log, read for one question: which messages did the relay take into its queue?

`cleanup` logs the Message-ID of a queue id while the message is still coming in. A client that is
lost before the final dot leaves the same line. Only a later line proves that the message was taken:
`qmgr` has it in the queue, or a delivery agent reports on it. A missing line proves nothing.

Nobody can forge a proof by writing one of our Message-IDs: its token is unforgeable, and a person
who knows the token has received the copy.

What carries a log writes something before each line: docker and Kubernetes, journald, a syslog
server that passes lines on, RFC 5424. So a line is read from Postfix's own tag on, as in
"postfix/qmgr[812]:"; the first in the line is the true one, and the host stands before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LONGEST_DETAIL = 400

_LONGEST_PREFIX = 300
_LONGEST_JSON = 65_536
_DAEMONS = (
    rb"anvil|bounce|cleanup|discard|error|flush|lmtp|local|master|nqmgr|oqmgr|pickup|pipe|"
    rb"postfix-script|postlogd|postscreen|postsuper|qmgr|scache|smtp|smtpd|tlsmgr|tlsproxy|"
    rb"trivial-rewrite|verify|virtual"
)
# "postfix/qmgr[812]: ", or by RFC 5424 "postfix/qmgr 812 - - " with a byte order mark or without.
_TAG = re.compile(
    rb"(?<![^\s|:])(?P<instance>[^\s/\[\]]{1,64})/(?:[^\s/\[\]]{1,64}/){0,3}"
    rb"(?P<daemon>" + _DAEMONS + rb")"
    rb"(?:\[\d{1,10}\]:|\ \d{1,10}\ \S{1,32}\ (?:-|\[[^\]]{0,200}\]))\ (?:\xef\xbb\xbf)?"
)
# Short queue ids are hexadecimal, long ones (enable_long_queue_ids) have most letters.
_SAID = re.compile(rb"(?P<queue_id>[0-9A-Za-z]{6,24}): (?P<rest>.*)", re.DOTALL)
_MESSAGE_ID = b"message-id="
_BEGINNINGS = (b"client=", b"uid=")
_QUEUE_MANAGERS = (b"qmgr", b"nqmgr", b"oqmgr")
_STATUS = re.compile(rb", status=([a-z]+)")
_WORD = re.compile(r"[^\s<>()\[\]=,;:\"']++")


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message that the relay took: its delivery, and the line that says most about it.

    The line is the `number`-th of `log`, counted from 1. Addresses in it are replaced by "…".
    """

    delivery_id: int
    log: str
    number: int
    line: str


@dataclass(slots=True)
class Seen:
    """How many lines were read, and how many of them were Postfix's."""

    lines: int = 0
    of_postfix: int = 0


@dataclass(slots=True)
class _Open:
    """What is known so far about a queue id that further lines may name."""

    delivery_id: int
    log: str = ""
    number: int = 0
    line: bytes = b""


def read(
    logs: Iterable[tuple[str, Iterable[bytes]]],
    delivery_of: Callable[[str], int | None],
    seen: Seen | None = None,
) -> Iterator[TakenMessage]:
    """Every message that the relay took and that `delivery_of` knows by its Message-ID.

    `seen` counts what was read.
    The logs are read one after the other as one log, since the lines of a message may lie in two.
    Memory is used only for known messages that are still in the relay's queue. A message that was
    taken under several queue ids (a content filter returned it) comes several times.
    """
    opened: dict[tuple[bytes, bytes, bytes], _Open] = {}
    seen = seen or Seen()
    for log, lines in logs:
        for number, written in enumerate(lines, 1):
            seen.lines += 1
            line = _unwrapped(written) if written.startswith(b"{") else written
            tag = _TAG.search(line, 0, _LONGEST_PREFIX)
            if tag is None:
                continue
            seen.of_postfix += 1
            match = _SAID.match(line, tag.end())
            if match is None:
                continue
            host = line[: tag.start()].split()[-1:] or [b""]
            key = host[0], tag["instance"], match["queue_id"]
            rest = match["rest"]
            if tag["daemon"] == b"cleanup" and rest.startswith(_MESSAGE_ID):
                yield from _ended(opened.pop(key, None))
                delivery_id = delivery_of(_text(rest[len(_MESSAGE_ID) :]).strip())
                if delivery_id is not None:
                    opened[key] = _Open(delivery_id)
            elif known := opened.get(key):
                if rest.startswith(_BEGINNINGS) or rest.strip() == b"removed":
                    # Postfix uses a short queue id again as soon as its message is gone.
                    yield from _ended(opened.pop(key))
                elif _proves(tag["daemon"], rest):
                    _keep(known, log, number, line)
    for known in opened.values():
        yield from _ended(known)


def _unwrapped(line: bytes) -> bytes:
    """The line within a line of JSON, as docker's files and `journalctl -o json` have it."""
    try:
        document = json.loads(line[:_LONGEST_JSON])
    except (ValueError, RecursionError):
        return line
    if not isinstance(document, dict):
        return line
    if isinstance(within := document.get("log"), str):
        return within.encode(errors="replace")
    told = [document.get(name) for name in ("_HOSTNAME", "SYSLOG_IDENTIFIER", "MESSAGE")]
    if not all(isinstance(it, str) for it in told):
        return line
    host, tag, message = told
    return f"{host} {tag}[0]: {message}".encode(errors="replace")


def _proves(daemon: bytes, rest: bytes) -> bool:
    """Whether the line can only be about a message in the queue."""
    if daemon in _QUEUE_MANAGERS:
        return rest.startswith(b"from=<")
    return rest.startswith(b"to=<") and _STATUS.search(rest) is not None


def _keep(known: _Open, log: str, number: int, line: bytes) -> None:
    """Keep the line that says most: the latest delivery status, else the first line."""
    if not known.line or _STATUS.search(line):
        known.log, known.number, known.line = log, number, line


def _ended(known: _Open | None) -> Iterator[TakenMessage]:
    if known is not None and known.line:
        line = _WORD.sub(_without_addresses, " ".join(_text(known.line).split()))
        yield TakenMessage(known.delivery_id, known.log, known.number, line[:LONGEST_DETAIL])


def _without_addresses(word: re.Match[str]) -> str:
    return "…" if "@" in word[0].strip("@") else word[0]


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace").replace("\0", "�")
