"""Freezes a letter as canonical text, so that what was approved is what is sent."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from mailer.letter.attachments import Attachment
from mailer.letter.letter import Letter
from mailer.letter.theme import Theme
from mailer.letter.tokens import Tokens
from mailer.sender import Identity
from pli.files import shipped

FORM = 2
_FORM_1 = "form_1.json"
"""The tokens of campaigns frozen in form 1: the colours stood in their style sheets."""


def freeze(letter: Letter, theme: Theme, identity: Identity) -> str:
    """Letter, theme and identity as canonical JSON: equal values give equal texts."""
    return _canonical(
        {
            "form": FORM,
            "identity": asdict(identity),
            "letter": _document(letter) | {"source": letter.source, "line": letter.line},
            # Where the files of a theme lay is nobody's to know once they are frozen.
            "theme": {
                "name": theme.name,
                "files": dict(theme.files),
                "tokens": theme.tokens.document(),
            },
        }
    )


def thaw(text: str) -> tuple[Letter, Theme, Identity]:
    """The letter, theme and identity that `freeze` wrote, in this form or an earlier one."""
    frozen = json.loads(text)
    document: dict[str, Any] = frozen["letter"]
    pictures = {name: base64.b64decode(data) for name, data in document["images"].items()}
    letter = Letter(
        **document
        | {
            "date": datetime.date.fromisoformat(document["date"]),
            "images": MappingProxyType(pictures),
            "attachments": tuple(
                Attachment(it["name"], it["kind"], base64.b64decode(it["data"]))
                for it in document.get("attachments", ())
            ),
        }
    )
    return letter, _theme(frozen["theme"], frozen["form"]), Identity(**frozen["identity"])


def _theme(document: dict[str, Any], form: int) -> Theme:
    if form == 1:
        text = (shipped("templates") / "letters" / _FORM_1).read_text("utf-8")
        tokens = json.loads(text)
    else:
        tokens = document["tokens"]
    return Theme(document["name"], document["files"], Tokens.from_document(tokens))


def addressed(text: str, to: Mapping[str, Any]) -> str:
    """A frozen text with whom it is for, in place of whom it was for: both are in its hash."""
    return _canonical(json.loads(text) | {"to": to})


def as_seen(text: str) -> str:
    """What an approver sees of a frozen text, as JSON without the bytes of files.

    `front` and `body` are texts; `files` is the hash of each picture and attached file, by name;
    `to` is for whom it is.
    """
    frozen = json.loads(text)
    letter: dict[str, Any] = frozen["letter"]
    files = dict(letter["images"]) | {
        it["name"]: it["data"] for it in letter.get("attachments", ())
    }
    front = {it: letter[it] for it in _FRONT if letter.get(it) is not None}
    return _canonical(
        {
            "front": front,
            "body": letter["body"],
            "files": {name: digest_frozen(data) for name, data in files.items()},
            "identity": frozen["identity"],
            "theme": digest_frozen(_canonical(frozen["theme"])),
            "to": frozen.get("to"),
        }
    )


_FRONT = (
    "number", "title", "date", "subject", "preheader", "language", "theme", "sender", "reply_to",
)  # fmt: skip


def addressees_in(text: str) -> Any:
    """For whom a frozen text says it is; None in one of before texts said that."""
    return json.loads(text).get("to")


def digest(letter: Letter) -> str:
    """SHA-256 of the letter alone, in hex: shows whether a letter of the same number differs."""
    return digest_frozen(_canonical(_document(letter)))


def digest_frozen(text: str) -> str:
    """SHA-256 of a frozen text, in hex: what an approval records."""
    return hashlib.sha256(text.encode()).hexdigest()


def _document(letter: Letter) -> dict[str, Any]:
    """The letter's fields; those of a later version stand here only where they are used.

    So a letter without them has the digest that it had before.
    """
    document: dict[str, Any] = {
        "number": letter.number,
        "title": letter.title,
        "date": letter.date.isoformat(),
        "subject": letter.subject,
        "preheader": letter.preheader,
        "body": letter.body,
        "language": letter.language,
        "theme": letter.theme,
        "sender": letter.sender,
        "reply_to": letter.reply_to,
        "images": {name: _text(data) for name, data in letter.images.items()},
    }
    if letter.attachments:
        document["attachments"] = [
            {"name": it.name, "kind": it.kind, "data": _text(it.data)} for it in letter.attachments
        ]
    if letter.typography:
        document["typography"] = letter.typography
    return document


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Frozen:
    """A letter as it will be sent: the letter, its frozen text, and the hashes of both."""

    letter: Letter
    text: str
    letter_hash: str
    frozen_hash: str

    @classmethod
    def of(cls, letter: Letter, theme: Theme, identity: Identity) -> Frozen:
        """Freeze a letter with its theme and its sender's identity."""
        text = freeze(letter, theme, identity)
        return cls(letter, text, digest(letter), digest_frozen(text))

    @classmethod
    def of_text(cls, text: str) -> Frozen:
        """What a campaign keeps."""
        letter = thaw(text)[0]
        return cls(letter, text, digest(letter), digest_frozen(text))

    def to(self, addressees: Mapping[str, Any]) -> Frozen:
        """The same letter for these people, which its frozen text and hash then tell, too."""
        text = addressed(self.text, addressees)
        return Frozen(self.letter, text, self.letter_hash, digest_frozen(text))
