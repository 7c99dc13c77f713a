"""An event of a relay, as a report: what became of one copy, or what a person did with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.bounces.judging import judge
from mailer.bounces.report import (
    Action,
    How,
    Judged,
    Kind,
    Reason,
    Recipient,
    Report,
    Verdict,
    Weight,
)

Document = Mapping[str, Any]
DEEPEST = 20
"""How many lists and tables of an event may stand within each other."""
MOST = 1_000
"""Events of one request."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a relay tells: the report, and where the copy's token stands.

    `fields` are header fields of the letter (their names in small letters); `marks` are values of
    the header that names the copy.
    """

    report: Report
    fields: Sequence[tuple[str, str]] = ()
    marks: Sequence[str] = ()


UNKNOWN = Report(Kind.OTHER, How.RELAY)
"""An event that no table knows: it is kept and counted, and nothing follows."""


class NoEvents(Exception):
    """A request's body holds no events."""


def parsed(body: bytes) -> list[Document]:
    """The events in the body of a request, as JSON; raises NoEvents."""
    if too_deep(body):
        raise NoEvents
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NoEvents from None
    return checked(found if isinstance(found, list) else [found])


def checked(rows: list[Any]) -> list[Document]:
    """The events, if they are not too many, and each is a table; else raises NoEvents."""
    if len(rows) > MOST or not all(isinstance(it, dict) for it in rows):
        raise NoEvents
    return rows


def too_deep(body: bytes) -> bool:
    """Whether a text of JSON is nested too deep; its parser would go as deep as the text."""
    return _depth(body) > DEEPEST


def failed(address: str, status: str, said: str, reason: Reason | None = None) -> Report:
    """The relay gave up; `reason` if its own word says more than code and words do."""
    recipient = Recipient(address, Action.FAILED, status, said)
    verdict = judge(recipient)
    if reason is not None and verdict.reason in (Reason.OTHER, Reason.EXPIRED):
        verdict = Verdict(reason, _OF_A_WORD.get(reason, Weight.TEMPORARY))
    return Report(Kind.FAILURE, How.RELAY, [Judged(recipient, verdict)])


_OF_A_WORD = {
    Reason.UNKNOWN_USER: Weight.LIKELY,
    Reason.UNKNOWN_HOST: Weight.LIKELY,
    Reason.SPAM: Weight.POLICY,
    Reason.POLICY: Weight.POLICY,
    Reason.CONTENT: Weight.POLICY,
    Reason.TOO_LARGE: Weight.POLICY,
    Reason.AUTH: Weight.POLICY,
    Reason.RATE: Weight.POLICY,
}
"""What a relay's word alone weighs: a word is never certain."""


def listed(address: str, said: str) -> Report:
    """The relay did not even try: the address stands on a list of its own."""
    verdict = Verdict(Reason.PROVIDER_LIST, Weight.POLICY)
    recipient = Recipient(address, Action.FAILED, "", said)
    return Report(Kind.FAILURE, How.RELAY, [Judged(recipient, verdict)])


def delayed(address: str, status: str, said: str) -> Report:
    """The relay will try again."""
    recipient = Recipient(address, Action.DELAYED, status, said)
    return Report(Kind.DELAY, How.RELAY, [Judged(recipient, judge(recipient))])


def delivered(address: str) -> Report:
    """The provider's server took the copy."""
    recipient = Recipient(address, Action.DELIVERED)
    return Report(Kind.SUCCESS, How.RELAY, [Judged(recipient, judge(recipient))])


def complained(address: str) -> Report:
    """The person marked the letter as spam."""
    verdict = Verdict(Reason.COMPLAINT, Weight.COMPLAINT)
    return Report(Kind.COMPLAINT, How.RELAY, [Judged(Recipient(address), verdict)])


def left(address: str) -> Report:
    """The person asked the relay to be taken off."""
    del address  # whose it is, the token says
    return Report(Kind.LEAVE, How.RELAY)


def text_of(document: Document, *names: str) -> str:
    """The first of these values that is a text or a number, as one line; else ""."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return " ".join(str(value).replace("\0", " ").split())[:1_000]
    return ""


def within(document: Document, name: str) -> Document:
    """A table within a document; an empty one if there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def tables(document: Document, name: str) -> Iterable[Document]:
    """The tables of a list within a document."""
    found = document.get(name)
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def fields_of(document: Document, name: str) -> list[tuple[str, str]]:
    """Header fields that a relay lists as {"name": …, "value": …}, or as one table."""
    found = document.get(name)
    if isinstance(found, dict):
        pairs = [(key, value) for key, value in found.items() if isinstance(value, str)]
    else:
        pairs = [
            (text_of(it, "name", "key"), text_of(it, "value")) for it in tables(document, name)
        ]
    return [(key.lower(), value) for key, value in pairs[:100]]


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for sign in _brackets(body):
        depth += 1 if sign in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


def _brackets(body: bytes) -> bytes:
    """The brackets of a text that stand in no string; strings are cut out by their quotes."""
    pieces = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
    return b"".join(pieces[::2]).translate(None, _OTHERS)


_OTHERS = bytes(it for it in range(256) if it not in b"[]{}")
