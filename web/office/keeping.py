"""What somebody typed into a form whose session was over: it waits within the sign-in page.

Nothing is kept on the server. Secrets are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from web.office.address import path_of_ours

SECRET = frozenset({"token", "password", "old", "again", "code", "answer", "kept", "next"})
NOT_KEPT = frozenset({"/office/sign-out", "/office/confirm", "/office/confirm/passkey"})
LARGEST = 48 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was not taken: where it goes, and its fields."""

    path: str
    fields: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, path: str, fields: Iterable[tuple[str, str]]) -> Self:
        """What is worth keeping of a form; nothing of one that leads out, or is a proof."""
        if path in NOT_KEPT:
            return cls("", [])
        return cls(path, [(name, value) for name, value in fields if name not in SECRET])

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From the hidden field; None for what is not of ours."""
        try:
            path, fields = json.loads(base64.b64decode(text[:LARGEST], validate=True))
            path = path_of_ours(path)
            pairs = [(str(name), str(value)) for name, value in fields]
        except (binascii.Error, ValueError, TypeError, RecursionError):
            return None
        return cls(path, pairs) if path and path not in NOT_KEPT else None

    def text(self) -> str:
        """For a hidden field; empty if there is nothing to keep, or too much."""
        if not self.path:
            return ""
        text = base64.b64encode(json.dumps([self.path, list(self.fields)]).encode()).decode()
        return text if len(text) <= LARGEST else ""
