"""Why a document cannot be read at all."""

from __future__ import annotations

from pli.errors import PliError


class Unreadable(PliError):
    """A document cannot become a letter; one sentence a fault, without the document's name."""
