"""Tests of signing in hash many passwords, and none of them is worth a real hash."""

from __future__ import annotations

from tests.accounts.hashes import cheap_hashes

__all__ = ["cheap_hashes"]
