"""What somebody typed into a form whose session was over: it waits within the sign-in page.

Secrets are left out. Nothing is kept on the server, but for what goes by a link of a mail: it waits
with the link, for the browser that asked.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

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


@dataclass(frozen=True, slots=True)
class Carried:
    """What somebody was about who asks for a link: where to go, and the form that was not taken."""

    next: str = ""
    kept: Kept | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """As it was written; nothing of what is not of ours."""
        found = parse_qs(text)
        kept = Kept.read(found.get("kept", [""])[0])
        return cls(path_of_ours(found.get("next", [""])[0]), kept)

    def text(self) -> str:
        """For the row of a link; empty if there is nothing to carry."""
        kept = self.kept.text() if self.kept else ""
        return urlencode({name: it for name, it in (("next", self.next), ("kept", kept)) if it})

    def values(self) -> dict[str, Any]:
        """The values of a page that carries it on."""
        if self.kept is None:
            return {"next": self.next} if self.next else {}
        return {"kept": self.kept.text(), "kept_fields": self.kept.fields, "next": self.next}
