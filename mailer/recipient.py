"""The person to whom a copy goes, as far as a letter needs to know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class ListLine:
    """The list under which a copy goes out."""

    id: int
    name: str
    title: str


class Recipient(NamedTuple):
    """One person and their delivery; a tuple, because it is made in a third of the time."""

    delivery_id: int
    subscriber_id: int
    email: str
    first_name: str
    last_name: str
    language: str
    attributes: Mapping[str, object]
    list: ListLine
    message_id: str = ""
    """If "", the composer makes it."""
