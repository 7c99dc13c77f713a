"""Makes letters as an author writes them, and freezes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailer.letter.letter import Letter, parse_letter
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import load_theme
from tests.factories.committee import IDENTITY

FRONT = """---
number: 294
title: "Un titre : et sa suite"
date: 2026-11-24
subject: "Lettre n° 294 : l'été"
preheader: Une phrase vraie, assez longue pour la boîte de réception.
---
"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""A PNG of one pixel."""


def letter(body: str = "# Une séance\n\nBonjour.\n", **changes: Any) -> Letter:
    """A letter with this body; `changes` replace its fields by name."""
    written = parse_letter(FRONT + body, load_image=lambda _: PIXEL)
    return replace(written, **changes)


def frozen(of: Letter | None = None) -> Frozen:
    """A letter, frozen."""
    written = of or letter()
    return Frozen.of(written, load_theme(written.theme), IDENTITY)
