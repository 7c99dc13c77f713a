"""Texts that name a recipient in a line, and say below, or behind it, what became of the copy.

So write qmail, Exim, Postfix, OpenSMTPD, Sendmail, Exchange and Notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailer.bounces import addresses, phrases, stages
from mailer.bounces.report import Action, Recipient

MOST = 100
LONGEST = phrases.LOOKED_AT + 1
"""Signs of what is said of one recipient; what is cut off so is seen to be long."""


def recipients(text: str, action: Action = Action.FAILED) -> Sequence[Recipient]:
    """The recipients that lines of a text begin with, each with what is said below."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        head, rest = _head(line)
        if head:
            if head not in found and len(found) >= MOST:
                break
            current = found.setdefault(head, [])
            if rest:
                current.append(rest)
        elif current is not None:
            if not line.strip() and current:
                current = None
            elif line.strip():
                current.append(line.strip())
    return [_recipient(address, said, action) for address, said in found.items()]


def _head(line: str) -> tuple[str, str]:
    """The address that a line begins with, and what follows it; "" if it begins with none."""
    said = line.strip()
    if "@" not in said:
        return "", ""
    first, _, rest = said.partition(" ")
    found = addresses.bare(first.removeprefix("mailto:"))
    if not found:
        return "", ""
    # "a@example.org wrote:" is no report; "<a@example.org>:" and an address alone are.
    alone = not rest.strip() or first.endswith((":", ">", "...")) or rest.startswith(("(", "on "))
    return (found, rest.strip(" :")) if alone else ("", "")


def _recipient(address: str, said: Sequence[str], action: Action) -> Recipient:
    diagnostic = " ".join(said)[:LONGEST]
    return Recipient(address, action, status_in(diagnostic), diagnostic, stages.told(diagnostic))


def status_in(text: str) -> str:
    """The enhanced code that a text holds, the last if it holds several; else ""."""
    return next(iter([*codes(text)][-1:]), "")


def codes(text: str) -> Iterator[str]:
    """Yield the enhanced codes of a text: "5.1.1", "(#5.1.1)", "550-5.1.1"."""
    for word in text[:LONGEST].replace("-", " ").split():
        bare = word.strip("()[]#<>,;:.\"'")
        pieces = bare.split(".")
        if (
            len(pieces) == 3 and pieces[0] in ("2", "4", "5")
            and all(it.isdigit() and it.isascii() and len(it) <= 3 for it in pieces)
        ):  # fmt: skip
            yield bare
