"""A Postfix mail log, read for one question: which messages did the relay take into its queue?

`cleanup` logs the Message-ID of a queue id while the message is still coming in. A client that is
lost before the final dot leaves the same line. Only a later line proves that the message was taken:
`qmgr` has it in the queue, or a delivery agent reports on it. A missing line proves nothing.

Nobody can forge a proof by writing one of our Message-IDs: its token is unforgeable, and a person
who knows the token has received the copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LONGEST_DETAIL = 400

_LINE = re.compile(
    rb"(?:<\d{1,3}>)?"
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]{5,20}(?:Z|[+-]\d\d:?\d\d)?) "
    rb"(?P<host>\S+) (?P<instance>[^\s/\[]+)/(?:[^\s/\[]+/)*(?P<daemon>[a-z]+)\[\d+\]: "
    # Short queue ids are hexadecimal, long ones (enable_long_queue_ids) have most letters.
    rb"(?P<queue_id>[0-9A-Za-z]{6,24}): (?P<rest>.*)",
    re.DOTALL,
)
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
class _Open:
    """What is known so far about a queue id that further lines may name."""

    delivery_id: int
    log: str = ""
    number: int = 0
    line: bytes = b""


def read(
    logs: Iterable[tuple[str, Iterable[bytes]]], delivery_of: Callable[[str], int | None]
) -> Iterator[TakenMessage]:
    """Every message that the relay took and that `delivery_of` knows by its Message-ID.

    The logs are read one after the other as one log, since the lines of a message may lie in two.
    Memory is used only for known messages that are still in the relay's queue. A message that was
    taken under several queue ids (a content filter returned it) comes several times.
    """
    opened: dict[tuple[bytes, bytes, bytes], _Open] = {}
    for log, lines in logs:
        for number, line in enumerate(lines, 1):
            match = _LINE.match(line)
            if match is None:
                continue
            key = match["host"], match["instance"], match["queue_id"]
            rest = match["rest"]
            if match["daemon"] == b"cleanup" and rest.startswith(_MESSAGE_ID):
                yield from _ended(opened.pop(key, None))
                delivery_id = delivery_of(_text(rest[len(_MESSAGE_ID) :]).strip())
                if delivery_id is not None:
                    opened[key] = _Open(delivery_id)
            elif known := opened.get(key):
                if rest.startswith(_BEGINNINGS) or rest.strip() == b"removed":
                    # Postfix uses a short queue id again as soon as its message is gone.
                    yield from _ended(opened.pop(key))
                elif _proves(match["daemon"], rest):
                    _keep(known, log, number, line)
    for known in opened.values():
        yield from _ended(known)


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
