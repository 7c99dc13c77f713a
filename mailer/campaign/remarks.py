"""What an approver says about single blocks of a letter, and where these blocks stand today."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mailer.campaign.finding import CampaignError
from pli.language import N_

if TYPE_CHECKING:
    from mailer.letter.cutting import TopBlock

LONGEST = 2_000
"""Signs of what is said about a block, or about the whole."""
SHOWN = 140
"""So many signs of a block say which one is meant."""
_KEPT = 4_000
"""Signs of a block that are kept to find it again."""
_COMPARED = 80
"""Words of blocks that are compared: signs would take twenty times as long."""
_ALIKE = 0.6
"""A block that was rewritten is taken for the same one if so much of it is left."""
_MARKS = re.compile(r"^\s*(?:#{1,6} |[-*+] |\d+[.)] |> |:{3,})", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*+)\]\([^()\n]*+\)")


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said about one block: its first line in the body, from 0, and its source then."""

    line: int
    block: str
    note: str

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """What `document` wrote."""
        return cls(int(kept["line"]), str(kept["block"]), str(kept["note"]))

    def document(self) -> dict[str, Any]:
        """As the step's column keeps it."""
        return {"line": self.line, "block": self.block, "note": self.note}

    @property
    def excerpt(self) -> str:
        """The beginning of the block, in one line."""
        return excerpt(self.block)


def said(text: str) -> str:
    """What somebody said, without the blanks around it. CampaignError beyond LONGEST signs."""
    bare = text.strip()
    if len(bare) > LONGEST:
        raise CampaignError(
            N_("what you wrote has {n:n} signs, and may have {most:n} at most: shorten it"),
            n=len(bare),
            most=LONGEST,
        )
    return bare


def excerpt(source: str) -> str:
    """The beginning of a block's source, in one line, without the marks of Markdown."""
    bare = _LINK.sub(r"\1", _MARKS.sub("", source[:_KEPT])).replace("**", "")
    text = " ".join(bare.split())
    if len(text) <= SHOWN:
        return text
    return f"{text[:SHOWN].rsplit(' ', 1)[0]}…"


def blocks(body: str) -> list[TopBlock]:
    """The blocks of a body about which something can be said."""
    # Imported here: it loads all that reads letters, and most steps need none of that.
    from mailer.letter import cutting

    return [it for it in cutting.cut(body) if it.source.strip() and it.kind != cutting.DEFINITIONS]


def about(body: str, notes: Mapping[int, str]) -> list[Remark]:
    """Remarks by the lines on which they were made, from 0, on the blocks that have these lines.

    CampaignError if one is too long.
    """
    there = blocks(body)
    found = []
    for line, note in sorted(notes.items()):
        block = block_at(there, line)
        text = block.source.strip()[:_KEPT] if block else ""
        found.append(Remark(block.line if block else 0, text, said(note)))
    return found


def block_at(there: Sequence[TopBlock], line: int) -> TopBlock | None:
    """The block that has a line, from 0: if none has, the one before it, else the one after it."""
    before = [it for it in there if it.line <= line] or list(there[:1])
    return before[-1] if before else None


def places(remarks: Sequence[Remark], body: str) -> list[int | None]:
    """The first line in a body, from 0, of the block that each remark is about; None: it is gone.

    A block is known by its source, or, if it was rewritten, by what of it is left.
    """
    if not remarks:
        return []
    there = blocks(body)
    return [_place(it, there) for it in remarks]


def _place(remark: Remark, there: Sequence[TopBlock]) -> int | None:
    def far(it: TopBlock) -> int:
        return abs(it.line - remark.line)

    same = [it for it in there if it.source.strip()[:_KEPT] == remark.block]
    if same:
        return min(same, key=far).line
    compared: difflib.SequenceMatcher[str] = difflib.SequenceMatcher(None, autojunk=False)
    compared.set_seq2(remark.block.split()[:_COMPARED])
    likeness: list[tuple[float, int, int]] = []
    for it in there:
        compared.set_seq1(it.source.split()[:_COMPARED])
        if compared.real_quick_ratio() >= _ALIKE and compared.quick_ratio() >= _ALIKE:
            likeness.append((compared.ratio(), -far(it), it.line))
    if likeness and max(likeness)[0] >= _ALIKE:
        return max(likeness)[2]
    return None
