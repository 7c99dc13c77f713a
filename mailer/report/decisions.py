"""Who decided what about a campaign, when, and why: as its report tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import approvals, ticking
from mailer.models import ApprovalKind, Campaign, Source
from pli import audit, audit_words
from pli.actor import NOBODY, kept
from pli.audit import AuditAction, AuditObject
from pli.language import N_, Sentence, say

SHOWN = 100
_LEFT_OUT = frozenset(
    {
        AuditAction.PEOPLE_VIEWED,
        AuditAction.PERSON_VIEWED,
        # What the steps and the ticks tell, with their words.
        AuditAction.APPROVAL_ASKED,
        AuditAction.APPROVED,
        AuditAction.SENT_BACK,
        AuditAction.FROZEN_ANEW,
        AuditAction.TICKED,
    }
)
_FOR_PROGRAMS = frozenset(it.value for it in Source)
"""What settled a doubt, where nobody said why."""
_STEPS: Mapping[ApprovalKind, str] = {
    ApprovalKind.WROTE: N_("wrote it"),
    ApprovalKind.ASKED: N_("asked for the approval"),
    ApprovalKind.APPROVED: N_("approved it"),
    ApprovalKind.SENT_BACK: N_("sent it back"),
    ApprovalKind.REMINDED: N_("asked once more: a reminder was sent after a day"),
    ApprovalKind.CHANGED: N_("changed it"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Who did what, when (None if that is not known), and why in the words of that person."""

    at: datetime | None
    who: Sentence
    what: Sentence
    why: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions in order; `approved_hash` is the hash of what was approved, if anything was."""

    decisions: Sequence[Decision]
    approved_hash: str | None


async def of_campaign(session: AsyncSession, campaign_id: int) -> Decisions:
    """What was decided about a campaign; the campaign must exist."""
    row = (
        await session.execute(
            select(
                Campaign.created_by,
                Campaign.created_at,
                Campaign.approved_by,
                Campaign.approved_at,
                Campaign.approved_hash,
            ).where(Campaign.id == campaign_id)
        )
    ).one()
    done = await audit.events(
        session,
        kind=AuditObject.CAMPAIGN,
        object_id=campaign_id,
        actions=set(AuditAction) - _LEFT_OUT,
        limit=SHOWN,
    )
    steps = await approvals.steps(session, campaign_id)
    approved = any(it.kind is ApprovalKind.APPROVED for it in steps)
    found = [
        *_of_actor(row.created_by, row.created_at, N_("made it")),
        *(() if approved else _of_actor(row.approved_by, row.approved_at, N_("approved it"))),
        *(
            Decision(it.at, audit_words.who(it.by), say(_STEPS[it.kind]), it.said)
            for it in steps
            if it.by != NOBODY
        ),
        *(
            Decision(
                it.at,
                audit_words.who(it.by),
                say(N_("let this warning pass: {warning}"), warning=it.sentence),
            )
            for it in await ticking.ticked(session, campaign_id)
        ),
        *(
            Decision(
                it.at,
                audit_words.who(kept(it.actor)),
                audit_words.action(it.action),
                "" if it.why in _FOR_PROGRAMS else it.why,
            )
            for it in reversed(done.events)
        ),
    ]
    return Decisions(sorted(found, key=lambda it: (it.at is None, it.at)), row.approved_hash)


def _of_actor(text: str | None, at: datetime | None, what: str) -> Iterator[Decision]:
    actor = kept(text or "")
    if actor != NOBODY:
        yield Decision(at, audit_words.who(actor), say(what))
