"""The body of a letter, read: Markdown turned into a clean tree, its expressions lifted out.

Each `{{ }}` is replaced by an opaque word before Markdown sees it, wherever it stands, in code too:
so no tool between here and the copy can mistake it for anything but text.
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
    """A body's tree, its expressions by the word that stands for each, and what is wrong in it.

    Lines, in `faults` and in the tree's `data-line`, count from 0 at the body's first.
    """

    tree: Element
    expressions: Mapping[str, str]
    lines: Mapping[str, int]
    faults: Sequence[tuple[int, Sentence]]
    placeholders: Placeholders

    def images(self) -> Iterator[tuple[int, str]]:
        """Each image's line and the name written there, decoded."""
        for image in self.tree.iter("img"):
            yield line_of(image), unquote(image.get("src", ""))


def line_of(element: Element) -> int:
    """The line of the body an element began on."""
    return int(element.get(LINE, 0)) if element.get(LINE, "0").isdigit() else 0


def read(body: str, *others: str) -> ParsedMarkdown:
    """Read a body; its faults are told, not raised. Its words occur in no text of `others`."""
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
            word = placeholders.take()
            sources[word] = found.source
            lines[word] = found.line
            pieces.append(word)
    pieces.append(body[position:])
    tree = grow(sanitised(_marked_html("".join(pieces))))
    faults.extend(_misplaced(tree, sources, lines))
    return ParsedMarkdown(tree, sources, lines, faults, placeholders)


def _marked_html(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in _walk(tokens, 0):
        if token.type in ("heading_open", "table_open") and token.map:
            token.attrSet(LINE, str(token.map[0]))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _walk(tokens: Sequence[Token], line: int) -> Iterator[Token]:
    """All tokens; links and images get the line they stand on as they pass."""
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
    """Content alone: no script, style, form, id or foreign class comes through.

    http and data addresses pass only to be told of: `dressing` lets neither into a letter.
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


class _Grower(HTMLParser):
    """Builds a tree from nh3's output, which is balanced and knows few entities."""

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


def grow(html: str) -> Element:
    """A tree of sanitised HTML, within one `div`."""
    grower = _Grower()
    grower.feed(f"<div>{html}</div>")
    grower.close()
    return grower.builder.close()


def _misplaced(
    tree: Element, sources: Mapping[str, str], lines: Mapping[str, int]
) -> Iterator[tuple[int, Sentence]]:
    """Expressions that stand where every copy must be the same: addresses, and HTML tags."""
    targets = " ".join(element.get(name, "") for element in tree.iter() for name in ("href", "src"))
    seen = "".join(tree.itertext()) + " ".join(
        element.get(name, "") for element in tree.iter() for name in ("alt", "title")
    )
    for word, source in sources.items():
        if word in targets or re.search(rf"(?:https?://|mailto:|www\.)\S*{word}", seen):
            yield (
                lines[word],
                say(
                    N_("{{{{ {source} }}}} stands in an address: it must be the same for all"),
                    source=source,
                ),
            )
        elif word not in seen:
            yield (
                lines[word],
                say(
                    N_("{{{{ {source} }}}} stands in an HTML tag: move it into the text"),
                    source=source,
                ),
            )
