"""The formats in which other systems say what became of a mail; one module a format, all pure."""
