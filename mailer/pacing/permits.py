"""Permits: how many copies an engine may claim, and until when they may begin to leave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """How many copies may leave; given `at` this time of the database's clock."""

    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing may leave for `until - now` seconds; both are times of the database's clock."""

    now: float
    until: float


@dataclass(frozen=True, slots=True)
class Permit:
    """How many copies may be claimed; they may begin to leave until `until` (boot time)."""

    size: int
    until: float = float("inf")
    grant: Grant | None = None


FREELY = Permit(0)
"""No limit applies: claim as many as you like."""
