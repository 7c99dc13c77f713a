"""Refusals while a letter was handed over: bounces that did not have to travel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.bounce_models import Bounce, Effect
from mailer.bounces.judging import judge
from mailer.bounces.report import Action, How, Reason, Recipient, Stage, Verdict, Weight
from mailer.models import Stage as SessionStage
from mailer.outcomes import Result, calls_unknown, is_gone
from subscribers.upsert import insert_into


def record(
    session: Session,
    *,
    campaign_id: int,
    provider: str,
    failed: Sequence[Result],
    now: datetime,
) -> bool:
    """Keep the refusals of a session that are about recipients; whether any calls them unknown.

    5.1.1 at RCPT suppresses when the campaign ends. A relay's words alone do not: what they say is
    a filter's work often enough.
    """
    rows = []
    for it in failed:
        verdict = _of_a_session(it)
        counts = calls_unknown(it.outcome)
        if not counts and verdict.reason not in (Reason.FULL, Reason.DISABLED, Reason.MOVED):
            continue
        waits = counts and verdict.weight is Weight.CERTAIN
        rows.append(
            {
                "delivery_id": it.delivery_id,
                "campaign_id": campaign_id,
                "provider": provider,
                "at": now,
                "action": Action.FAILED.value,
                "reason": verdict.reason.value,
                "weight": verdict.weight.value,
                "status": it.outcome.enhanced or "",
                "diagnostic": answer_words.without_addresses(it.outcome.text),
                "remote": "",
                "how": How.SESSION.value,
                "effect": Effect.WAITING if waits else Effect.NONE,
                "counts": counts,
            }
        )
    if rows:
        session.execute(insert_into(session, Bounce).on_conflict_do_nothing(), rows)
    return any(it["counts"] for it in rows)


_STAGES = {
    SessionStage.RCPT: Stage.RCPT, SessionStage.DATA: Stage.DATA, SessionStage.BODY: Stage.DATA,
}  # fmt: skip


def _of_a_session(result: Result) -> Verdict:
    outcome = result.outcome
    said = f"{outcome.code or ''} {outcome.text}".strip()
    stage = _STAGES.get(outcome.stage, Stage.MAIL)
    verdict = judge(Recipient("", Action.FAILED, outcome.enhanced or "", said, stage))
    if verdict.weight is Weight.CERTAIN and not is_gone(outcome):
        return Verdict(verdict.reason, Weight.LIKELY)
    return verdict
