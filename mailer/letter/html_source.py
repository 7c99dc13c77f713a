"""Reads the HTML that stands in a letter's Markdown: its tags, their lines, and what they drop.

The sanitiser says nothing of what it takes out. So the tags are read here first, each with its
line: unknown ones (`<responsable>`) stay as the words they are, and every other one is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, html_block
from markdown_it.rules_inline import StateInline, html_inline

from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import LINE, SWALLOWED

PLACEHOLDERS = "placeholders"
"""The key under which the parser's environment holds the letter's placeholders."""
WORD = "word"
"""The type of a token that holds an author's word between < and >."""

_ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo "
    "bgsound big blink blockquote body br button canvas caption center cite code col "
    "colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset "
    "figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header "
    "hgroup hr html i iframe image img input ins isindex kbd keygen label legend li link "
    "listing main map mark marquee math menu meta meter nav nobr noembed noframes "
    "noscript object ol optgroup option output p param picture plaintext pre progress q "
    "rb rp rt rtc ruby s samp script search section select slot small source span strike "
    "strong style sub summary sup svg table tbody td template textarea tfoot th thead "
    "time title tr track tt u ul var video wbr xmp"
)
ELEMENTS = frozenset(_ELEMENTS.split())
"""Every element that HTML has or had; any other name between < and > is an author's word."""
_VOID = (
    "area base basefont bgsound br col embed frame hr img image input keygen link meta "
    "param source track wbr"
)
VOID = frozenset(_VOID.split())
_CLOSES_ITSELF = (
    "p li dd dt td th tr tbody thead tfoot caption colgroup option optgroup rb rp rt rtc "
    "html head body"
)
CLOSES_ITSELF = frozenset(_CLOSES_ITSELF.split())
"""Elements whose end may be left out: the next one, or the end of their parent, closes them."""
_RAW = frozenset(("script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes"))
"""Elements in which nothing but their own end is a tag."""
_RENAMED = {"strike": "s"}
_OPENING = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*)|<!--|<[!?]")
# Atomic, so that no text makes it slower than linear.
_REST = re.compile(r"""(?>=\s*"[^"]*"|=\s*'[^']*'|[^>])*+>""")
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""",
)
_OFFICE = re.compile(r"</?[A-Za-z]\w{0,3}:\w+(?:\s[^<>]*)?/?>")
"""A tag that Word leaves behind, such as <o:p>; its prefix is too short for an address."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, comment or declaration of an HTML text; `name` is "" for the latter two.

    `start` and `end` are offsets in characters; `end` is None where the text ends within it.
    """

    start: int
    end: int | None
    name: str = ""
    closing: bool = False
    comment: bool = False

    def attributes(self, html: str) -> dict[str, str]:
        """Its attributes with their values."""
        inside = html[self.start + 1 + len(self.name) : (self.end or len(html)) - 1]
        return {
            found[1].lower(): unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(inside)
        }


def tags(html: str) -> Iterator[Tag]:
    """Yield the tags of an HTML text in order; ends after one that is not closed."""
    at = 0
    while opening := _OPENING.search(html, at):
        start = opening.start()
        name = (opening["name"] or "").lower()
        if opening[0] == "<!--":
            stop = html.find("-->", start + 2)
            end = stop + 3 if stop >= 0 else None
        else:
            rest = _REST.match(html, opening.end())
            end = rest.end() if rest else None
        tag = Tag(start, end, name, opening["end"] == "/", opening[0] == "<!--")
        yield tag
        if end is None:
            return
        at = end
        if name in _RAW and not tag.closing:
            closing = re.compile(f"</{name}", re.IGNORECASE).search(html, end)
            at = closing.start() if closing else len(html)


def is_word(tag: Tag) -> bool:
    """Whether it is no tag of HTML, nor of Word's, but an author's word between < and >."""
    return bool(tag.name) and tag.name not in ELEMENTS and ":" not in tag.name


@dataclass(slots=True)
class Odd:
    """What is odd in the HTML of a letter, with lines: words in tags, and tags without an end."""

    words: list[tuple[int, str]] = field(default_factory=list)
    unclosed: list[tuple[int, Tag]] = field(default_factory=list)


def marked(html: str, line: int, placeholders: Placeholders, odd: Odd) -> str:
    """An HTML text with the line of each tag in it, and unknown tags as text; adds to `odd`."""
    pieces: list[str] = []
    at = 0
    for tag in tags(html):
        line += html.count("\n", at, tag.start)
        pieces.append(html[at : tag.start])
        end = len(html) if tag.end is None else tag.end
        source = html[tag.start : end]
        if is_word(tag) and not placeholders.within(source):
            odd.words.append((line, source))
            pieces.append(source.replace("<", "&lt;").replace(">", "&gt;"))
        elif tag.name and tag.end is not None:
            name = _RENAMED.get(tag.name, tag.name)
            begin = len(tag.name) + (2 if tag.closing else 1)
            mark = "" if tag.closing else f' {LINE}="{line}"'
            pieces.append(f"<{'/' if tag.closing else ''}{name}{mark}{source[begin:]}")
        else:
            pieces.append(source)
        if tag.end is None:
            odd.unclosed.append((line, tag))
        line += source.count("\n")
        at = end
    pieces.append(html[at:])
    return "".join(pieces)


def said(html: str) -> Iterator[tuple[int, str]]:
    """What an HTML text says, in pieces with their lines: without tags, and what those swallow."""
    at, line = 0, 0
    swallowing = ""
    for tag in tags(html):
        if not swallowing and tag.start > at:
            yield line, unescape(html[at : tag.start])
        if tag.name in SWALLOWED and not tag.closing and not swallowing:
            swallowing = tag.name
        elif tag.closing and tag.name == swallowing:
            swallowing = ""
        line = line_in(html, tag, line)
        at = len(html) if tag.end is None else tag.end
    if not swallowing:
        yield line, unescape(html[at:])


def line_in(html: str, tag: Tag, line: int) -> int:
    """The line with which `marked` marked a tag; else `line`."""
    if tag.closing or tag.end is None:
        return line
    found = _MARK.search(html, tag.start, tag.end)
    return int(found[1]) if found else line


_MARK = re.compile(f'{LINE}="([0-9]{{1,6}})"')


def keep_words(markdown: MarkdownIt) -> None:
    """Let Markdown take no unknown tag for HTML, so that the words around it are still read."""
    markdown.block.ruler.at("html_block", _block, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.inline.ruler.at("html_inline", _inline)


_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]{0,200})?/?>")
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")


def _unknown(text: str, at: int, env: Any) -> bool:
    name = _NAME.match(text, at)
    if not name or name[1].lower() in ELEMENTS or text[name.end() : name.end() + 1] == ":":
        return False
    placeholders = env.get(PLACEHOLDERS)
    return not (isinstance(placeholders, Placeholders) and placeholders.within(name[1]))


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    return not _unknown(state.src, at, state.env) and html_block(state, start, end, silent)


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    if _unknown(state.src, state.pos, state.env):
        word = _TAG.match(state.src, state.pos)
        if word is None:
            return False
        if not silent:
            state.push(WORD, "", 0).content = word[0]
        state.pos = word.end()
        return True
    if office := _OFFICE.match(state.src, state.pos):
        if not silent:
            state.push("html_inline", "", 0).content = office[0]
        state.pos = office.end()
        return True
    return html_inline(state, silent)
