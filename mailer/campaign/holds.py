"""What holds a campaign back: a sentence, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pli.language import Sentence


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that holds a campaign back; scripts know it by `kind`."""

    kind: str
    sentence: Sentence
    until: datetime | None = None


def as_json(holds: Sequence[Hold], language: str) -> list[dict[str, Any]]:
    """The holds as scripts read them; `until` is a datetime, or None."""
    return [
        {"kind": it.kind, "sentence": it.sentence.tell(language), "until": it.until} for it in holds
    ]
