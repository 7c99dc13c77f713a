"""All specimens written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.specimens.bounces import (
    answers,
    broken,
    dialects,
    notifications,
    people,
    products,
    providers,
)


def specimens() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for source in (notifications, dialects, answers, broken, providers, products, people):
        for it in source.specimens():
            yield it.name, it.mail, it.sheet
