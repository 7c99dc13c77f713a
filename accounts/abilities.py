"""What each right lets an account do, as a table; and what one account was granted."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self


class Right(enum.Enum):
    """What an account is given, for named lists or for all."""

    AUTHOR = "author"
    SENDER = "sender"
    KEEPER = "keeper"
    READER = "reader"
    WHO = "who"
    RIGHTS = "rights"
    OPERATOR = "operator"


class Ability(enum.Enum):
    """One thing that a page or a command does, as fine as the pages need it."""

    SEE_DRAFTS = "see_drafts"
    WRITE_DRAFTS = "write_drafts"
    SEND_TEST = "send_test"
    APPROVE = "approve"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    SETTLE = "settle"
    RETRY = "retry"
    SEE_SENDINGS = "see_sendings"
    SEE_NUMBERS = "see_numbers"
    SEE_COPIES = "see_copies"
    SEE_PEOPLE = "see_people"
    ADD_PEOPLE = "add_people"
    EDIT_PEOPLE = "edit_people"
    IMPORT_PEOPLE = "import_people"
    UNDO_IMPORT = "undo_import"
    SYNC_PEOPLE = "sync_people"
    NOES = "noes"
    REQUESTS = "requests"
    ACCESS = "access"
    ERASURE = "erasure"
    PROOF = "proof"
    WHO_LOOKED = "who_looked"
    ACCOUNTS = "accounts"
    RELAYS = "relays"
    WORKERS = "workers"
    HEALTH = "health"
    BACKUPS = "backups"
    RETENTION = "retention"
    AUDIT = "audit"


MAY: Mapping[Right, frozenset[Ability]] = {
    # SEE_SENDINGS opens the page of a sending, which then asks what its state needs.
    Right.AUTHOR: frozenset(
        {Ability.SEE_DRAFTS, Ability.WRITE_DRAFTS, Ability.SEND_TEST, Ability.SEE_SENDINGS}
    ),
    # Who approves a letter has to read it, and who sees a sending sees its numbers.
    Right.SENDER: frozenset(
        {
            Ability.SEE_DRAFTS,
            Ability.APPROVE,
            Ability.RELEASE,
            Ability.PAUSE,
            Ability.RESUME,
            Ability.CANCEL,
            Ability.SETTLE,
            Ability.RETRY,
            Ability.SEE_SENDINGS,
            Ability.SEE_NUMBERS,
        }
    ),
    Right.KEEPER: frozenset(
        {
            Ability.SEE_PEOPLE,
            Ability.ADD_PEOPLE,
            Ability.EDIT_PEOPLE,
            Ability.IMPORT_PEOPLE,
            Ability.UNDO_IMPORT,
            Ability.SYNC_PEOPLE,
            Ability.NOES,
        }
    ),
    Right.READER: frozenset({Ability.SEE_NUMBERS, Ability.SEE_SENDINGS}),
    Right.WHO: frozenset({Ability.SEE_NUMBERS, Ability.SEE_COPIES, Ability.SEE_SENDINGS}),
    Right.RIGHTS: frozenset(
        {Ability.REQUESTS, Ability.ACCESS, Ability.ERASURE, Ability.PROOF, Ability.WHO_LOOKED}
    ),
    Right.OPERATOR: frozenset(
        {
            Ability.ACCOUNTS,
            Ability.RELAYS,
            Ability.WORKERS,
            Ability.HEALTH,
            Ability.BACKUPS,
            Ability.RETENTION,
            Ability.AUDIT,
        }
    ),
}

ONLY_ON_ALL = frozenset({Right.RIGHTS, Right.OPERATOR})
"""Rights that are of all lists or of none: what they are for belongs to no list."""

NEED_TWO_FACTORS = frozenset({Right.SENDER, Right.KEEPER, Right.RIGHTS, Right.OPERATOR})
"""Rights whose holders sign in with two factors, whatever the settings say."""


@dataclass(frozen=True, slots=True)
class OnLists:
    """Which lists something is granted for: all, or those with these ids; none is false."""

    every: bool = False
    ids: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.every or bool(self.ids)

    def cover(self, lists: Collection[int]) -> bool:
        """Whether all of these lists are among them; what belongs to no list needs every list."""
        return self.every or (bool(lists) and self.ids.issuperset(lists))

    def among(self, lists: Iterable[int]) -> list[int]:
        """Those of these lists that are among them, in the same order."""
        return [it for it in lists if self.every or it in self.ids]


@dataclass(frozen=True, slots=True)
class Granted:
    """The rights of one account, each on some lists."""

    rights: Mapping[Right, OnLists]

    @classmethod
    def of(cls, rows: Iterable[tuple[Right, int | None]]) -> Self:
        """From pairs of a right and a list's id, which is None for all lists."""
        found: dict[Right, OnLists] = {}
        for right, list_id in rows:
            before = found.get(right, OnLists())
            found[right] = OnLists(
                before.every or list_id is None,
                before.ids if list_id is None else before.ids | {list_id},
            )
        return cls(found)

    def lists_for(self, ability: Ability) -> OnLists:
        """The lists on which the account may do this."""
        given = [lists for right, lists in self.rights.items() if ability in MAY[right]]
        return OnLists(any(it.every for it in given), frozenset().union(*(it.ids for it in given)))

    def may(self, ability: Ability, lists: Collection[int] = ()) -> bool:
        """Whether the account may do this to something that belongs to all of these lists.

        What belongs to no list, such as a relay, takes a right on all lists.
        """
        return self.lists_for(ability).cover(lists)

    def may_somewhere(self, ability: Ability) -> bool:
        """Whether there is any list on which the account may do this."""
        return bool(self.lists_for(ability))

    @property
    def needs_two_factors(self) -> bool:
        """Whether one of the rights is for people with two factors only."""
        return not NEED_TWO_FACTORS.isdisjoint(self.rights)
