"""A sending that is prepared, runs or is paused, as a page of the office."""

from __future__ import annotations

from web.office.reporting import page

__all__ = ["page"]
