"""Tests of the office sign in often, and none of these passwords is worth a real hash."""

from __future__ import annotations

from tests.accounts.hashes import cheap_hashes

__all__ = ["cheap_hashes"]
