"""A burst: so many copies of a campaign come back as gone that the fault is not with the people.

A relay whose table of mailboxes is gone calls everybody unknown; a provider has such nights, too.
One rule judges what was refused while the letter was handed over, and what came back later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from mailer import answer_words
from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import How, Weight
from mailer.models import Attempt, Batch
from mailer.providers import OTHER, WHOLE
from pli.language import N_, Sentence, say

LEAST = 20
AT_ONE_PROVIDER = 0.05
OF_ALL = 0.1
"""A burst: so many copies of a campaign, and this share of those at one provider, or of all."""
WITHIN = timedelta(hours=1)
SMALLEST = 5
"""In a campaign of fewer than 40 copies half of them are enough, and so many at least."""

LIKELY_IN_A_BURST = and_(
    Bounce.weight == Weight.LIKELY.value,
    Bounce.effect == Effect.UNDONE,
    Bounce.counts,
    Bounce.how != How.SESSION.value,
)
"""What came back in a burst as likely gone, and nobody has decided about: it is a first of nobody.

Where all of a burst is so, nothing is held; after its campaign's end nothing pauses either.
"""


@dataclass(frozen=True, slots=True)
class Burst:
    """So many of a campaign's copies came back as gone within an hour; `provider` WHOLE: of all.

    `by`: who said so last, a relay or a remote server.
    """

    provider: str
    gone: int
    copies: int
    by: str = ""
    code: int = 0
    text: str = ""

    def tell(self) -> Sentence:
        """Why the campaign pauses, in the words of the last answer, and what to do."""
        whose = self.by if self.provider == WHOLE else f"{self.by} ({self.provider})".strip()
        return say(
            N_(
                "{unknown} of {copies} recipients were called unknown by {relay}, which "
                "looks like a fault there: “{code} {text}”: nobody is barred for that until you "
                "say so: ask the relay's operator first"
            ),
            unknown=self.gone,
            copies=self.copies,
            relay=whose,
            code=self.code or "",
            text=answer_words.without_addresses(self.text),
        )


@dataclass(frozen=True, slots=True)
class Base:
    """How many copies were answered so far, and how many there are."""

    answered: int = 0
    copies: int = 0

    def __add__(self, other: Base) -> Base:
        return Base(self.answered + other.answered, self.copies + other.copies)

    def is_burst(self, gone: int, share: float) -> bool:
        """Whether so many that are gone are a burst, of these copies."""
        least = min(LEAST, max(SMALLEST, ceil(self.copies / 2)))
        return gone >= least and gone >= share * self.answered


def burst(session: Session, campaign_id: int) -> Burst | None:
    """Whether the answers of the latest hour, about which nobody has decided, are a burst."""
    latest = session.scalar(
        select(func.max(Bounce.at)).where(Bounce.campaign_id == campaign_id, Bounce.counts)
    )
    if latest is None:
        return None
    rows = session.execute(
        select(Bounce.provider, func.count().label("n"))
        .where(counting(campaign_id, latest))
        .group_by(Bounce.provider)
    ).all()
    gone = {it.provider: it.n for it in rows}
    if not are_enough(gone):
        return None
    found = judge(gone, bases(session, campaign_id))
    return _in_words(session, campaign_id, latest, found) if found else None


def counting(campaign_id: int, latest: datetime, provider: str = WHOLE) -> ColumnElement[bool]:
    """The condition for the bounces that are judged together with the latest one."""
    together = and_(Bounce.campaign_id == campaign_id, Bounce.at > latest - WITHIN, Bounce.counts)
    return together if provider == WHOLE else and_(together, Bounce.provider == provider)


def are_enough(gone: Mapping[str, int]) -> bool:
    """Whether so many may be a burst at all, so that it is worth to count the copies."""
    return sum(gone.values()) >= SMALLEST


def judge(gone: Mapping[str, int], by_provider: Mapping[str, Base]) -> Burst | None:
    """Whether so many that are gone are a burst, by provider; its words are not told.

    A burst of all counts before one of a provider; "other" is nobody's fault in particular.
    """
    everybody = sum(by_provider.values(), Base())
    total = sum(gone.values())
    if everybody.is_burst(total, OF_ALL):
        return Burst(WHOLE, total, everybody.answered)
    for provider, n in sorted(gone.items(), key=lambda it: -it[1]):
        base = by_provider.get(provider, Base())
        if provider != OTHER and base.is_burst(n, AT_ONE_PROVIDER):
            return Burst(provider, n, base.answered)
    return None


def bases(session: Session, campaign_id: int) -> dict[str, Base]:
    """How many copies of a campaign were answered so far, by provider."""
    answered = Batch.sent + Batch.failed + Batch.uncertain
    rows = session.execute(
        select(
            Batch.provider,
            func.sum(answered),
            func.sum(answered + Batch.pending + Batch.sending),
        )
        .where(Batch.campaign_id == campaign_id)
        .group_by(Batch.provider)
    )
    return {provider: Base(int(n), int(copies)) for provider, n, copies in rows}


def _in_words(session: Session, campaign_id: int, latest: datetime, found: Burst) -> Burst:
    row = session.execute(
        select(Bounce.delivery_id, Bounce.how, Bounce.remote, Bounce.diagnostic)
        .where(counting(campaign_id, latest, found.provider))
        .order_by(Bounce.id.desc())
        .limit(1)
    ).one()
    by: str = row.remote or found.provider
    code: int | None = None
    text: str = row.diagnostic
    if row.how == How.SESSION:
        told = session.execute(
            select(Attempt.relay, Attempt.reply_code, Attempt.reply_text)
            .where(Attempt.delivery_id == row.delivery_id)
            .order_by(Attempt.number.desc())
            .limit(1)
        ).one_or_none()
        if told is not None:
            by, code, text = told
    return Burst(found.provider, found.gone, found.copies, by, code or 0, text)
