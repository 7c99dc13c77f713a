"""INSERT … ON CONFLICT, under the name by which this package and those above import it."""

from __future__ import annotations

from pli.upsert import insert_into

__all__ = ["insert_into"]
