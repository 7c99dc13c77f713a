"""Who does something: an account of the office, or a user of the operating system."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Self

LONGEST = 200
"""The length of the columns that keep an actor's text."""

_NUMBER = re.compile(r" \(#(\d{1,18})(?:, ([^()]*))?\)\Z")


class ActorKind(enum.Enum):
    """What an actor is known by."""

    ACCOUNT = "account"
    SYSTEM = "system"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, with the name at that time.

    `said_by` is the operating system's user who named the account on the command line. It is empty
    where the account itself signed in.
    """

    kind: ActorKind
    name: str = ""
    account_id: int | None = None
    said_by: str = ""

    @classmethod
    def account(cls, account_id: int, name: str, *, said_by: str = "") -> Self:
        """An account; `said_by` if a user of the operating system says so on the command line."""
        return cls(ActorKind.ACCOUNT, name, account_id, said_by)

    @classmethod
    def system(cls, user: str) -> Self:
        """A user of the operating system, who has the shell and therefore the database."""
        return cls(ActorKind.SYSTEM, user)

    @classmethod
    def nobody(cls) -> Self:
        """A visitor who has not signed in."""
        return cls(ActorKind.NOBODY)

    @property
    def text(self) -> str:
        """What is kept in `created_by`, `approved_by` and `entered_by`; 200 characters at most.

        "Anne Martin (#3)", "Anne Martin (#3, anne)" if anne says so on the command line, "anne".
        Only an account's text ends with its number, whatever its person or a user is called.
        """
        if self.account_id is None:
            return _bare(self.name)[:LONGEST]
        said_by = f", {_bare(self.said_by)[:64]}" if self.said_by else ""
        end = f" (#{self.account_id}{said_by})"
        return _clean(self.name)[: LONGEST - len(end)] + end


NOBODY = Actor.nobody()
"""Who leaves by a link, or the program itself: nothing is kept of them."""


def kept(text: str) -> Actor:
    """The actor whose text was kept in a column; nobody if it is empty."""
    if not text:
        return NOBODY
    if (found := _NUMBER.search(text)) is None:
        return Actor.system(text)
    return Actor.account(int(found[1]), text[: found.start()], said_by=found[2] or "")


def is_same(one: str, other: str) -> bool:
    """Whether two kept texts are of one actor: of one account, whatever it was called then."""
    numbers = [found[1] if (found := _NUMBER.search(it)) else None for it in (one, other)]
    if numbers == [None, None]:
        return one == other
    return numbers[0] == numbers[1]


def _clean(text: str) -> str:
    return "".join(it if it.isprintable() else " " for it in text)


def _bare(text: str) -> str:
    return _clean(text).replace("(", "").replace(")", "")
