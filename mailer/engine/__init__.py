"""The engine: finds batches that are due, takes them, and sends their copies."""
