"""The chores of the rooms: each room makes its kinds, given what they need, and is named here.

Those of sending itself are the engine's own (`mailer/engine/chores.py`). A kind whose rows say by
themselves that they are due is named in `mailer/engine/chore_sources.py`, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from commands.common import Installation
from commands.policy import identity_of
from mailer.notices import asking
from mailer.notices.asking import MailRoom
from pli.chores import Kind


def kinds_of(installation: Installation) -> Sequence[Kind]:
    """The kinds that an engine of this installation does besides its own."""
    settings = installation.settings
    room = MailRoom(identity_of(settings), settings.office_at, installation.keys)
    return asking.kinds(installation.database, room, second_person=settings.second_person)
