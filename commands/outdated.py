"""Processes that send by other settings than those that stand in the file now."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from commands.common import Installation
from commands.policy import settings_hash
from mailer.engine import workers
from pli.language import Sentence


async def restarts(session: AsyncSession, installation: Installation) -> Sequence[Sentence]:
    """Which processes of this machine a person should start again."""
    found = await workers.outdated(
        session,
        host=socket.gethostname(),
        settings_hash=settings_hash(installation.settings, installation.keys),
    )
    return [workers.restart(it) for it in found]
