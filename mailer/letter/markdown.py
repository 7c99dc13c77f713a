"""Parses the body of a letter: Markdown into a clean tree, with the expressions taken out.

A placeholder replaces each `{{ }}` before Markdown is parsed, in code as well. So no tool between
here and the copy can take an expression for anything but text. Sizes are judged before each step,
since no step can be stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_block_plugin, attrs_plugin

from mailer.letter import (
    bare_links,
    expressions,
    html_source,
    leftovers,
    limits,
    nesting,
    pasted_styles,
    placement,
)
from mailer.letter.blocks import reading
from mailer.letter.blocks import tree as blocks_tree
from mailer.letter.blocks.faults import Faults
from mailer.letter.blocks.kinds import Block
from mailer.letter.blocks.tokens import READING, Reading
from mailer.letter.dropped import Dropped
from mailer.letter.limits import LARGEST, LetterLimits
from mailer.letter.note import Note
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCKS, LINE, line_of, parse_html, sanitised
from pli.language import Sentence

__all__ = ["BLOCKS", "LINE", "ParsedMarkdown", "line_of", "read"]

_ATTRIBUTES = ("class", "width", "title")


@dataclass(frozen=True, slots=True)
class ParsedMarkdown:
    """The tree of a body; by placeholder its blocks, its expressions and their lines; all faults.

    Lines, also those in the tree's `data-line`, count from 0 at the first line of the body. If
    not `whole`, the body is too large to be read, and the tree is empty.
    """

    tree: Element
    expressions: Mapping[str, str]
    lines: Mapping[str, int]
    faults: Sequence[tuple[int, Sentence]]
    placeholders: Placeholders
    notes: Sequence[Note] = ()
    whole: bool = True
    blocks: Mapping[str, Block] = field(default_factory=dict)

    def images(self) -> Iterator[tuple[int, str]]:
        """Each image's line, and its name or address with percent-encoding decoded."""
        for image in self.tree.iter("img"):
            yield line_of(image), unquote(image.get("src", ""))


@dataclass(slots=True)
class Lifted:
    """A body whose expressions are placeholders."""

    text: str
    sources: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, Sentence]] = field(default_factory=list)


def read(body: str, *others: str, sizes: LetterLimits = LARGEST) -> ParsedMarkdown:
    """Parse a body; raises nothing, `faults` holds every fault.

    The placeholders occur in none of the texts of `others`. `sizes` are the limits to judge by.
    """
    placeholders = Placeholders(body, *others)
    faults = [*_too_large(body, sizes)]
    if faults:
        return _unread(faults, placeholders)
    text = lifted(body, placeholders)
    try:
        return _grown(text, placeholders, sizes)
    except nesting.TooDeep as deep:
        return _unread([*text.faults, (deep.line, limits.too_deep(sizes))], placeholders)
    except RecursionError:
        line = nesting.first_line(text.text, _MARKDOWN.render)
        return _unread([*text.faults, (line, limits.too_deep(sizes))], placeholders)


def _too_large(body: str, sizes: LetterLimits) -> Iterator[tuple[int, Sentence]]:
    if fault := limits.too_long(len(body.encode("utf-8", "replace")), sizes):
        yield 0, fault
    else:
        yield from limits.too_dense(body)


def _unread(faults: Sequence[tuple[int, Sentence]], placeholders: Placeholders) -> ParsedMarkdown:
    return ParsedMarkdown(Element("div"), {}, {}, faults, placeholders, whole=False)


def lifted(body: str, placeholders: Placeholders) -> Lifted:
    """Take the expressions out of a body; those that are faults leave nothing behind."""
    taken = Lifted("")
    pieces: list[str] = []
    position = 0
    for found in expressions.find(body):
        pieces.append(body[position : found.start])
        position = found.end
        if found.fault:
            taken.faults.append((found.line, found.fault))
        else:
            placeholder = placeholders.take()
            taken.sources[placeholder] = found.source
            taken.lines[placeholder] = found.line
            pieces.append(placeholder)
    pieces.append(body[position:])
    taken.text = "".join(pieces)
    return taken


