"""Makes the tokens of a block: elements with a placeholder, texts, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailer.letter.blocks.faults import Faults, Line
from mailer.letter.blocks.kinds import Block, Part
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK

READING = "blocks"
"""The key under which the parser's environment holds the `Reading` of a letter."""


@dataclass(slots=True)
class Reading:
    """What becomes known of a letter's blocks while it is parsed.

    `blocks` are by placeholder, `lines` say where each begins, `ends` name the block that each
    mark of an end ends, `misplaced` holds the lines of blocks that are told to stand elsewhere,
    and `faulty` all lines of blocks that have a fault: their words may not reach the tree.
    """

    placeholders: Placeholders
    faults: Faults
    blocks: dict[str, Block] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    misplaced: set[int] = field(default_factory=set)
    faulty: set[int] = field(default_factory=set)
    unclosed: bool = False
    markdown: MarkdownIt = field(default_factory=MarkdownIt)
    written: str = ""
    line: Line = field(default_factory=lambda: Line(0, ""))
    offset: int = 0

    def take(self, block: Block) -> str:
        """A placeholder for a block or a part of one."""
        placeholder = self.placeholders.take()
        self.blocks[placeholder] = block
        return placeholder

    def enter(self, markdown: MarkdownIt, written: str, line: Line, offset: int) -> None:
        """A block with this header is read next; `offset` is where its argument begins."""
        self.markdown, self.written, self.line, self.offset = markdown, written, line, offset

    def end(self, placeholder: str, line: int) -> Iterator[Token]:
        """The mark of a block's end, by which HTML that is not balanced shows."""
        mark = self.take(Part.END)
        self.ends[mark] = placeholder
        self.lines[placeholder] = line
        yield opening("div", mark, line)
        yield closing("div")

    def whole(self, block: Block, *inside: Iterator[Token]) -> Iterator[Token]:
        """The tokens of a block around its parts."""
        placeholder = self.take(block)
        yield opening("div", placeholder, self.line.number)
        for tokens in inside:
            yield from tokens
        yield from self.end(placeholder, self.line.number)
        yield closing("div")

    def part(self, part: Part, text: str, line: int) -> Iterator[Token]:
        """The tokens of a part with its words; none without words."""
        if text:
            yield opening("div", self.take(part), line)
            yield inline(text, line)
            yield closing("div")


def opening(
    tag: str, placeholder: str = "", line: int | None = None, *, block: bool = True
) -> Token:
    """The beginning of an element, with a placeholder that of a block; `block`: not in a line."""
    attributes: dict[str, str | int | float] = {BLOCK: placeholder} if placeholder else {}
    where = [line, line + 1] if line is not None else None
    return Token("block_open", tag, 1, attrs=attributes, map=where, block=block)


def closing(tag: str, *, block: bool = True) -> Token:
    """The end of an element."""
    return Token("block_close", tag, -1, block=block)


def inline(text: str, line: int) -> Token:
    """A text of Markdown within a line."""
    return Token("inline", "", 0, content=text, map=[line, line + 1], children=[])


def picture(markdown: MarkdownIt, name: str, alt: str, width: int | None, line: int) -> Token:
    """A picture by the name of its file, or by its address."""
    attributes: dict[str, str | int | float] = {"src": markdown.normalizeLink(name), "alt": ""}
    if width:
        attributes["width"] = str(width)
    words = Token("text", "", 0, content=alt)
    image = Token("image", "img", 0, attrs=attributes, content=alt, children=[words])
    return Token("inline", "", 0, content="", map=[line, line + 1], children=[image])
