"""What an author should know of a line of the body; it forbids nothing."""

from __future__ import annotations

from typing import NamedTuple

from pli.language import Sentence


class Note(NamedTuple):
    """A warning: its line (of the body from 0, of the file from 1), what is so, and what to do."""

    line: int
    sentence: Sentence
    remedy: Sentence
