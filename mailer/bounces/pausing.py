"""Why a running campaign must pause for what came back of it after its relay had taken it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.burst import WITHIN, Base, bases, burst
from mailer.bounces.report import How, Weight
from mailer.models import Campaign, CampaignState
from mailer.refusals import LATEST, LEAST
from mailer.scope import Scope
from pli.language import N_, Sentence, say


def of_running(session: Session, scope: Scope, share: float) -> Sequence[tuple[int, Sentence]]:
    """The running campaigns of which too much came back, and why each pauses.

    `share` (0 to 1): of so many of the latest copies the world may say that the fault is ours. What
    is refused while a letter is handed over pauses its campaign at once, without this.
    """
    came_back = exists().where(
        Bounce.campaign_id == Campaign.id,
        Bounce.how != How.SESSION.value,
        or_(Bounce.counts, _blames_us()),
    )
    running = session.scalars(
        select(Campaign.id).where(
            Campaign.state == CampaignState.RUNNING, scope.campaigns(), came_back
        )
    ).all()
    found = []
    for campaign_id in running:
        if gone := burst(session, campaign_id):
            found.append((campaign_id, gone.tell()))
        elif blamed := _blamed(session, campaign_id, share):
            found.append((campaign_id, blamed))
    return found


def go_on(session: Session, campaign_id: int) -> None:
    """A person lets a campaign go on: what blamed us before pauses it no more."""
    session.execute(
        update(Bounce)
        .where(Bounce.campaign_id == campaign_id, _blames_us())
        .values(effect=Effect.UNDONE)
        .execution_options(synchronize_session=False)
    )


def _blames_us() -> ColumnElement[bool]:
    return and_(
        Bounce.weight == Weight.POLICY.value,
        Bounce.effect == Effect.NONE,
        Bounce.how != How.SESSION.value,
    )


def _blamed(session: Session, campaign_id: int, share: float) -> Sentence | None:
    """Why to pause if, within an hour, too many copies came back for what we are."""
    ours = and_(Bounce.campaign_id == campaign_id, _blames_us())
    latest = session.scalar(select(func.max(Bounce.at)).where(ours))
    if latest is None:
        return None
    within = and_(ours, Bounce.at > latest - WITHIN)
    n = session.scalar(select(func.count()).select_from(Bounce).where(within)) or 0
    answered = sum(bases(session, campaign_id).values(), Base()).answered
    if n < max(LEAST, share * min(LATEST, answered)):
        return None
    said = session.scalar(select(Bounce.diagnostic).where(within).order_by(Bounce.id.desc()))
    return say(
        N_(
            "{n} copies came back, refused for what we are: {text}: "
            "ask the relay's operator what it wants of us"
        ),
        n=n,
        text=said or "",
    )
