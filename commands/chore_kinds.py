"""The chores of the rooms: each room makes its kinds, given what they need, and is named here.

Those of sending itself are the engine's own (`mailer/engine/chores.py`). A kind whose rows say by
themselves that they are due is named in `mailer/engine/chore_sources.py`, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from commands.common import Installation
from commands.policy import bounce_rules_of, identity_of
from mailer.bounces.tokens import Tokens
from mailer.intake import working
from mailer.intake.forwarding import Forward
from mailer.intake.working import Means
from mailer.notices import asking
from mailer.notices.asking import MailRoom
from pli.chores import Kind


def kinds_of(installation: Installation) -> Sequence[Kind]:
    """The kinds that an engine of this installation does besides its own."""
    settings = installation.settings
    room = MailRoom(identity_of(settings), settings.office_at, installation.keys)
    return [
        *working.kinds(installation.database, means_of(installation)),
        *asking.kinds(installation.database, room, second_person=settings.second_person),
    ]


def means_of(installation: Installation) -> Means:
    """What is needed to work on what the doors brought."""
    settings = installation.settings
    forward = None
    if settings.reply_forward:
        forward = Forward(settings.reply_forward, identity_of(settings), settings.language)
    return Means(
        installation.keys,
        Tokens(installation.keys),
        bounce_rules_of(settings),
        settings.authentication_server,
        forward,
    )
