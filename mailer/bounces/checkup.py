"""The check-up of what came back: what waits for a person, and what is about us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.burst import LIKELY_IN_A_BURST
from mailer.bounces.report import How, Weight
from pli.checks import Check, warn
from pli.language import N_, say, say_n

LATELY = timedelta(days=7)


async def check(session: AsyncSession, *, now: datetime) -> Sequence[Check]:
    """Check for bursts about which nobody has decided, and for refusals of us within a week."""
    found: list[Check] = []
    held = await session.execute(
        select(Bounce.campaign_id, func.count())
        .where(Bounce.effect == Effect.HELD)
        .group_by(Bounce.campaign_id)
        .order_by(Bounce.campaign_id)
    )
    for campaign_id, n in held:
        told = say_n(
            "campaign {id}: {n} address came back as gone in a burst, and is held",
            "campaign {id}: {n} addresses came back as gone in a burst, and are held",
            n,
            id=campaign_id,
        )
        remedy = say(
            N_(
                '"pli bounce list --held --campaign {id}" shows them; "pli bounce undo" or '
                '"pli subscriber suppress", each with --campaign {id}, decides'
            ),
            id=campaign_id,
        )
        found.append(warn("bounces", told, remedy))
    found += await _likely(session)
    blamed, said = (
        await session.execute(
            select(func.count(), func.max(Bounce.diagnostic)).where(
                Bounce.weight == Weight.POLICY.value,
                Bounce.how != How.SESSION.value,
                Bounce.at > now - LATELY,
            )
        )
    ).one()
    if blamed:
        found.append(
            warn(
                "bounces",
                say_n(
                    "{n} copy came back within a week, refused for what we are: {text}",
                    "{n} copies came back within a week, refused for what we are: {text}",
                    blamed,
                    text=said,
                ),
                say(N_("ask the relay's operator; “pli bounce list” shows what was said")),
            )
        )
    return found


async def _likely(session: AsyncSession) -> Sequence[Check]:
    """Bursts of which all is only likely: nothing of them is held."""
    other = aliased(Bounce)
    held = exists().where(other.campaign_id == Bounce.campaign_id, other.effect == Effect.HELD)
    rows = await session.execute(
        select(Bounce.campaign_id, func.count())
        .where(LIKELY_IN_A_BURST, ~held)
        .group_by(Bounce.campaign_id)
        .order_by(Bounce.campaign_id)
    )
    return [
        warn(
            "bounces",
            say_n(
                "campaign {id}: {n} address came back as likely gone in a burst; nobody is barred",
                "campaign {id}: {n} addresses came back as likely gone in a burst; nobody is "
                "barred",
                n,
                id=campaign_id,
            ),
            say(
                N_(
                    '"pli bounce list --held --campaign {id}" shows them: ask the relay\'s '
                    'operator, then "pli bounce undo --campaign {id}"'
                ),
                id=campaign_id,
            ),
        )
        for campaign_id, n in rows
    ]
