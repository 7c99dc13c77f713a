"""Reads the blocks of a letter while its Markdown is parsed.

Each block becomes an element with the attribute `BLOCK`, whose value is a placeholder: no author
can write one. By the placeholder stands what the block is. Its words stay Markdown, and so meet
everything that any other word of the letter meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from mailer.letter.blocks import fences, footnotes, names
from mailer.letter.blocks.bodies import BODIES, Body
from mailer.letter.blocks.faults import Line
from mailer.letter.blocks.kinds import Block, Box, Column, Columns, Lead, Part, Quotation
from mailer.letter.blocks.tokens import READING, Reading, closing, inline, opening
from pli.language import N_, Sentence, say, say_n

_AROUND: dict[str, tuple[str, Block]] = {
    "box": ("div", Box()),
    "lead": ("div", Lead()),
    "quote": ("blockquote", Quotation()),
    "columns": ("div", Columns()),
    "column": ("div", Column()),
}
"""Blocks around text: the element and the value of each."""
_SMALL = frozenset(("quote", "image", "button", "votes", "agenda", "signature"))
_WITHIN: dict[str, frozenset[str]] = {
    "": frozenset(names.BLOCKS) - {"column"},
    "box": _SMALL,
    "columns": frozenset(("column",)),
    "column": _SMALL | {"box", "lead"},
}
"""Which blocks may stand in which; "" is the letter itself."""
_COLUMNS = 2


@dataclass(slots=True)
class _Around:
    """A block that is open, or (without a token) a list, a quotation or the like."""

    name: str
    written: str = ""
    token: Token | None = None
    placeholder: str = ""
    argument: str = ""
    end: int = 0
    filled: int = 0
    torn: bool = False


def install(markdown: MarkdownIt) -> None:
    """Make a parser read blocks and footnotes."""
    fences.find(markdown)
    footnotes.install(markdown)
    markdown.core.ruler.after("block", "blocks", _rewrite)
    markdown.core.ruler.after("text_join", "stray_fences", _strays)


def _rewrite(state: StateCore) -> None:
    reading = state.env.get(READING)
    if isinstance(reading, Reading):
        state.tokens = [*_Rewriting(reading, state.src.split("\n"), state.md).all(state.tokens)]


def _strays(state: StateCore) -> None:
    reading = state.env.get(READING)
    if not isinstance(reading, Reading):
        return
    found = [*fences.strays(state.tokens, reading.faults)]
    # A fence that opens nothing, or is not closed, leaves others behind that are not to blame.
    blamed = reading.unclosed or any(stray.name for stray in found)
    for stray in found:
        if stray.name or not blamed:
            reading.faults.begin()
            reading.faults.add(stray.line, stray.fault)


@dataclass(slots=True)
class _Rewriting:
    """Turns the tokens of fences into those of elements."""

    reading: Reading
    lines: Sequence[str]
    markdown: MarkdownIt
    open: list[_Around] = field(default_factory=list)

    def all(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """All tokens of a letter, those of fences rewritten."""
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token.type == fences.OPENS:
                self.reading.faults.begin()
                name, written = self._judged(token)
                if body := BODIES.get(name):
                    at = _behind(tokens, at)
                    yield from self._whole(body, token, written)
                else:
                    yield from self._begin(name, written, token)
            elif token.type == fences.CLOSES:
                yield from self._end()
            else:
                self._other(token)
                yield token
        self.reading.faults.begin()

    def _judged(self, token: Token) -> tuple[str, str]:
        """A fence's name, and the name as written; tells where it may not stand."""
        written, _, _ = fences.header(token)
        name = names.found(written, names.BLOCKS) or ""
        line = _line(token)
        around = self.open[-1] if self.open else _Around("")
        around.filled += 1
        if name not in _WITHIN.get(around.name, ()):
            self.reading.misplaced.add(line)
            self.reading.faults.add(line, _misplaced(written, name, around))
            if around.name and around.token is None:
                return name, written  # Colons within a list or a quotation end with that.
        end = around.end or len(self.lines)
        if not fences.is_closed(token, self.lines, end):
            self.reading.unclosed = around.torn = True
            self.reading.faults.add(line, _unclosed(token, written, around))
        return name, written

    def _whole(self, body: Body, token: Token, written: str) -> Iterator[Token]:
        """A block of lines `key: value`, which no other tool reads."""
        line, argument, offset = self._header(token)
        _, end = token.map or (0, 0)
        inside = [Line(n, self.lines[n]) for n in range(line.number + 1, min(end, len(self.lines)))]
        self.reading.enter(self.markdown, written, line, offset)
        told = len(self.reading.faults.told)
        yield from body(argument, inside, self.reading)
        if len(self.reading.faults.told) > told:
            self.reading.faulty.update((line.number, *(it.number for it in inside)))

    def _begin(self, name: str, written: str, token: Token) -> Iterator[Token]:
        line, argument, _ = self._header(token)
        tag, block = _AROUND[name]
        placeholder = self.reading.take(block)
        end = token.map[1] if token.map else 0
        self.open.append(_Around(name, written, token, placeholder, argument, end))
        yield opening(tag, placeholder, line.number)
        if argument and name not in ("quote", "box"):
            self.reading.faults.at(line, line.text.index(argument), _no_argument(written))
        elif argument and name == "box":
            yield opening("div", self.reading.take(Part.TITLE), line.number)
            yield inline(argument, line.number)
            yield closing("div")

    def _end(self) -> Iterator[Token]:
        around = self.open.pop()
        assert around.token is not None, "Markdown closes what it opens"
        line = _line(around.token)
        tag, _ = _AROUND[around.name]
        self._judge_content(around, line)
        if around.name == "quote" and around.argument:
            yield opening("p", self.reading.take(Part.AUTHOR), line)
            yield opening("cite", line=line, block=False)
            yield inline(around.argument, line)
            yield closing("cite", block=False)
            yield closing("p")
        yield from self.reading.end(around.placeholder, line)
        yield closing(tag)

    def _judge_content(self, around: _Around, line: int) -> None:
        if not around.filled:
            fault = say(
                N_('the block "{name}" is empty: write its text into it'), name=around.written
            )
            self.reading.faults.add(line, fault)
        elif around.name == "columns" and around.filled != _COLUMNS and not around.torn:
            fault = say_n(
                "there is {n} column here: make them two",
                "there are {n} columns here: make them two",
                around.filled,
            )
            self.reading.faults.add(line, fault)

    def _other(self, token: Token) -> None:
        """Keep in mind what is open, and what may not stand between two columns."""
        around = self.open[-1] if self.open else None
        if around and around.token:
            if around.name == "columns" and token.type != "inline" and token.map:
                fault = say(N_("only columns stand here: write it into one of them"))
                self.reading.faults.add(token.map[0], fault)
            else:
                around.filled += 1
        if token.type == "fence":
            self._judge_code(token)
        if token.nesting == 1:
            self.open.append(_Around(token.type, end=token.map[1] if token.map else 0))
        elif token.nesting == -1:
            self.open.pop()

    def _judge_code(self, token: Token) -> None:
        """Tell of colons within code that close the block around, which cannot be meant."""
        around = next((it for it in reversed(self.open) if it.token), None)
        if around is None or token.map is None or token.map[1] < around.end:
            return
        first, end = token.map
        if end - 1 == first or token.markup not in self.lines[end - 1]:
            fault = N_("this code is not closed within its block: write more colons around it")
            self.reading.faults.add(first, say(fault))

    def _header(self, token: Token) -> tuple[Line, str, int]:
        """The line of a fence, what stands behind the name, and where that begins."""
        number = _line(token)
        _, argument, offset = fences.header(token)
        text = self.lines[number]
        return Line(number, text), argument, text.index(token.markup) + len(token.markup) + offset


