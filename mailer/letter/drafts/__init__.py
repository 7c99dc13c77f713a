"""Manuscripts: letters that are written in the office, and kept in the database.

A module for each subject; here is what a sending needs of a manuscript.
"""

from mailer.letter.drafts.reading import letter_of
from mailer.letter.drafts.rows import DraftError, DraftGone, DraftLocked, makers
from mailer.letter.drafts.states import set_state

__all__ = ["DraftError", "DraftGone", "DraftLocked", "letter_of", "makers", "set_state"]
