"""How many examples a property is tried with: all of them in `make proof`, some in `make test`."""

from __future__ import annotations

import os

_ALL = bool(os.environ.get("PLI_ALL_EXAMPLES"))


def examples(most: int = 100) -> int:
    """`most` in `make proof`, and a sixth of them otherwise, ten at least."""
    return most if _ALL else max(10, most // 6)
