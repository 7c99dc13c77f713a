"""What the writer writes, the reader reads as the same tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.letter import markdown, markdown_writer
from mailer.letter.blocks.kinds import Block, Box, Figure, Note, NoteMark, Notes, Part
from mailer.letter.converting.convert import convert
from mailer.letter.import_report import Report
from mailer.letter.sanitising import BLOCK, BLOCKS, LINE
from tests.examples import examples

WORDS = st.text(
    st.sampled_from("abé1. *_`~[](){}<>!#&;:+-=|\\\"'\u00a0»«’/,^"), min_size=1, max_size=12
).map(lambda it: re.sub(r"\{\{|\{%|\{#|:/+|//|@|\[\^", "x", it))


def html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def around(tag: str, inner: str) -> str:
    return f"<{tag}>{inner}</{tag}>"


INLINE = st.recursive(
    WORDS.map(html) | st.just("<br>") | WORDS.map(lambda it: around("code", html(it))),
    lambda inner: (
        st.builds(
            around,
            st.sampled_from(["strong", "em", "s", "u", "sup", "sub", "b", "i"]),
            st.lists(inner, min_size=1, max_size=3).map("".join),
        )
        | inner.map(lambda it: f'<a href="https://example.org/a_(b)?c=1&amp;copy=2">{it}</a>')
    ),
    max_leaves=6,
)
LINES = st.lists(INLINE, min_size=1, max_size=4).map("".join)
PARAGRAPHS = st.builds(around, st.sampled_from(["p", "p", "h1", "h3", "div"]), LINES)


def listed(items: list[str], tag: str) -> str:
    return around(tag, "".join(around("li", it) for it in items))


def tabled(rows: list[list[str]], head: str) -> str:
    written = [around("tr", "".join(around("td", it) for it in row)) for row in rows]
    if head:
        written[0] = around("thead", written[0].replace("td>", "th>"))
    return around("table", "".join(written))


BLOCKY = st.recursive(
    PARAGRAPHS | st.just("<hr>") | WORDS.map(lambda it: around("pre", html(it))),
    lambda inner: (
        st.builds(
            listed, st.lists(inner | LINES, min_size=1, max_size=3), st.sampled_from(["ul", "ol"])
        )
        | st.lists(inner, min_size=1, max_size=3).map(lambda it: around("blockquote", "".join(it)))
        | st.builds(
            tabled,
            st.integers(1, 3).flatmap(
                lambda n: st.lists(st.lists(LINES, min_size=n, max_size=n), min_size=2, max_size=3)
            ),
            st.sampled_from(["", "head"]),
        )
    ),
    max_leaves=8,
)
DOCUMENTS = st.lists(BLOCKY, min_size=1, max_size=4).map("".join)


def shape(tree: Element, blocks: Mapping[str, Block]) -> str:
    """A tree without lines, and with the space between blocks as nothing."""
    for element in tree.iter():
        element.attrib.pop(LINE, None)
        element.attrib.pop("style", None)
        if placeholder := element.get(BLOCK):
            element.set(BLOCK, repr(blocks[placeholder]))
            element.tag = "div" if element.tag[0] == "h" else element.tag
        holds = element.tag in {*BLOCKS, "div"} and any(it.tag in BLOCKS for it in element)
        if holds and not (element.text or "").strip(" \n"):
            element.text = None
        for child in element:
            if child.tag in BLOCKS and not (child.tail or "").strip(" \n"):
                child.tail = None
        inner = [it for it in element if it.tag in BLOCKS]
        if holds and inner and element.text:
            element.text = element.text.rstrip("\n")
            before = list(element).index(inner[0])
            if before and (tail := element[before - 1].tail):
                element[before - 1].tail = tail.rstrip("\n")
    for element in tree.iter("br"):
        element.tail = (element.tail or "").lstrip("\n") or None
    return tostring(tree, "unicode")


def read_back(written: str) -> str:
    parsed = markdown.read(written)
    assert parsed.faults == []
    return shape(parsed.tree, parsed.blocks)


@settings(max_examples=examples(150), deadline=None)
@given(DOCUMENTS)
@example("<p>a<strong>«b»</strong>c</p>")
@example("<p><strong>a<em>b</em></strong><em>c</em></p>")
@example("<ul><li>a</li></ul><ul><li>b</li></ul><ol><li>1. c</li></ol>")
@example("<p>1. a<br>- b<br># c<br>::: encadre<br>+ d</p>")
@example("<p><strong><code>1 </code></strong><a href='https://a.example'><code>1</code></a></p>")
@example("<h1>a #</h1><p>&lt;b&gt; &amp;copy; {.x}</p>")
def test_what_is_written_reads_as_the_same_tree(source: str) -> None:
    made = convert(source, Report(), guess_headings=False)
    written = markdown_writer.write(made.tree, made.blocks)
    assert read_back(written) == shape(made.tree, made.blocks), written


def block(tag: str, name: str, *inside: Element, text: str = "") -> Element:
    made = Element(tag, {BLOCK: name} if name else {})
    made.text = text
    made.extend(inside)
    return made


def test_blocks_are_read_as_what_they_were() -> None:
    blocks: dict[str, Block] = {
        "box": Box(),
        "title": Part.TITLE,
        "figure": Figure(),
        "caption": Part.CAPTION,
        "mark": NoteMark(1),
        "notes": Notes(),
        "note": Note(1),
    }
    figure = block(
        "div",
        "figure",
        block("p", "", Element("img", {"src": "a%20b.png", "alt": "une image"})),
        block("div", "caption", text="La légende"),
    )
    paragraph = block("p", "", block("span", "mark", text="[1]"), text="Un chiffre")
    tree = block(
        "div",
        "",
        block("div", "box", block("div", "title", text="Titre"), paragraph, figure),
        block("div", "notes", block("div", "note", block("p", "", text="La source"))),
    )
    written = markdown_writer.write(tree, blocks)
    assert read_back(written) == shape(tree, blocks)


@pytest.mark.parametrize("text", ["---", "===", "    a", "~~~", "> a", "| a |", "+", "1)"])
def test_a_line_that_looks_like_a_sign_of_markdown_stays_text(text: str) -> None:
    made = convert(f"<p>{html(text)}</p><p>a<br>{html(text)}</p>", Report())
    written = markdown_writer.write(made.tree, made.blocks)
    assert read_back(written) == shape(made.tree, made.blocks), written
