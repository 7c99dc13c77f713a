"""How many examples a property gets: all in `make proof`, a tenth in `make test`."""

from __future__ import annotations

import os

_ALL = bool(os.environ.get("PLI_ALL_EXAMPLES"))


def examples(most: int = 100) -> int:
    """`most` in `make proof`, and a tenth of them otherwise, ten at least."""
    return most if _ALL else max(10, most // 10)
