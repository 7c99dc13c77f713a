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
