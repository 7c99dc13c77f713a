"""Judges how far elements stand within each other, before a tool that would cut them off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from xml.etree.ElementTree import Element

from mailer.letter.html_source import CLOSES_ITSELF, VOID, line_in, tags
from mailer.letter.limits import DEEPEST
from mailer.letter.sanitising import BLOCK, line_of

MARKDOWN = DEEPEST + 10
"""Markdown drops what lies deeper than this without a word; what is allowed lies less deep."""
SCANNED = 1_000
"""So many open elements the sanitiser reads quickly; its time grows with their square."""
_FRAMED = 4
"""A quotation, or a block, becomes a table, with a row and a cell, in the mail."""


class TooDeep(Exception):
    """More elements within each other than may be; `line` is where, from 0."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def judge_html(html: str) -> None:
    """Raise TooDeep for HTML that the sanitiser would take too long to read."""
    depth, line = 0, 0
    begun: Counter[str] = Counter()
    for tag in tags(html):
        line = line_in(html, tag, line)
        if not tag.name or tag.name in VOID or tag.name in CLOSES_ITSELF:
            continue
        if not tag.closing:
            begun[tag.name] += 1
            depth += 1
        elif begun[tag.name]:
            begun[tag.name] -= 1
            depth -= 1
        if depth > SCANNED:
            raise TooDeep(line)


def judge_tree(tree: Element, deepest: int) -> None:
    """Raise TooDeep for a tree deeper than `deepest`, counted as the mail will have it."""
    waiting = [(tree, 0, 0)]
    while waiting:
        element, depth, line = waiting.pop()
        line = line_of(element) or line
        if depth > deepest:
            raise TooDeep(line)
        framed = element.tag == "blockquote" or BLOCK in element.attrib
        within = depth + (_FRAMED if framed else 1)
        waiting.extend((child, within, line) for child in reversed(element))


def first_line(text: str, parse: Callable[[str], object]) -> int:
    """The first line, from 0, up to which a text is too deep for Python to parse."""
    lines = text.split("\n")
    least, most = 0, len(lines)
    while most - least > 1:
        middle = (least + most) // 2
        try:
            parse("\n".join(lines[:middle]))
        except RecursionError:
            most = middle
        else:
            least = middle
    return most - 1
