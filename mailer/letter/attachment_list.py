"""Lists the files that travel with a letter, for pages that have them not beside them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mailer.letter.attachments import Attachment
from pli.language import N_, Sentence, say


def address(number: int, at: int, attachment: Attachment) -> str:
    """Where the web version of a letter has a file, relative to the page; `at` counts from 1.

    The address does not tell the file's name.
    """
    return f"{number}/{at}.{attachment.kind}"


def described(attachment: Attachment) -> Sentence:
    """A file's name and weight."""
    return say(
        N_("{name} ({size} kB)"), name=attachment.name, size=-(-len(attachment.data) // 1000)
    )


def for_the_web(attachments: Sequence[Attachment], number: int, language: str) -> str:
    """A heading and links as HTML; "" if there are no files."""
    if not attachments:
        return ""
    links = "".join(
        f'<li><a href="{address(number, at, it)}">{escape(described(it).tell(language))}</a></li>'
        for at, it in enumerate(attachments, 1)
    )
    heading = escape(say(N_("Attached files")).tell(language))
    return f'<h2>{heading}</h2><ul class="files">{links}</ul>'
