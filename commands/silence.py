"""Warns whoever lets a large campaign go while no answer ever came in."""

from __future__ import annotations

from commands.common import Installation, tell
from mailer.campaign.finding import find_campaign


async def warn(installation: Installation, campaign_id: int) -> None:
    """Tell that nobody would hear of bounces, if a campaign is large and no door brought any."""
    # Imported here: it loads what presses letters, and most commands that may warn do not.
    from mailer.report import readiness

    async with installation.database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
        if silence := await readiness.silence(session, campaign):
            tell(silence, stderr=True)
