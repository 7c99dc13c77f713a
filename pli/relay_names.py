"""Names of relays that no setting can give."""

from __future__ import annotations

MAIN = "main"
"""The relay of `relay_url`, which goes before all others."""
ALL_RELAYS = "all"
"""How a list says that it wants no relays of its own."""
