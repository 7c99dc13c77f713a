"""The wire: relays, their connections, what is said on them, and which relay stands in."""
