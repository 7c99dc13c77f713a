"""The engine: finds batches that are due, takes them, and keeps the wire busy."""
