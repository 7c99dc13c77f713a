"""Cleans HTML and grows the tree: no script, style, form, id or foreign class comes through."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

import nh3

from pli.harmless import without_controls

LINE = "data-line"
BLOCK = "data-block"
"""The attribute that names a block; its value is a placeholder, which no author can write."""
BLOCKS = frozenset(
    (
        *("address", "blockquote", "caption", "dd", "div", "dl", "dt", "figcaption", "figure"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tbody"),
        *("td", "tfoot", "th", "thead", "tr", "ul"),
    )
)
INLINE = frozenset(
    (
        *("a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark"),
        *("q", "s", "samp", "small", "span", "strong", "sub", "sup", "u"),
    )
)
SWALLOWED = frozenset(("script", "style", "title", "template", "textarea", "iframe"))
"""Elements that are taken out with what they hold."""
_CONTROLS = frozenset(("button", "datalist", "noscript", "select"))
"""Elements of a page that no text belongs to."""
EVERYWHERE = frozenset(("dir", "lang", "title"))
READ = frozenset(("hidden", "style", LINE))
"""Attributes that pass here, are read in the tree, and go no further than that."""
FOREIGN = frozenset(("aria-level", "class", "data-aria-level", "datetime", "id", "role"))
"""Attributes by which other programs say what an element is; no letter has them."""
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
CLASSES = {"a": {"button"}, "p": {"caption", "lead"}}
PROPERTIES = frozenset(
    (
        *("display", "font-size", "font-style", "font-weight", "max-height", "mso-hide"),
        *("opacity", "text-align", "text-decoration", "text-decoration-line", "visibility"),
    )
)
"""Properties of `style` that mean something: `pasted_styles` says them by elements."""
_VOID = frozenset(("br", "hr", "img"))
_NUMBERS = ("colspan", "rowspan", "start", "width", LINE)


def sanitised(html: str) -> str:
    """Clean HTML.

    http and data addresses pass here, so that they can be reported. `mail_html` lets neither into
    a letter.
    """
    return nh3.clean(
        html,
        tags=set(BLOCKS | INLINE),
        clean_content_tags=set(SWALLOWED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()}
        | {"*": {*EVERYWHERE, *READ, BLOCK}},
        allowed_classes=CLASSES,
        url_schemes={"https", "mailto", "tel", "http", "data"},
        link_rel=None,
    )


def sanitised_foreign(html: str) -> str:
    """Clean the HTML of another program, and keep what tells what it means, to be read at once.

    Names, classes and dates of changes pass here besides; `converting` takes them all away.
    """
    return nh3.clean(
        html,
        tags=set(BLOCKS | INLINE),
        clean_content_tags=set(SWALLOWED | _CONTROLS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()}
        | {"a": {"href", "name"}, "*": {*EVERYWHERE, *READ, *FOREIGN}},
        url_schemes={"https", "mailto", "tel", "http", "data"},
        link_rel=None,
    )


class _TreeParser(HTMLParser):
    """Builds a tree from nh3's output, which is balanced and has few entities."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: without_controls(value or "") for name, value in attrs}
        for name in _NUMBERS:
            if not re.fullmatch("[0-9]{1,6}", values.get(name, "0")):
                del values[name]
        self.builder.start(tag, values)
        if tag in _VOID:
            self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        # An entity may write a control character that no reader sees, and a terminal obeys.
        self.builder.data(without_controls(data))


def parse_html(html: str) -> Element:
    """The tree of sanitised HTML, within one `div`."""
    parser = _TreeParser()
    parser.feed(f"<div>{html}</div>")
    parser.close()
    return parser.builder.close()


def line_of(element: Element) -> int:
    """The line of the body on which an element begins, from 0; 0 if it has none."""
    return int(element.get(LINE, 0))
