"""Permits: how many copies an engine may claim, and until when they may begin to leave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """So many copies may leave; given at this moment of the database's clock."""

    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing may leave now, for `until - now` seconds: moments of the database's clock."""

    now: float
    until: float


@dataclass(frozen=True, slots=True)
class Permit:
    """So many copies may be claimed, and begin to leave until then (boot time)."""

    size: int
    until: float = float("inf")
    grant: Grant | None = None


FREELY = Permit(0)
"""Of what nothing limits: the size is up to who asked."""
