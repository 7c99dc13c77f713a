"""The copies that were refused before their campaign paused for that: counted, and sent again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import find_campaign
from mailer.ledger import balance, retrying
from mailer.models import Attempt, CampaignState, Delivery, Stage, Status
from mailer.outcomes import Kind, Outcome, calls_unknown
from mailer.refusals import alike

_AT_ONCE = 500


async def refused_before(session: AsyncSession, *, campaign_id: int) -> Sequence[int]:
    """The failed copies of a paused campaign whose last answer is the one that paused it."""
    campaign = await find_campaign(session, campaign_id)
    said = (campaign.reason or {}).get("values", {})
    if campaign.state is not CampaignState.PAUSED or not {"code", "text"} <= set(said):
        return ()
    if "unknown" in said:
        meant = calls_unknown
    else:
        stage = Stage(said["stage"]) if said.get("stage") else None
        cause = Outcome(Kind.FAILED, stage or Stage.RCPT, said["code"], said["text"])

        def meant(outcome: Outcome) -> bool:
            return alike(outcome, cause if stage else cause._replace(stage=outcome.stage))

    rows = await session.execute(
        select(Delivery.id, Attempt.stage, Attempt.reply_code, Attempt.reply_text)
        .join(Attempt, (Attempt.delivery_id == Delivery.id) & (Attempt.number == Delivery.attempts))
        .where(balance.rows_of(campaign_id, Status.FAILED), Attempt.outcome == Kind.FAILED.value)
    )
    return [
        id_
        for id_, stage, code, text in rows
        if meant(Outcome(Kind.FAILED, stage, code or 0, text))
    ]


async def send_again(session: AsyncSession, *, campaign_id: int) -> int:
    """Let the copies that were refused before the pause wait again; how many."""
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    again = 0
    meant = await refused_before(session, campaign_id=campaign_id)
    for start in range(0, len(meant), _AT_ONCE):
        some = Delivery.id.in_(meant[start : start + _AT_ONCE])
        again += await retrying.retry_failed(session, campaign_id=campaign_id, only=some)
    return again
