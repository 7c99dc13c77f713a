"""Names of relays that settings cannot give."""

from __future__ import annotations

MAIN = "main"
"""What the relay of `relay_url` is called; it goes before all others."""
ALL_RELAYS = "all"
"""No relay is called so: it is how a list says that it wants no relay of its own."""
