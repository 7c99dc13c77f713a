"""What was said of a manuscript whose sending was sent back, beside the blocks that were meant."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import approvals, manuscripts
from mailer.campaign import remarks as remarks_on
from mailer.campaign.remarks import Remark
from mailer.letter.drafts.preview import Placed
from mailer.letter.finding import Finding, Severity
from pli.language import N_, Sentence, say


async def placed(session: AsyncSession, draft_id: int, body: str) -> list[Placed]:
    """The remarks as findings of a body, each on the line of its block, if that is still there."""
    sending = await manuscripts.sending_of(session, draft_id)
    step = await approvals.sent_back(session, sending)
    if step is None:
        return []
    places = remarks_on.places(step.remarks, body)
    pairs = zip(step.remarks, places, strict=True)
    return [_finding(it, step.by.name, place) for it, place in pairs]


def _finding(remark: Remark, name: str, line: int | None) -> Placed:
    told = say(N_("{name}: {remark}"), name=name, remark=remark.note)
    remedy: Sentence = Sentence("")
    if line is None and remark.excerpt:
        remedy = say(N_("The block is gone or quite another now: {block}"), block=remark.excerpt)
    return Placed(Finding(Severity.REMARK, "", told, remedy, line))
