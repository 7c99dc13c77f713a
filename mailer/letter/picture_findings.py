"""Checks the pictures of a letter before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from mailer.letter import images
from mailer.letter.blocks.kinds import Block, Figure, Signature
from mailer.letter.finding import Finding, warning
from mailer.letter.letter import Letter
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.sanitising import BLOCK
from pli.language import N_, say

UNSEEN = N_("say between the brackets what it shows: ![…]({name})")
UNSEEN_BLOCK = N_(
    "write a line “alt: what it shows” below its name, or “alt:” alone if it decorates"
)
HEAVY = 200_000
"""Bytes of one picture (docs/standards.md, H12)."""


def found(letter: Letter, parsed: ParsedMarkdown) -> Iterator[Finding]:
    """The findings of a letter's pictures, in their order."""
    within = _of_blocks(parsed)
    for (line, name), image in zip(parsed.images(), parsed.tree.iter("img"), strict=True):
        block = within.get(image)
        if not image.get("alt", "").strip() and not _needs_no_words(block):
            yield _unseen(letter, line, name, block)
        yield from _image(letter, line, name)


def _needs_no_words(block: Block | None) -> bool:
    """Whether its author says that it decorates, or the name beside it says whose picture it is."""
    return isinstance(block, Signature) or (isinstance(block, Figure) and block.decorates)


def _of_blocks(parsed: ParsedMarkdown) -> dict[Element, Block]:
    """The block in which each picture stands; none for those in plain text."""
    found = ((it, parsed.blocks.get(it.get(BLOCK, ""))) for it in parsed.tree.iter())
    return {
        image: block
        for element, block in found
        if isinstance(block, Figure | Signature)
        for image in element.iter("img")
    }


def _unseen(letter: Letter, line: int, name: str, block: Block | None) -> Finding:
    place = letter.place(line)
    sentence = say(N_('the image "{name}" has no text for those who do not see it'), name=name)
    if isinstance(block, Figure):
        return warning(place, sentence, say(UNSEEN_BLOCK), line=line)
    return warning(place, sentence, say(UNSEEN, name=name), line=line)


def _image(letter: Letter, line: int, name: str) -> Iterator[Finding]:
    place = letter.place(line)
    if name.startswith("https:"):
        yield warning(
            place,
            say(N_('the image "{name}" is loaded from a site, which learns who reads'), name=name),
            say(N_("put the file beside the letter")),
            line=line,
        )
    data = letter.images.get(name, b"")
    if data and images.look(name, data).inks:
        yield warning(
            place,
            say(N_('the image "{name}" has the colours of a printing press (CMYK)'), name=name),
            say(N_("save it in RGB, since few mail programs show these colours rightly")),
            line=line,
        )
    if len(data) > HEAVY:
        yield warning(
            place,
            say(
                N_('the image "{name}" weighs {size} kB'),
                name=name,
                size=len(data) // 1000,
            ),
            say(N_("make it smaller than {limit} kB"), limit=HEAVY // 1000),
            line=line,
        )