def _line(token: Token) -> int:
    return token.map[0] if token.map else 0


def _behind(tokens: Sequence[Token], at: int) -> int:
    """The place behind the end of a block whose first token stands before `at`."""
    depth = 1
    while depth and at < len(tokens):
        depth += {fences.OPENS: 1, fences.CLOSES: -1}.get(tokens[at].type, 0)
        at += 1
    return at


def _misplaced(written: str, name: str, around: _Around) -> Sentence:
    if name == "column":
        return say(
            N_('"{name}" stands in columns only: write a line ":::: {around}" above it'),
            name=written,
            around="colonnes" if written != "column" else "columns",
        )
    if around.token:
        return say(N_('"{name}" cannot stand in "{around}"'), name=written, around=around.written)
    return say(
        N_('"{name}" cannot stand in a list, a quotation or a footnote: write it outside'),
        name=written,
    )


def _unclosed(token: Token, written: str, around: _Around) -> Sentence:
    if around.token and len(around.token.markup) <= len(token.markup):
        return say(
            N_('"{name}" is not closed within "{around}": write more colons around "{around}"'),
            name=written,
            around=around.written,
        )
    return say(
        N_('the block "{name}" is not closed: write a line "{fence}" below it'),
        name=written,
        fence=token.markup,
    )


def _no_argument(written: str) -> Sentence:
    return say(N_('nothing can stand behind "{name}": write it below'), name=written)
