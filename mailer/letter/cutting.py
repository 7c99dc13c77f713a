"""Cuts the body of a letter into its top blocks, each with its source as the author wrote it.

The page for writing shows a block at a time, and gives back unchanged what nobody touched. So the
sources joined are the body, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from mailer.letter import html_source, markdown
from mailer.letter.blocks import fences, names
from mailer.letter.letter import plain_lines
from mailer.letter.placeholders import Placeholders

GAP = "gap"
"""Empty lines before the first block."""
DEFINITIONS = "definitions"
"""Lines that show nothing where they stand, such as the target of a link."""
ATTRIBUTES = "attributes"
"""A block with a line such as {.lead} before it."""
WHOLE = "whole"
"""All of a body that nests too deeply to be cut."""
_KINDS = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "bullet_list_open": "bullets",
    "ordered_list_open": "numbers",
    "blockquote_open": "blockquote",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "html_block": "html",
    "hr": "rule",
    "footnote_reference_open": "footnote",
    "attrs_block": ATTRIBUTES,
}
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class TopBlock:
    """A block with the empty lines behind it; `line` counts from 0 at the body's first line.

    `kind` is one of `_KINDS`, the name of a block of ours (`blocks.names`), or one of the above.
    """

    source: str
    kind: str
    line: int


def cut(body: str) -> list[TopBlock]:
    """Cut a body; the sources joined are the body."""
    lines = _lines(body)
    found: list[TopBlock] = []
    starts = [*_starts(body, lines)]
    for at, (line, kind) in enumerate(starts):
        end = starts[at + 1][0] if at + 1 < len(starts) else len(lines)
        found.append(TopBlock("".join(lines[line:end]), kind, line))
    return found


def _lines(body: str) -> list[str]:
    """The lines of a body, each with its end, as Markdown counts them."""
    lines, at = [], 0
    for end in _LINE_END.finditer(body):
        lines.append(body[at : end.end()])
        at = end.end()
    return [*lines, body[at:]] if at < len(body) else lines


def _starts(body: str, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The line on which each block begins, and its kind; the first begins on line 0."""
    covered = 0
    for first, end, kind in _blocks(plain_lines(body), lines):
        between = next((it for it in range(covered, first) if lines[it].strip()), None)
        if between is not None:
            if covered == 0 and between > 0:
                yield 0, GAP
            yield between, DEFINITIONS
        elif covered == 0 and first > 0:
            yield 0, GAP
        yield first, kind
        covered = end
    rest = next((it for it in range(covered, len(lines)) if lines[it].strip()), None)
    if rest is not None:
        if covered == 0 and rest > 0:
            yield 0, GAP
        yield rest, DEFINITIONS
    elif covered == 0 and lines:
        yield 0, GAP


def _blocks(text: str, lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """The first line of each block, the line behind it, and its kind."""
    placeholders = Placeholders(text)
    taken = markdown.lifted(text, placeholders).text
    try:
        tokens = _PARSER.parse(taken, {html_source.PLACEHOLDERS: placeholders})
    except RecursionError:
        yield 0, len(lines), WHOLE
        return
    plain = taken.split("\n")
    begun: int | None = None
    for token in tokens:
        if token.level or token.nesting < 0 or token.map is None:
            continue
        first, end = token.map
        kind = _kind(token)
        if kind == ATTRIBUTES:
            begun = first if begun is None else begun
            continue
        if token.type == fences.OPENS and fences.is_closed(token, plain, len(plain)):
            end += 1
        if begun is not None:
            first, kind, begun = begun, ATTRIBUTES, None
        yield first, end, kind
    if begun is not None:
        yield begun, len(lines), ATTRIBUTES


def _kind(token: Token) -> str:
    if token.type == fences.OPENS:
        written, _, _ = fences.header(token)
        return names.found(written, names.BLOCKS) or "box"
    return _KINDS.get(token.type, "other")


_PARSER = markdown.parser()
_PARSER.core.ruler.enableOnly(["normalize", "block"])
