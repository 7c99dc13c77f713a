"""What the pages for writing get: fields and texts, from a form or from a module of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from mailer.letter import head
from mailer.letter.drafts.saving import LARGEST
from web.office.visit import Visit


@dataclass(frozen=True, slots=True)
class Written:
    """The fields of the head that came, the body, and the version that both are based on."""

    front: Mapping[str, str]
    body: str
    base: int = 0


def of_form(visit: Visit) -> Written:
    """From the form of the page without JavaScript."""
    front = {it: str(visit.form[it]) for it in head.FIELDS if it in visit.form}
    return Written(front, str(visit.form.get("body", "")), _number(visit.form.get("base")))


def of_document(visit: Visit) -> Written:
    """From a module of ours; 400 for what no module of ours sends."""
    document = visit.document
    front, body = document.get("front", {}), document.get("body")
    if not isinstance(front, dict) or not isinstance(body, str):
        raise HTTPException(400)
    fields = {it: front[it] for it in head.FIELDS if it in front}
    if not all(isinstance(it, str) for it in fields.values()):
        raise HTTPException(400)
    return Written(fields, body, _number(document.get("base")))


def is_too_long(body: str) -> bool:
    """Whether a body is longer than any that is kept: such a one is neither cut nor pressed."""
    return len(body) > LARGEST


def text_of(value: Any, most: int = 200) -> str:
    """A short text of a document; "" for what is none."""
    return value[:most] if isinstance(value, str) else ""


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 2**31 else 0
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
