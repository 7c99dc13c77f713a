"""Links and pictures of foreign HTML: those that a letter can have stay, all others are told."""

from __future__ import annotations

from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from markdown_it import MarkdownIt

from mailer.letter.converting.replacing import take_out
from mailer.letter.html_source import tags
from mailer.letter.import_report import Report
from pli.language import N_, say

SCHEMES = frozenset(("https", "http", "mailto", "tel"))
_UNSEEN = frozenset(("0", "1", "2"))
"""Widths of pictures that only count who looks."""
_LONGEST_EMOJI = 12
_MARKDOWN = MarkdownIt()


def tell(html: str, report: Report) -> None:
    """Tell the links that a letter cannot have, before the sanitiser takes their targets away."""
    for tag in tags(html):
        if tag.name == "a" and not tag.closing:
            href = tag.attributes(html).get("href", "").strip()
            if href and not href.startswith("#") and not _is_kept(href):
                told = say(N_("a link to {target} became its text"), target=href[:80])
                report.changed(told)


def _is_kept(href: str) -> bool:
    return _scheme(href) in SCHEMES and bool(_MARKDOWN.validateLink(href))


def judge(tree: Element, report: Report, files: frozenset[str]) -> None:
    """Take the targets of other links away, and pictures that are none of `files`."""
    for element in tree.iter():
        if element.tag == "a" and (href := element.get("href", "")):
            if _is_kept(href):
                element.set("href", _MARKDOWN.normalizeLink(href.strip()))
            else:
                del element.attrib["href"]
    for parent in tree.iter():
        for image in [it for it in parent if it.tag == "img"]:
            source = image.get("src", "")
            # One at an address would tell its site who reads, and office programs' soon lapse.
            if source in files:
                continue
            alternative = " ".join(image.get("alt", "").split())
            if _is_sign(alternative) or image.get("width") in _UNSEEN:
                take_out(parent, image, alternative)
                continue
            missing = N_(
                "the picture “{text}”, whose file did not come along: add it from its file"
            )
            named = alternative or source.rpartition("/")[2][:60] or "?"
            report.left_out(say(missing, text=named))
            take_out(parent, image)


def _is_sign(alternative: str) -> bool:
    """Whether a picture stands for an emoji, as web mail writes them."""
    return 0 < len(alternative) <= _LONGEST_EMOJI and not any(
        it.isascii() or it.isalnum() for it in alternative
    )


def _scheme(target: str) -> str:
    try:
        return urlsplit(target.strip()).scheme.lower()
    except ValueError:
        return ""
