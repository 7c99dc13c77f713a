"""Checks where the expressions of a letter stand in the grown tree: in its text, nowhere else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from xml.etree.ElementTree import Element

from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK, line_of
from pli.language import N_, Sentence, say

_TOLD = frozenset(("alt", "title"))
"""Attributes that readers see as text."""
_ADDRESSES = frozenset(("href", "src"))
_ADDRESS = re.compile(r"(?:https?://|mailto:|www\.)\S*", re.IGNORECASE)


def misplaced(
    tree: Element,
    sources: Mapping[str, str],
    lines: Mapping[str, int],
    placeholders: Placeholders,
    faulty: Collection[int] = (),
) -> Iterator[tuple[int, Sentence]]:
    """The faults, with their lines, of expressions in addresses and in HTML tags.

    On the lines `faulty` an expression is not looked for: a fault of these is told already.

    Those must be the same in all copies. A placeholder of no expression is a fault, too: it would
    be filled with what belongs to another place, such as a reader's own unsubscribe address.
    """
    told: set[str] = set()
    addressed: set[str] = set()
    line = 0
    for element in tree.iter():
        line = line_of(element) or line
        for name, value in element.items():
            found = placeholders.within(value)
            if name in _TOLD:
                told.update(found)
            elif name in _ADDRESSES:
                addressed.update(found)
        strange = [*_strange(element, sources, placeholders)]
        if strange:
            yield line, say(N_("a word that only Pli may write stands here: take it away"))
    text = "".join(tree.itertext())
    told.update(placeholders.within(text))
    for address in _ADDRESS.finditer(text):
        addressed.update(placeholders.within(address[0]))
    for placeholder, source in sources.items():
        if placeholder in addressed:
            fault = N_("{{{{ {source} }}}} stands in an address: it must be the same for all")
        elif placeholder not in told and lines[placeholder] not in faulty:
            fault = N_("{{{{ {source} }}}} stands in an HTML tag: move it into the text")
        else:
            continue
        yield lines[placeholder], say(fault, source=source)


def _strange(
    element: Element, sources: Mapping[str, str], placeholders: Placeholders
) -> Iterator[str]:
    values = (value for name, value in element.items() if name != BLOCK)
    texts = (element.text or "", element.tail or "", *values)
    for text in texts:
        yield from (it for it in placeholders.within(text) if it not in sources)
