"""Finds Markdown that was not understood: signs of it in the text that readers would see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter.blocks import footnotes
from mailer.letter.note import Note
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK, BLOCKS, line_of
from pli.language import N_, Sentence, say

_CODE = frozenset(("code", "kbd", "pre", "samp"))
_BREAK = "\v"
_MOST = 10
"""So many of one kind are told."""

_SIGNS = (
    (
        re.compile(r"!\[[^\[\]]{0,300}\] ?\("),
        N_('"{sign}" is shown as it is written: this is no picture'),
        N_("write ![what it shows](name), and a name with spaces as ![…](<my photo.png>)"),
    ),
    (
        re.compile(r"\[[^\[\]]{1,300}\]\s{0,3}\("),
        N_('"{sign}" is shown as it is written: this is no link'),
        N_("write [words](address): nothing between the brackets, %20 for spaces in the address"),
    ),
    (
        re.compile(r"\[[^\[\]]{1,300}\] ?\[[^\[\]]{0,300}\]"),
        N_('"{sign}" is shown as it is written: this is no link'),
        N_("write the line [name]: https://… below the text"),
    ),
    (
        re.compile(
            r"(?<!\*)\*\*(?!\*)|(?<!\w)__(?=\s?[^\W_])|(?<=[^\W_])__(?!\w)|(?<!~)~~(?!~)"
            r"|(?<!\S)\*\s?\w[^*]{0,80}\w\s\*(?!\S)|(?<!\S)\*\s\w[^*]{0,80}\w\s?\*(?!\S)"
        ),
        N_('"{sign}" is shown as it is written'),
        N_("write **words**: no space within the signs, a space or a sign around them"),
    ),
    (
        re.compile(r"\A\s*#{1,6}(?=[^\s#])(?=.*\s[^\s#])|\A\s*#{2,6}(?=[^\s#])"),
        N_('"{sign}" is shown as it is written: this is no heading'),
        N_("write a space after it"),
    ),
    (
        re.compile(r"\A\s*\|.*\|"),
        N_('"{sign}" is shown as it is written: this is no table'),
        N_("write a line |---|---| below the headings, and an empty line above"),
    ),
    (
        re.compile(r"```|\A\s*={3,}\s*\Z"),
        N_('"{sign}" is shown as it is written'),
        N_("put it on a line of its own, below the text it belongs to"),
    ),
    (
        re.compile(r"\{\s*[.#][\w-]+[^{}]{0,80}\}"),
        N_('"{sign}" is shown as it is written'),
        N_("write it directly behind a link or picture, or alone on the line before a paragraph"),
    ),
    (
        re.compile(r"\A\s*>\s?(?=\S)"),
        N_('"{sign}" is shown as it is written: this is no quotation'),
        N_("put an empty line before it"),
    ),
)
_FOOTNOTE = re.compile(r"\[(\^[^\[\]]{1,60})\]")
_POINT = re.compile(r"\s*(?:[•‣◦·▪●○■□➢➤✓✔–—*+-]\s*|\d{1,3}[.)]\s+|[a-z]\)\s+)(?=\S)")
_SHORT = 45


@dataclass(slots=True)
class Leftovers:
    """What was found; a footnote is a fault, since its note stands elsewhere or nowhere."""

    faults: list[tuple[int, Sentence]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def found(tree: Element, placeholders: Placeholders) -> Leftovers:
    """Look at every line of the finished text, except in code."""
    left = Leftovers()
    told: Counter[str] = Counter()
    for line, lines in _texts(tree):
        for at, text in enumerate(lines):
            shown = "".join("…" if hole else part for part, hole in placeholders.parts(text))
            for label in _FOOTNOTE.findall(shown):
                left.faults.append((line + at, footnotes.missing(label)))
            if not _FOOTNOTE.search(shown):
                left.notes.extend(_signs(line + at, shown, told))
        if (at := _runs_together(lines)) and told["lines"] < _MOST:
            told["lines"] += 1
            left.notes.append(
                Note(
                    line + at,
                    say(N_("this line runs on behind the one before")),
                    say(
                        N_(
                            'end that line with a backslash, or begin each point with "- " below an'
                            " empty line"
                        )
                    ),
                )
            )
    return left


def _signs(line: int, text: str, told: Counter[str]) -> Iterator[Note]:
    """What a line shows of Markdown's signs, from left to right, the same words once."""
    seen: set[str] = set()
    at = 0
    # Bounded, since each search may read the whole line.
    for _ in range(_MOST):
        found = [(sign, it) for it in _SIGNS if (sign := it[0].search(text, at))]
        if not found:
            return
        sign, (_pattern, sentence, remedy) = min(found, key=lambda it: it[0].start())
        at = max(sign.end(), at + 1)
        words = _cut(sign[0].strip())
        if words not in seen and told[remedy] < _MOST:
            seen.add(words)
            told[remedy] += 1
            yield Note(line, say(sentence, sign=words), say(remedy))


def _runs_together(lines: list[str]) -> int:
    """Where the lines of a paragraph were surely meant to be apart: the second of two, or 0."""
    for at in range(1, len(lines)):
        apart = lines[at - 1].endswith(_BREAK)
        if not apart and lines[at - 1].strip() and _POINT.match(lines[at]):
            return at
    listed = [line.strip(" \t") for line in lines if line.strip()]
    if len(listed) < 2 or any(_BREAK in line for line in listed):
        return 0
    short = all(
        len(line) <= _SHORT and not line.endswith((",", ";", "-", "…")) for line in listed[:-1]
    )
    begun = all(line[0].isupper() or line[0].isdigit() for line in listed)
    return 1 if short and begun and len(listed[-1]) <= _SHORT else 0


def _texts(tree: Element) -> Iterator[tuple[int, list[str]]]:
    """Each text of the tree between two edges of blocks: its line, and its lines."""
    pieces: list[str] = []
    waiting: list[tuple[Element | str, int]] = [(tree, 0)]
    line = 0
    while waiting:
        item, begun = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        if item.tag in BLOCKS or item.tag == "EDGE":
            if "".join(pieces).strip(" \n" + _BREAK):
                yield line, _lines(pieces)
            pieces = []
            line = line_of(item) or begun
        if item.tag == "br":
            pieces.append(_BREAK)
        if item.tag in _CODE or (item.tag == "span" and BLOCK in item.attrib):
            pieces.append("`code`" if item.tag != "pre" else "")
            waiting.append((item.tail or "", line))
            continue
        waiting.append((item.tail or "", line))
        if item.tag in BLOCKS:
            waiting.append((Element("EDGE"), line_of(item) or begun))
        for child in reversed(item):
            waiting.append((child, line))
        waiting.append((item.text or "", line))
    if "".join(pieces).strip(" \n" + _BREAK):
        yield line, _lines(pieces)


def _lines(pieces: list[str]) -> list[str]:
    return "".join(pieces).split("\n")


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
