"""Presses a letter once into the form from which every copy is made.

The press finishes what is the same for everybody, and leaves a hole for what is personal. Its
steps: take out the expressions, render the Markdown, sanitise the HTML into a tree, write the plain
text and the mail HTML, put the theme's layout around, inline the styles, cut at the holes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from html import escape, unescape
from typing import Any

from mailer.letter import (
    attachment_list,
    blocks_calendar,
    expressions,
    images,
    mail_html,
    markdown,
    plain_text,
    quotes,
    typography,
)
from mailer.letter.attachments import Attachment
from mailer.letter.blocks import kinds
from mailer.letter.expressions import Values
from mailer.letter.front_matter import STRICT
from mailer.letter.layout import LOGO, LOGO_DARK, FramePlaceholders, Layout
from mailer.letter.letter import Letter, LetterError
from mailer.letter.mail_html import MailHtml
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.placeholders import Placeholders
from mailer.letter.theme import Theme
from mailer.links import Links
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from pli.language import N_, say

UNSUBSCRIBE = "unsubscribe"
WEB_VERSION = "web version"
LIST_TITLE = "list.title"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place where each copy has its own text; `source` is an expression, or a constant above."""

    source: str


Pieces = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Inline:
    """A picture inside the mail; `content_id` is its Content-ID without the brackets."""

    content_id: str
    filename: str
    kind: str
    data: bytes

    @property
    def data_address(self) -> str:
        """The picture as a data: address, for pages that must be complete in one file."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A letter in its finished forms: pieces that are the same for everybody, holes between them.

    `html_pieces` and `text_pieces` are the mail's. `web_pieces` makes the web version's pieces at
    its first call. `evaluators` holds, by expression, the function that turns a copy's values into
    text.
    """

    html_pieces: Pieces
    text_pieces: Pieces
    web_pieces: Callable[[], Pieces]
    pictures: Sequence[Inline]
    attachments: Sequence[Attachment]
    evaluators: Mapping[str, Callable[[Values], str]]
    campaign: Mapping[str, Any]

    def html(self, recipient: Recipient, links: Links, key: str) -> str:
        """The HTML of one copy."""
        return self._filled(self.html_pieces, recipient, links, key, escape)

    def text(self, recipient: Recipient, links: Links, key: str) -> str:
        """The plain text of one copy."""
        return self._filled(self.text_pieces, recipient, links, key, str)

    def preview(self, recipient: Recipient, links: Links, key: str) -> str:
        """The HTML of one copy with its pictures inside, for a browser."""
        page = self.html(recipient, links, key)
        for picture in self.pictures:
            page = page.replace(f"cid:{picture.content_id}", picture.data_address)
        return page

    def web(self, list_: ListLine | None = None) -> str:
        """The web version: a complete page, with expressions as for a subscriber without values."""
        values = self.values(None, list_)
        return "".join(
            piece if isinstance(piece, str) else escape(self.evaluators[piece.source](values))
            for piece in self.web_pieces()
        )

    def values(self, recipient: Recipient | None, list_: ListLine | None) -> Values:
        """The values that the expressions of one copy read."""
        person: dict[str, Any] = {}
        if recipient is not None:
            person |= recipient.attributes
            person["first_name"] = recipient.first_name
            person["last_name"] = recipient.last_name
            person["email"] = recipient.email
            person["language"] = recipient.language
        line = {"name": list_.name, "title": list_.title} if list_ else {}
        return {"subscriber": person, "list": line, "campaign": self.campaign}

    def _filled(
        self,
        pieces: Pieces,
        recipient: Recipient,
        links: Links,
        key: str,
        escaped: Callable[[str], str],
    ) -> str:
        line = recipient.list
        values = self.values(recipient, line)
        addresses = {
            UNSUBSCRIBE: links.unsubscribe(
                recipient.subscriber_id, line.id, recipient.delivery_id, key
            ),
            WEB_VERSION: links.web_version(line.name, self.campaign["number"]),
        }

        def filling(hole: Hole) -> str:
            return addresses.get(hole.source) or self.evaluators[hole.source](values)

        return "".join(
            piece if isinstance(piece, str) else escaped(filling(piece)) for piece in pieces
        )


def press(
    letter: Letter,
    theme: Theme,
    identity: Identity,
    *,
    read: ParsedMarkdown | None = None,
    marked: int | None = None,
) -> Pressed:
    """Press a letter: 0.02 to 0.1 s, once for all copies.

    `read` is the letter's body, if it was read already. For a preview, the block of the body's
    line `marked` gets the anchor `mail_html.MARKED`.

    Raises LetterError for a letter that could not leave whole: nested too deeply, or pressed
    without the end that the law asks for.
    """
    parsed = _parsed(letter, theme, identity, read)
    placeholders = parsed.placeholders
    frame = FramePlaceholders(*(placeholders.take() for _ in range(4)))
    holes = {name: Hole(source) for name, source in parsed.expressions.items()} | {
        frame.unsubscribe: Hole(UNSUBSCRIBE),
        frame.web_version: Hole(WEB_VERSION),
        frame.list_title: Hole(LIST_TITLE),
    }
    sources = {LIST_TITLE, *parsed.expressions.values()}
    evaluators = {it: expressions.compiled(it, letter.language) for it in sources}
    campaign = {
        "number": letter.number,
        "title": letter.title,
        "date": letter.date,
        "subject": letter.subject,
    }

    def for_nobody(text: str) -> str:
        """A text of the tree as somebody reads it of whom nothing is known."""
        values = {"subscriber": {}, "list": {}, "campaign": campaign}
        return "".join(
            evaluators[parsed.expressions[part]](values) if is_hole else part
            for part, is_hole in placeholders.parts(text)
        )

    attached = _attachments(parsed, for_nobody, letter, identity)
    pictures = _pictures(letter, theme, identity)
    text = plain_text.written(parsed.tree, blocks=parsed.blocks, language=letter.language)
    layout = Layout(
        letter,
        theme,
        identity,
        frame,
        headed=parsed.tree.find(".//h1") is not None,
        blocks=kinds.of(parsed.blocks),
    )
    in_mail = {name: f"cid:{picture.content_id}" for name, picture in pictures.items()}

    @cache
    def web_pieces() -> Pieces:
        on_web = {name: picture.data_address for name, picture in pictures.items()}
        page = _page(parsed, letter, layout, on_web, attached, marked=marked)
        return _cut(page, placeholders, holes)

    page = _page(parsed, letter, layout, in_mail, marked=marked)
    html_pieces = _cut(page, placeholders, holes)
    text_pieces = _cut(layout.text(text), placeholders, holes)
    for pieces in (html_pieces, text_pieces):
        _check_end(pieces, letter, identity)
    return Pressed(
        html_pieces=html_pieces,
        text_pieces=text_pieces,
        web_pieces=web_pieces,
        pictures=tuple({it.content_id: it for it in pictures.values()}.values()),
        attachments=attached,
        evaluators=evaluators,
        campaign=campaign,
    )


def _parsed(
    letter: Letter, theme: Theme, identity: Identity, read: ParsedMarkdown | None
) -> ParsedMarkdown:
    """The body parsed for mail, plain text and web version: links mended, signs set."""
    frame = (letter.title, letter.preheader, *theme.files.values(), *_lines(identity))
    if read is None or any(read.placeholders.within(it) for it in frame):
        parsed = markdown.read(letter.body, *frame)
    else:
        parsed = replace(read, tree=deepcopy(read.tree))
    if not parsed.whole:
        raise LetterError.listing(
            say(N_("{place}: {fault}"), place=letter.place(line), fault=fault)
            for line, fault in parsed.faults
        )
    mail_html.mend_links(parsed.tree)
    if letter.typography == STRICT:
        quotes.set_in(parsed.tree, letter.language)
    typography.space(parsed.tree, letter.language)
    return parsed


def _lines(identity: Identity) -> tuple[str, ...]:
    return (identity.committee, identity.address, identity.phone, identity.email)


def _pictures(letter: Letter, theme: Theme, identity: Identity) -> dict[str, Inline]:
    """The pictures of letter and theme, renamed: hash, number and sender's domain tell nothing.

    Two files of the same bytes are one picture.
    """
    found = dict(sorted(letter.images.items()))
    if logo := theme.tokens.logo:
        found |= {LOGO: logo.data} | ({LOGO_DARK: logo.dark} if logo.dark else {})
    pictures: dict[bytes, Inline] = {}
    for name, data in found.items():
        if data not in pictures:
            seen = images.look(name, data)
            hashed = hashlib.sha256(data).hexdigest()[:20]
            pictures[data] = Inline(
                f"{hashed}@{identity.domain or 'localhost'}",
                f"image-{len(pictures) + 1}.{seen.extension}",
                seen.kind,
                data,
            )
    return {name: pictures[data] for name, data in found.items()}


def _attachments(
    parsed: ParsedMarkdown, filled: Callable[[str], str], letter: Letter, identity: Identity
) -> tuple[Attachment, ...]:
    """The files that travel beside the letter, in the order in which programs list them."""
    taken = {it.name.casefold() for it in letter.attachments}
    dates = blocks_calendar.attachment(parsed, filled, letter, identity, taken)
    return (*letter.attachments, *dates)


def _page(
    parsed: ParsedMarkdown,
    letter: Letter,
    layout: Layout,
    sources: Mapping[str, str],
    attached: Sequence[Attachment] | None = None,
    *,
    marked: int | None = None,
) -> str:
    """The mail's page; with the files `attached`, the web version, which lists them."""
    placeholders = parsed.placeholders
    mail = MailHtml(
        sources,
        letter.images,
        placeholders,
        layout.theme.tokens,
        parsed.blocks,
        letter.language,
        marked=marked,
    )
    content = mail_html.write(parsed.tree, mail)
    if attached:
        content += attachment_list.for_the_web(attached, letter.number, letter.language)
    page = layout.html(content, sources, web=attached is not None)
    return "".join(mail.raw.get(part, part) for part, _ in placeholders.parts(page))


def _cut(text: str, placeholders: Placeholders, holes: Mapping[str, Hole]) -> Pieces:
    return tuple(holes[part] if is_hole else part for part, is_hole in placeholders.parts(text))


def _check_end(pieces: Pieces, letter: Letter, identity: Identity) -> None:
    """Refuse a part of the mail that has lost its footer, or a link to leave by.

    A tool that gives up in the middle of a page says nothing of it, and leaves out the end.
    """
    doors = {piece.source for piece in pieces if isinstance(piece, Hole)}
    static = "".join(piece for piece in pieces if isinstance(piece, str))
    seen = _words(unescape(re.sub("<[^<>]*>", " ", static)))
    lines = [_words(line) for text in _lines(identity) for line in text.split("\n")]
    if not {UNSUBSCRIBE, WEB_VERSION, LIST_TITLE} <= doors or not all(it in seen for it in lines):
        raise LetterError(
            N_("{place}: the end of the letter is lost, with its footer: simplify the HTML in it"),
            place=letter.source,
        )


def _words(text: str) -> str:
    return "".join(text.split())
