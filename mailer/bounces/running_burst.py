"""Whether copies are in a burst, counted on in memory while many answers are recorded together."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import burst
from mailer.bounces.burst import WITHIN, Base, Burst, bases
from mailer.providers import WHOLE


class RunningBurst:
    """What counts towards a burst of one campaign: as it was kept, and what is added to it.

    `clean`: whose burst was held, with nothing suppressed there since, so that to hold it once more
    would change nothing.
    """

    def __init__(
        self,
        session: Session,
        campaign_id: int,
        now: datetime,
        clean: AbstractSet[str] = frozenset(),
    ) -> None:
        latest = session.scalar(
            select(func.max(Bounce.at)).where(Bounce.campaign_id == campaign_id, Bounce.counts)
        )
        since = max(latest or now, now) - WITHIN
        together = and_(Bounce.campaign_id == campaign_id, Bounce.counts)
        rows = session.execute(
            select(
                Bounce.provider,
                func.sum(case((Bounce.at > since, 1), else_=0)),
                func.max(case((Bounce.effect == Effect.HELD, 1), else_=0)),
            )
            .where(together)
            .group_by(Bounce.provider)
        ).all()
        self._gone = {provider: int(n) for provider, n, _ in rows}
        self._is_within = now > since
        self._session = session
        self._campaign_id = campaign_id
        self._bases: dict[str, Base] | None = None
        self._held = {provider for provider, _, held in rows if held}
        self.clean = set(clean)

    def add(self, provider: str, n: int = 1) -> None:
        """Count an answer that came now; -1: a person has decided about its copy already."""
        if self._is_within:
            self._gone[provider] = self._gone.get(provider, 0) + n

    def hold(self, provider: str) -> None:
        """From now on an answer of this provider is held."""
        self._held.add(provider)

    def holds(self, provider: str) -> bool:
        """Whether a burst at this provider waits for a person."""
        return provider in self._held

    def found(self) -> Burst | None:
        """The burst that there is by now, without its words."""
        if not burst.are_enough(self._gone):
            return None
        if self._bases is None:
            self._bases = bases(self._session, self._campaign_id)
        return burst.judge(self._gone, self._bases)

    def passes(self, provider: str) -> None:
        """An answer of this provider follows as if there were no burst."""
        self.clean -= {WHOLE, provider}