def _grown(lifted: Lifted, placeholders: Placeholders, sizes: LetterLimits) -> ParsedMarkdown:
    """Grow the tree, and look at what became of what the author wrote."""
    dropped = Dropped()

    def readable(text: str) -> str:
        return _readable(text, lifted.sources, placeholders)

    found = Reading(placeholders, Faults(readable))
    html = _marked_html(lifted.text, found, dropped)
    nesting.judge_html(html)
    dropped.html(html, placeholders)
    tree = parse_html(sanitised(html))
    torn = blocks_tree.judged(tree, found)
    nesting.judge_tree(tree, sizes.depth)
    if not dropped.faults:
        dropped.lost([*html_source.said(html)], "".join(tree.itertext()))
    links = bare_links.mend(tree, placeholders)
    faults = [
        *lifted.faults,
        *found.faults.told,
        *torn,
        *dropped.faults,
        *placement.misplaced(tree, lifted.sources, lifted.lines, placeholders, found.faulty),
    ]
    for line, text in pasted_styles.drop_hidden(tree):
        dropped.hidden(line, readable(text))
    pasted_styles.say_by_elements(tree)
    _drop_empty_headings(tree)
    left = leftovers.found(tree, placeholders)
    faults += blocks_tree.finish(tree, found.blocks)
    return ParsedMarkdown(
        tree,
        lifted.sources,
        lifted.lines,
        [*faults, *left.faults],
        placeholders,
        sorted([*dropped.notes(), *links, *left.notes], key=lambda it: it.line),
        blocks=found.blocks,
    )


def _drop_empty_headings(tree: Element) -> None:
    """A table whose heading row says nothing has none: Markdown cannot leave that row out."""
    for table in tree.iter("table"):
        head, body = table.find("thead"), table.find("tbody")
        if head is None or body is None or head.find(".//img") is not None:
            continue
        if not "".join(head.itertext()).strip():
            table.remove(head)


def _readable(text: str, sources: Mapping[str, str], placeholders: Placeholders) -> str:
    """A text with its expressions as the author wrote them."""
    return "".join(
        f"{{{{ {sources.get(part, '')} }}}}" if is_placeholder else part
        for part, is_placeholder in placeholders.parts(text)
    )


def _marked_html(text: str, found: Reading, dropped: Dropped) -> str:
    """The HTML of a Markdown text, each element with its line."""
    placeholders = found.placeholders
    environment: dict[str, Any] = {html_source.PLACEHOLDERS: placeholders, READING: found}
    tokens = _MARKDOWN.parse(text, environment)
    labels: list[str] = []
    odd = html_source.Odd()
    for token, line in _walk(tokens, 0):
        if token.type in ("html_block", "html_inline"):
            token.content = html_source.marked(token.content, line, placeholders, odd)
        elif token.type == html_source.WORD:
            token.type = "text"
            odd.words.append((line, token.content))
        elif token.nesting == 1 or token.type in ("image", "code_inline", "hr"):
            token.attrSet(LINE, str(line))
        for name in token.meta.get("insecure_attrs", ()):
            dropped.attribute(token.tag, name, "", line)
        if "label" in token.meta:
            labels.append(token.meta["label"])
        if token.type == "code_block":
            dropped.indented(line)
    for line, word in odd.words:
        dropped.word(word, line)
    for line, tag in odd.unclosed:
        dropped.unclosed(tag, line)
    dropped.references(environment.get("references", {}), labels)
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, environment))


def _walk(tokens: Sequence[Token], line: int) -> Iterator[tuple[Token, int]]:
    """Yield all tokens with the line on which each stands."""
    here = line
    for token in tokens:
        here = token.map[0] if token.map else here
        yield token, here
        if token.type in ("softbreak", "hardbreak"):
            here += 1
        if token.type == "html_inline":
            here += token.content.count("\n")
        if token.children:
            yield from _walk(token.children, here)


def parser() -> MarkdownIt:
    """A parser that reads letters as all others do."""
    options = {"html": True, "maxNesting": nesting.MARKDOWN, "store_labels": True}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    markdown.use(attrs_plugin, allowed=_ATTRIBUTES).use(attrs_block_plugin, allowed=_ATTRIBUTES)
    html_source.keep_words(markdown)
    reading.install(markdown)
    return markdown


_MARKDOWN = parser()
