"""Links what an author wrote as a bare address, and completes link targets without a scheme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from mailer.letter.note import Note
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import LINE, line_of
from pli.language import N_, say

_UNTOUCHED = frozenset(("a", "code", "kbd", "pre", "samp"))
_HOST = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}"
_MAILBOX = rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_HOST}"
_BARE = re.compile(
    rf"""(?<![\w@./+-])(?:(?:https://|www\.)(?=\w)[^\s<>"«»“”„]+|[A-Za-z0-9][\w.%+-]{{0,63}}@{_HOST})""",
    re.IGNORECASE,
)
_ENDS = ".,;:!?…'’*_~`|\\"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SITE = re.compile(rf"{_HOST}(?::\d{{1,5}})?(?:[/?#].*)?", re.IGNORECASE)
_FILE = re.compile(
    r"[^/?#]*\.(?:pdf|docx?|odt|xlsx?|ods|pptx?|odp|html?|md|txt|png|jpe?g|gif|zip|csv|ics|mp[34])",
    re.IGNORECASE,
)


def mend(tree: Element, placeholders: Placeholders) -> list[Note]:
    """Make links of bare addresses, and targets of those that lack only the scheme.

    An http address stays text, as it does in a link: the reader sees where it leads.
    """
    notes: list[Note] = []
    waiting = [tree]
    while waiting:
        element = waiting.pop()
        if element.tag == "a":
            _complete(element)
            notes.extend(_empty(element))
        if element.tag not in _UNTOUCHED:
            waiting.extend(element)
            _link_within(element, placeholders)
    return notes


def _complete(link: Element) -> None:
    target = re.sub(r"[\t\n\r]", "", link.get("href", "")).strip()
    scheme = _SCHEME.match(target)
    if scheme and not _SITE.fullmatch(target):
        target = scheme[0].lower() + target[scheme.end() :]
    elif re.fullmatch(_MAILBOX, target):
        target = f"mailto:{target}"
    elif target.startswith("//"):
        target = f"https:{target}"
    elif _SITE.fullmatch(target) and not _FILE.fullmatch(target):
        target = f"https://{target}"
    if target:
        link.set("href", target)


def _empty(link: Element) -> Iterator[Note]:
    if not "".join(link.itertext()).strip() and link.find(".//img") is None and link.get("href"):
        yield Note(
            line_of(link),
            say(
                N_('the link to "{target}" has no words, so nobody sees it'),
                target=link.get("href", ""),
            ),
            say(N_("write them between the brackets: [words](address)")),
        )


def _link_within(element: Element, placeholders: Placeholders) -> None:
    children = list(element)
    element.text, links = _linked(element.text or "", line_of(element), placeholders)
    linked = links
    for child in children:
        linked.append(child)
        child.tail, links = _linked(child.tail or "", line_of(element), placeholders)
        linked.extend(links)
    if len(linked) > len(children):
        element[:] = linked


def _linked(text: str, line: int, placeholders: Placeholders) -> tuple[str, list[Element]]:
    """The text before the first bare address of a text; and the links, each with the text after."""
    links: list[Element] = []
    before = text
    at = 0
    for found in _BARE.finditer(text):
        address = _without_end(found[0])
        target = _target(address)
        if target is None or placeholders.within(address):
            continue
        between = text[at : found.start()]
        if links:
            links[-1].tail = between
        else:
            before = between
        link = Element("a", {"href": target, LINE: str(line + text.count("\n", 0, found.start()))})
        link.text = address
        links.append(link)
        at = found.start() + len(address)
    if links:
        links[-1].tail = text[at:]
    return before, links


def _target(address: str) -> str | None:
    lower = address.lower()
    if lower.startswith("https://"):
        return f"https://{address[8:]}" if len(address) > 8 else None
    if lower.startswith("www."):
        return f"https://{address}" if _SITE.fullmatch(address) else None
    return f"mailto:{address}" if re.search(r"\.[^\W\d_]{2,63}$", address) else None


def _without_end(address: str) -> str:
    """An address without the signs that end the sentence, or the brackets around the address."""
    while True:
        shorter = address.rstrip(_ENDS)
        for opening, closing in ("()", "[]", "{}"):
            if shorter.endswith(closing) and shorter.count(closing) > shorter.count(opening):
                shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter
