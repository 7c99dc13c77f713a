"""Pressing: a letter turned, once, into the form from which every copy is made.

What is the same for everyone is finished here; what is personal stays a hole. The road: the
expressions lifted out → Markdown → sanitised tree → plain text and dressed content → the theme's
layout → styles inlined → cut at the holes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any
from xml.etree.ElementTree import Element

from mailer.letter import expressions, images, mail_html, markdown, plain_text, typography
from mailer.letter.expressions import Values
from mailer.letter.layout import FramePlaceholders, Layout
from mailer.letter.letter import Letter
from mailer.letter.mail_html import MailHtml
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.placeholders import Placeholders
from mailer.letter.theme import Theme
from mailer.links import Links
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity

UNSUBSCRIBE = "unsubscribe"
WEB_VERSION = "web version"
LIST_TITLE = "list.title"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place where each copy has words of its own; `source` is an expression, or one of ours."""

    source: str


Pieces = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Inline:
    """A picture inside the mail, known there by its Content-ID (without the brackets)."""

    content_id: str
    filename: str
    kind: str
    data: bytes

    @property
    def data_address(self) -> str:
        """The picture written into an address, for pages that must be whole in one file."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A letter in its finished forms: pieces that are the same for all, with holes between.

    `html_pieces` and `text_pieces` are the mail's; `web_pieces` gives the web version's, which is
    only made when it is asked for; `evaluators` turn a copy's values into the words of each
    expression.
    """

    html_pieces: Pieces
    text_pieces: Pieces
    web_pieces: Callable[[], Pieces]
    pictures: Sequence[Inline]
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
        """The web version: a page whole in itself, its expressions those of an empty subscriber."""
        values = self.values(None, list_)
        return "".join(
            piece if isinstance(piece, str) else escape(self.evaluators[piece.source](values))
            for piece in self.web_pieces()
        )

    def values(self, recipient: Recipient | None, list_: ListLine | None) -> Values:
        """What the expressions of one copy are worked out from."""
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
        written: Callable[[str], str],
    ) -> str:
        line = recipient.list
        values = self.values(recipient, line)
        ours = {
            UNSUBSCRIBE: links.unsubscribe(
                recipient.subscriber_id, line.id, recipient.delivery_id, key
            ),
            WEB_VERSION: links.web_version(line.name, self.campaign["number"]),
        }

        def words(hole: Hole) -> str:
            return ours.get(hole.source) or self.evaluators[hole.source](values)

        return "".join(
            piece if isinstance(piece, str) else written(words(piece)) for piece in pieces
        )


def press(letter: Letter, theme: Theme, identity: Identity) -> Pressed:
    """Press a letter; the 0.02 to 0.1 s it takes is paid once for all copies."""
    script = _settled(letter, theme, identity)
    placeholders = script.placeholders
    frame = FramePlaceholders(*(placeholders.take() for _ in range(4)))
    holes = {word: Hole(source) for word, source in script.expressions.items()} | {
        frame.unsubscribe: Hole(UNSUBSCRIBE),
        frame.web_version: Hole(WEB_VERSION),
        frame.list_title: Hole(LIST_TITLE),
    }
    pictures = _pictures(letter, identity)
    text = plain_text.written(script.tree)
    layout = Layout(letter, theme, identity, frame, headed=script.tree.find(".//h1") is not None)
    in_mail = {name: f"cid:{picture.content_id}" for name, picture in pictures.items()}

    @cache
    def web_pieces() -> Pieces:
        on_web = {name: picture.data_address for name, picture in pictures.items()}
        page = _dressed(script.tree, letter, layout, on_web, placeholders, web=True)
        return _cut(page, placeholders, holes)

    sources = {LIST_TITLE, *script.expressions.values()}
    return Pressed(
        html_pieces=_cut(
            _dressed(script.tree, letter, layout, in_mail, placeholders, web=False),
            placeholders,
            holes,
        ),
        text_pieces=_cut(layout.text(text), placeholders, holes),
        web_pieces=web_pieces,
        pictures=tuple(pictures.values()),
        evaluators={s: expressions.compiled(s, letter.language) for s in sources},
        campaign={
            "number": letter.number,
            "title": letter.title,
            "date": letter.date,
            "subject": letter.subject,
        },
    )


def _settled(letter: Letter, theme: Theme, identity: Identity) -> ParsedMarkdown:
    """The content as every edition shows it: links that lead somewhere, French spaces."""
    frame = (letter.title, letter.preheader, *theme.files.values(), *_lines(identity))
    script = markdown.read(letter.body, *frame)
    mail_html.mend_links(script.tree)
    typography.space(script.tree, letter.language)
    return script


def _lines(identity: Identity) -> tuple[str, ...]:
    return (identity.committee, identity.address, identity.phone, identity.email)


def _pictures(letter: Letter, identity: Identity) -> dict[str, Inline]:
    """The letter's pictures under names that say nothing: a hash, a number, the sender's domain."""
    pictures: dict[str, Inline] = {}
    for number, (name, data) in enumerate(sorted(letter.images.items()), 1):
        seen = images.look(name, data)
        hashed = hashlib.sha256(data).hexdigest()[:20]
        pictures[name] = Inline(
            f"{hashed}@{identity.domain or 'localhost'}",
            f"image-{number}.{seen.extension}",
            seen.kind,
            data,
        )
    return pictures


def _dressed(
    tree: Element,
    letter: Letter,
    layout: Layout,
    sources: Mapping[str, str],
    placeholders: Placeholders,
    *,
    web: bool,
) -> str:
    mail = MailHtml(sources, letter.images, placeholders)
    page = layout.html(mail_html.write(tree, mail), web=web)
    for word, markup in mail.raw.items():
        page = page.replace(word, markup)
    return page


def _cut(text: str, placeholders: Placeholders, holes: Mapping[str, Hole]) -> Pieces:
    return tuple(holes[part] if is_word else part for part, is_word in placeholders.parts(text))
