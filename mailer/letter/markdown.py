"""Parses the body of a letter: Markdown into a clean tree, with the expressions taken out.

A placeholder replaces each `{{ }}` before Markdown is parsed, in code as well. So no tool between
here and the copy can take an expression for anything but text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_block_plugin, attrs_plugin

from mailer.letter import expressions
from mailer.letter.placeholders import Placeholders
from pli.language import N_, Sentence, say

LINE = "data-line"
BLOCKS = frozenset(
    (
        *("address", "blockquote", "caption", "dd", "div", "dl", "dt", "figcaption", "figure"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tbody"),
        *("td", "tfoot", "th", "thead", "tr", "ul"),
    )
)
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark"),
        *("q", "s", "samp", "small", "span", "strong", "sub", "sup", "u"),
    )
)
_VOID = frozenset(("br", "hr", "img"))
_ATTRIBUTES = {
    "a": {"href", "title", LINE},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", LINE},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "scope", "style"},
    "table": {LINE},
    **{f"h{level}": {LINE} for level in range(1, 7)},
}
_CLASSES = {"a": {"button"}, "p": {"caption", "lead"}}


@dataclass(frozen=True, slots=True)
class ParsedMarkdown:
    """The tree of a body, its expressions and their lines by placeholder, and its faults.

    Lines, also those in the tree's `data-line`, count from 0 at the first line of the body.
    """

    tree: Element
    expressions: Mapping[str, str]
    lines: Mapping[str, int]
    faults: Sequence[tuple[int, Sentence]]
    placeholders: Placeholders

    def images(self) -> Iterator[tuple[int, str]]:
        """Each image's line, and its name or address with percent-encoding decoded."""
        for image in self.tree.iter("img"):
            yield line_of(image), unquote(image.get("src", ""))


def line_of(element: Element) -> int:
    """The line of the body on which an element begins, from 0; 0 if it has none."""
    return int(element.get(LINE, 0)) if element.get(LINE, "0").isdigit() else 0


def read(body: str, *others: str) -> ParsedMarkdown:
    """Parse a body; raises nothing, `faults` holds every fault.

    The placeholders occur in none of the texts of `others`.
    """
    placeholders = Placeholders(body, *others)
    pieces: list[str] = []
    sources: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[tuple[int, Sentence]] = []
    position = 0
    for found in expressions.find(body):
        pieces.append(body[position : found.start])
        position = found.end
        if found.fault:
            faults.append((found.line, found.fault))
        else:
            placeholder = placeholders.take()
            sources[placeholder] = found.source
            lines[placeholder] = found.line
            pieces.append(placeholder)
    pieces.append(body[position:])
    tree = parse_html(sanitised(_marked_html("".join(pieces))))
    faults.extend(_misplaced(tree, sources, lines))
    return ParsedMarkdown(tree, sources, lines, faults, placeholders)


def _marked_html(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in _walk(tokens, 0):
        if token.type in ("heading_open", "table_open") and token.map:
            token.attrSet(LINE, str(token.map[0]))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _walk(tokens: Sequence[Token], line: int) -> Iterator[Token]:
    """Yield all tokens; mark each link and image with the line on which it stands."""
    here = line
    for token in tokens:
        here = token.map[0] if token.map else here
        yield token
        if token.type in ("link_open", "image"):
            token.attrSet(LINE, str(here))
        if token.type in ("softbreak", "hardbreak"):
            here += 1
        if token.children:
            yield from _walk(token.children, here)


def _markdown() -> MarkdownIt:
    allowed = ("class", "width", "title")
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.use(attrs_plugin, allowed=allowed).use(attrs_block_plugin, allowed=allowed)
    return markdown


_MARKDOWN = _markdown()


def sanitised(html: str) -> str:
    """Clean HTML: no script, style, form, id or foreign class comes through.

    http and data addresses pass here, so that they can be reported. `mail_html` lets neither into
    a letter.
    """
    return nh3.clean(
        html,
        tags=set(BLOCKS | _INLINE),
        clean_content_tags={"script", "style", "title", "template", "textarea", "iframe"},
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        allowed_classes=_CLASSES,
        filter_style_properties={"text-align"},
        url_schemes={"https", "mailto", "tel", "http", "data"},
        link_rel=None,
    )


class _TreeParser(HTMLParser):
    """Builds a tree from nh3's output, which is balanced and has few entities."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in _VOID:
            self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def parse_html(html: str) -> Element:
    """The tree of sanitised HTML, within one `div`."""
    parser = _TreeParser()
    parser.feed(f"<div>{html}</div>")
    parser.close()
    return parser.builder.close()


def _misplaced(
    tree: Element, sources: Mapping[str, str], lines: Mapping[str, int]
) -> Iterator[tuple[int, Sentence]]:
    """Faults of expressions in addresses and HTML tags, which must be the same in all copies."""
    targets = " ".join(element.get(name, "") for element in tree.iter() for name in ("href", "src"))
    seen = "".join(tree.itertext()) + " ".join(
        element.get(name, "") for element in tree.iter() for name in ("alt", "title")
    )
    for placeholder, source in sources.items():
        in_address = rf"(?:https?://|mailto:|www\.)\S*{placeholder}"
        if placeholder in targets or re.search(in_address, seen):
            yield (
                lines[placeholder],
                say(
                    N_("{{{{ {source} }}}} stands in an address: it must be the same for all"),
                    source=source,
                ),
            )
        elif placeholder not in seen:
            yield (
                lines[placeholder],
                say(
                    N_("{{{{ {source} }}}} stands in an HTML tag: move it into the text"),
                    source=source,
                ),
            )
