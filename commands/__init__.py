"""The terminal: each command parses, calls one verb and shows the answer. No rule lives here."""
