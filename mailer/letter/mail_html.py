"""Writes the content as HTML for mail programs: links, pictures, tables, buttons.

Some markup that mail programs need fits in no tree: conditional comments for Word. Placeholders
stand for that markup, and the press replaces them at the very end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from html import escape
from urllib.parse import unquote
from xml.etree.ElementTree import Element, tostring

from mailer.letter import images, narrow, rooms
from mailer.letter.blocks.in_mail import MailBlocks
from mailer.letter.blocks.kinds import Block
from mailer.letter.blocks.parts import Parts
from mailer.letter.markdown import LINE, line_of
from mailer.letter.placeholders import Placeholders
from mailer.letter.rooms import Taken
from mailer.letter.tokens import Tokens

MARKED = "ici"
"""The name of the block that is marked."""
_TARGETS = ("https:", "mailto:", "tel:")


@dataclass(slots=True)
class MailHtml:
    """What `write` needs, and the raw markup that its caller is to put in.

    By the name of a local picture, `sources` holds its address in the page, `pictures` its bytes.
    `blocks` and `language` are those of the letter. `raw` holds raw markup by its placeholder.
    """

    sources: Mapping[str, str]
    pictures: Mapping[str, bytes]
    placeholders: Placeholders
    tokens: Tokens
    blocks: Mapping[str, Block] = field(default_factory=dict)
    language: str = "fr"
    raw: dict[str, str] = field(default_factory=dict)
    marked: int | None = None
    """The line whose block is marked; of a preview, where its author writes."""
    rooms: dict[Element, int] = field(default_factory=dict)
    """The width, in pixels, that a picture or a link in a block has; all others have the whole."""

    def room(self, element: Element) -> int:
        """The pixels that a picture or a button has at most."""
        return self.rooms.get(element, self.whole)

    def add(self, markup: str) -> str:
        """A placeholder for raw markup."""
        placeholder = self.placeholders.take()
        self.raw[placeholder] = markup
        return placeholder

    @property
    def whole(self) -> int:
        """The most pixels that a picture has, in whatever program."""
        return self.tokens.shape.picture

    @property
    def column(self) -> int:
        """The width of the text in a wide window, in pixels."""
        return self.tokens.shape.text


def mend_links(tree: Element) -> None:
    """Unlink targets that lead nowhere in a mail; an http address is shown instead of linked."""
    for link in tree.iter("a"):
        target = link.get("href", "")
        if target.lower().startswith(_TARGETS):
            continue
        link.tag = "span"
        link.attrib.clear()
        if target.startswith("http:") and target not in "".join(link.itertext()):
            link.tail = f" ({target}){link.tail or ''}"


def write(tree: Element, mail: MailHtml) -> str:
    """The HTML of a tree; the caller replaces the placeholders of `mail.raw` after all else."""
    tree = deepcopy(tree)
    if mail.marked is not None:
        _mark(tree, mail.marked)
    taken = _blocks(tree, mail) if mail.blocks else {}
    narrow.fit(tree, mail.placeholders, mail.column, taken)
    for element in list(tree.iter()):
        element.attrib.pop(LINE, None)
        if rewrite := _REWRITERS.get(element.tag):
            rewrite(element, mail)
    html = tostring(tree, encoding="unicode", method="html")
    return html.removeprefix("<div>").removesuffix("</div>")


def _mark(tree: Element, line: int) -> None:
    """Name the top block of a line, so that a page can lead there."""
    for element in reversed(tree):
        if LINE in element.attrib and line_of(element) <= line:
            element.set("id", MARKED)
            break


def _blocks(tree: Element, mail: MailHtml) -> Mapping[Element, Taken]:
    """Write the blocks of a tree; what they take of the width of what stands in them."""
    blocks = MailBlocks(Parts(mail.blocks), mail.language, mail.column, mail.add)
    blocks.write(tree)
    if blocks.taken:
        parents = {child: parent for parent in tree.iter() for child in parent}
        for element in (it for it in parents if it.tag in ("a", "img")):
            mail.rooms[element] = rooms.share(element, mail.column, parents, blocks.taken)
    return blocks.taken


def _link(link: Element, mail: MailHtml) -> None:
    if link.get("class") == "button":
        _button(link, mail)


def _button(link: Element, mail: MailHtml) -> None:
    """Make a button that Word shows, too: VML draws it there, and the link itself is hidden."""
    text = " ".join("".join(link.itertext()).split())
    # Word knows no automatic width. A text in bold 16 px Arial needs at most 9 px a character.
    width = min(mail.room(link), 56 + 9 * len(text))
    color, radius = mail.tokens.color, mail.tokens.shape.radius
    shape = (
        '<!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:w="urn:schemas-microsoft-com:office:word" '
        f'href="{_in_comment(link.get("href", ""))}"'
        f' arcsize="{round(100 * radius / 48)}%" stroke="f" '
        f'fillcolor="{color.accent}" style="height:48px;v-text-anchor:middle;width:{width}px;">'
        f'<w:anchorlock/><center style="color:{color.on_accent};'
        "font-family:Arial,sans-serif;"
        f'font-size:16px;font-weight:bold;">{_in_comment(text)}</center></v:roundrect>'
        "<![endif]--><!--[if !mso]><!-->"
    )
    before, after = mail.add(shape), mail.add("<!--<![endif]-->")
    inner = Element("a", dict(link.attrib))
    inner.text, inner[:] = link.text, list(link)
    inner.tail = after
    link.tag = "span"
    link.attrib.clear()
    link.text = before
    link[:] = [inner]


def _in_comment(text: str) -> str:
    """Escape a text, and break up each "--", which could end the comment around it."""
    return escape(text).replace("--", "-&#45;")


def _picture(image: Element, mail: MailHtml) -> None:
    """Set a width for Word, which ignores styles; never wider than the column."""
    name = unquote(image.get("src", ""))
    data = mail.pictures.get(name)
    natural = images.look(name, data).width if data else mail.whole
    asked = image.get("width", "")
    wide = min(int(asked) if asked.isdigit() and int(asked) else natural, mail.whole)
    source = mail.sources.get(name, image.get("src", ""))
    image.attrib |= {"src": source, "alt": image.get("alt", "")}
    # Word goes by the attribute; a column that has fallen below another has the whole width.
    image.set("width", str(min(wide, mail.room(image))))
    image.set("style", f"width:100%;max-width:{wide}px;height:auto;")
    if not source.startswith(("cid:", "https:", "data:image/")) or name.startswith("data:"):
        image.tag = "span"
        image.text = image.get("alt", "")
        image.attrib.clear()


def _table(table: Element, mail: MailHtml) -> None:
    del mail
    if "role" in table.attrib:
        return
    table.attrib.update({"cellpadding": "0", "cellspacing": "0", "border": "0"})
    _add_class(table, "data")
    rows = list(table.iter("tr"))
    for at, row in enumerate(rows):
        row.set("class", "last" if at == len(rows) - 1 else "row")
        for cell in row:
            if cell.tag == "th" and not cell.get("scope"):
                cell.set("scope", "col")
            style = cell.attrib.pop("style", "")
            if least := re.search(r"min-width:\d+px", style):
                cell.set("style", least[0])
            for side in ("right", "center"):
                if f"text-align:{side}" in style:
                    cell.set("align", side)
                    _add_class(cell, side)


def _add_class(element: Element, name: str) -> None:
    element.set("class", f"{name} {element.get('class', '')}".strip())


def _quotation(quotation: Element, mail: MailHtml) -> None:
    """Put a quotation into a cell, whose border is its bar: Word draws none on a blockquote."""
    del mail
    attributes = {"role": "presentation", "cellpadding": "0", "cellspacing": "0", "border": "0"}
    table = Element("table", attributes | {"width": "100%"})
    row = Element("tr")
    cell = Element("td", {"class": "quote"})
    if quotation.attrib.pop("class", ""):
        cell.set("class", "quote deep")
    cell.text, cell[:] = quotation.text, list(quotation)
    row.append(cell)
    table.append(row)
    quotation.text = None
    quotation[:] = [table]


_REWRITERS: Mapping[str, Callable[[Element, MailHtml], None]] = {
    "a": _link,
    "img": _picture,
    "table": _table,
    "blockquote": _quotation,
}
