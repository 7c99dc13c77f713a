"""Reads a list of names in the front matter: one name, `[a, b]`, or names behind dashes.

A name behind a dash is taken as it is written, whatever sign it holds, or between quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

BELONGS = re.compile(r"-(?:\s|$)|#|\s*$")
"""A line that belongs to a list above it, although it is not indented."""


def read(written: str, line: int) -> Iterator[tuple[int, str | None]]:
    """Each name of a value that begins on a line, with its own line; None for what is no name."""
    first, *more = written.split("\n")
    if first.lstrip().startswith("["):
        yield from ((line, name) for name in _between_brackets(written))
        return
    if first.strip():
        yield line, _name(first.strip())
    for number, text in enumerate(more, line + 1):
        entry = text.strip()
        if not entry or entry.startswith("#"):
            continue
        is_listed = BELONGS.match(entry) and not first.strip()
        yield number, _name(entry[1:].strip()) if is_listed else None


def _name(written: str) -> str | None:
    if written[:1] not in ("'", '"'):
        return written
    names = _between_brackets(f"[{written}]")
    return names[0] if len(names) == 1 else None


def _between_brackets(written: str) -> list[str | None]:
    try:
        node = yaml.compose(written, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return [None]
    if not isinstance(node, yaml.SequenceNode):
        return [None]
    return [str(it.value) if isinstance(it, yaml.ScalarNode) else None for it in node.value]
