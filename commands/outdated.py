"""Finds processes that still send by older settings than those in the file."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from commands.common import Installation
from commands.policy import settings_hash
from mailer.engine import workers
from pli.language import Sentence


async def restarts(session: AsyncSession, installation: Installation) -> Sequence[Sentence]:
    """One sentence for each process of this machine that a person should start again."""
    found = await workers.outdated(
        session,
        host=socket.gethostname(),
        settings_hash=settings_hash(installation.settings, installation.keys),
    )
    return [workers.restart(it) for it in found]
