"""Writing in a real browser."""
