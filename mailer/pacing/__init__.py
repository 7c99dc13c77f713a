"""Pacing: how many copies may leave now, to a relay and to each provider behind it."""
