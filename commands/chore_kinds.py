"""The chores of the rooms: each room makes its kinds, given what they need, and is named here.

Those of sending itself are the engine's own (`mailer/engine/chores.py`). A kind whose rows say by
themselves that they are due is named in `mailer/engine/chore_sources.py`, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from commands.common import Installation
from pli.chores import Kind


def kinds_of(installation: Installation) -> Sequence[Kind]:
    """The kinds that an engine of this installation does besides its own."""
    del installation
    return ()
