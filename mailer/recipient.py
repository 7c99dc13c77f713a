"""To whom one copy goes, as far as a letter needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class ListLine:
    """The list a copy goes out under."""

    id: int
    name: str
    title: str


class Recipient(NamedTuple):
    """One person and the delivery that is theirs; a tuple, which is made in a third of the time."""

    delivery_id: int
    subscriber_id: int
    email: str
    first_name: str
    last_name: str
    language: str
    attributes: Mapping[str, object]
    list: ListLine
    message_id: str = ""
    """"": whoever composes the copy makes it."""
