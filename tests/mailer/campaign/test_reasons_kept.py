"""Why a campaign is paused is kept as it was said, and told in any language."""

from __future__ import annotations

from datetime import datetime

import pytest

from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from pli.database import Database
from pli.language import Sentence, say, say_n
from tests import factories as make


@pytest.mark.parametrize(
    "reason",
    [
        say("paused"),
        say_n("{n} copy waits again.", "{n} copies wait again.", 1),
        say_n("{n} copy waits again.", "{n} copies wait again.", 7),
        say("{one}: {other}", one=say_n("{n} copy", "{n} copies", 3), other=say("so")),
    ],
)
async def test_a_reason_is_told_as_it_was_said_its_plural_too(
    database: Database, now: datetime, reason: Sentence
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
        await lifecycle.pause(session, campaign_id=campaign.id, reason=reason)
    async with database.reading() as session:
        kept = reason_of(await find_campaign(session, campaign.id))
    assert kept is not None
    for language in ("en", "fr"):
        assert kept.tell(language) == reason.tell(language)
