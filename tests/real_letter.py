"""A letter that really was sent, when it lies beside the project; none of it is kept here."""

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
    """What the author wrote, his Markdown signs apart."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", source.replace("*", ""))
    text = re.sub(r"<(https?:[^>]*)>", r"\1", text)
    return [line for line in text.splitlines() if line.strip()]


def bare(text: str) -> str:
    """Without any white space: where lines and French spaces fall is no part of a sentence."""
    return re.sub(r"\s+", "", text)


def shown(html: str) -> str:
    """What of a mail's HTML is text."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<!--.*?-->", "", html, flags=re.S)))
