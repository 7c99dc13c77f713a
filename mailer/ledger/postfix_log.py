"""A Postfix mail log, read for one question: which messages did the relay take into its queue?

`cleanup` names the Message-ID of a queue id while the message still comes in: a client that is lost
before the final dot leaves that very line, too. Only what comes after proves that the message was
taken: `qmgr` has it in the queue, or a delivery agent reports on it. What is not there proves
nothing.

Nobody can make a line count by writing a Message-ID of ours: its token is unforgeable, and whoever
knows it has had the copy.
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
_ADDRESS = re.compile(r"[^\s<>()\[\]=,;:\"']+@[^\s<>()\[\]=,;:\"']+")


@dataclass(frozen=True, slots=True)
class LeasedBatch:
    """A message that the relay took: whose, and the line that says most about it.

    The line stands in `log` as its `number`-th, and names nobody: addresses are left out.
    """

    delivery_id: int
    log: str
    number: int
    line: str


@dataclass(slots=True)
class _Open:
    """What is known so far of a queue id that may still be written about."""

    delivery_id: int
    log: str = ""
    number: int = 0
    line: bytes = b""


def read(
    logs: Iterable[tuple[str, Iterable[bytes]]], delivery_of: Callable[[str], int | None]
) -> Iterator[LeasedBatch]:
    """Every message that was taken and that `delivery_of` knows by its Message-ID.

    Logs are read one after the other as one, since a message may be half in each. Memory is needed
    for the messages that are known and still in the relay's queue, and for no others. One that was
    taken under several queue ids (a content filter gives it back) comes several times.
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
                    # A short queue id is used again as soon as its message is gone.
                    yield from _ended(opened.pop(key))
                elif _proves(match["daemon"], rest):
                    _keep(known, log, number, line)
    for known in opened.values():
        yield from _ended(known)


def _proves(daemon: bytes, rest: bytes) -> bool:
    """Whether this can only be said of a message in the queue."""
    if daemon in _QUEUE_MANAGERS:
        return rest.startswith(b"from=<")
    return rest.startswith(b"to=<") and _STATUS.search(rest) is not None


def _keep(known: _Open, log: str, number: int, line: bytes) -> None:
    """The latest word on its delivery says more than that it is in the queue."""
    if not known.line or _STATUS.search(line):
        known.log, known.number, known.line = log, number, line


def _ended(known: _Open | None) -> Iterator[LeasedBatch]:
    if known is not None and known.line:
        line = _ADDRESS.sub("…", " ".join(_text(known.line).split()))
        yield LeasedBatch(known.delivery_id, known.log, known.number, line[:LONGEST_DETAIL])


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace").replace("\0", "�")
