"""Reserved names of relays: the settings can give them to no further relay."""

from __future__ import annotations

MAIN = "main"
"""The relay of `relay_url`, which comes before all others."""
ALL_RELAYS = "all"
"""What a list names if it wants no relays of its own."""
