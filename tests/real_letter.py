"""A letter that really was sent, if its file lies beside the project; none of its text is here."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.paths import ROOT

REAL = ROOT.parent / "shared" / "letters" / "lettre-294.txt"
REAL_FRONT = """---
number: 294
title: Un titre
date: 14/10/2025
subject: Un objet
preheader: Une phrase vraie, assez longue pour la boîte de réception.
---
"""

needs_real_letter = pytest.mark.skipif(
    not REAL.is_file(), reason="needs the real letter, ../shared/letters/lettre-294.txt"
)


_CAPITALS = re.compile(r"[^a-zà-ÿ]*[A-ZÀ-Ý]{3}[^a-zà-ÿ]*")
_VOTES = {
    "pour": r"(\d+) voix pour",
    "contre": r"(\d+)[^\d]{0,20}contre",
    "abstention": r"(\d+) abst",
}
_QUOTED = range(90, 170)
"""Signs of a paragraph that is short enough to be set as a quotation."""


def with_blocks(source: str) -> str:
    """A letter with headings and blocks, made of its paragraphs by rules; every word stays.

    Capitals are headings; the first paragraph of prose is the introduction, with the contents below
    it; a short paragraph further down a quotation, the first with bold words a box; what says how
    many voted is drawn as well; the last paragraph signs.
    """
    paragraphs = [it.strip() for it in re.split(r"\n\s*\n", source) if it.strip()]
    prose = [it for it in paragraphs if not _CAPITALS.fullmatch(it) and len(it) > _QUOTED.start]
    bold = next((it for it in prose if "**" in it), "")
    short = next((it for it in prose[3:] if len(it) in _QUOTED), "")
    written: list[str] = []
    for paragraph in paragraphs:
        flat = " ".join(paragraph.split())
        if _CAPITALS.fullmatch(paragraph) and "<" not in paragraph:
            long = "\n" in paragraph and not any(it.startswith("# ") for it in written)
            below = any(it.startswith("::: chapeau") for it in written)
            written.append(f"# {flat}" if long else f"## {flat}" if below else paragraph)
        elif paragraph == prose[0]:
            written += [f"::: chapeau\n{paragraph}\n:::", "::: sommaire\n:::"]
        elif paragraph == short:
            written.append(f"::: citation\n{paragraph}\n:::")
        elif paragraph == bold:
            written.append(f"::: encadre\n{paragraph}\n:::")
        elif all(re.search(it, paragraph) for it in (_VOTES["pour"], _VOTES["abstention"])):
            numbers = {key: re.search(it, paragraph) for key, it in _VOTES.items()}
            lines = [f"{key}: {found[1]}" for key, found in numbers.items() if found]
            written += [paragraph, "\n".join(("::: votes", *lines, ":::"))]
        elif paragraph == paragraphs[-1]:
            written.append(f"::: signature\nnom: {flat}\n:::")
        else:
            written.append(paragraph)
    return "\n\n".join(written)


def sentences(source: str) -> list[str]:
    """The author's text line by line, without Markdown's signs."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", source.replace("*", ""))
    text = re.sub(r"<(https?:[^>]*)>", r"\1", text)
    return [line for line in text.splitlines() if line.strip()]


def bare(text: str) -> str:
    """A text without white space, for line breaks and French spaces are no part of a sentence."""
    return re.sub(r"\s+", "", text)


def shown(html: str) -> str:
    """The text of a mail's HTML."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<!--.*?-->", "", html, flags=re.S)))
