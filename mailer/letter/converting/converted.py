"""A document as a clean tree, with what its blocks are, as the Markdown reader has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block


@dataclass(frozen=True, slots=True)
class Converted:
    """The tree of a document, its blocks by their placeholder."""

    tree: Element
    blocks: Mapping[str, Block]
