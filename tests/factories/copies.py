"""Makes campaigns with copies in any state, straight in the tables, and replies of relays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter.letter import Letter
from mailer.models import (
    Attempt,
    Audience,
    Batch,
    Campaign,
    CampaignList,
    CampaignState,
    Delivery,
    Stage,
    Status,
)
from mailer.outcomes import Outcome, judge
from mailer.providers import OTHER
from pli.keys import Keys
from tests.factories.committee import KEYS
from tests.factories.letters import frozen
from tests.factories.people import a_list, a_person

MAILBOX_FULL = (552, "5.2.2", "5.2.2 Mailbox full")
UNKNOWN_USER = (550, "5.1.1", "5.1.1 No such user here")
GREYLISTED = (451, "4.7.1", "4.7.1 Greylisted, come back later")
QUEUED = (250, "2.0.0", "2.0.0 Ok: queued")


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy to make: its status, the reason, and the replies to its attempts."""

    status: Status
    reason: str | None = None
    replies: tuple[tuple[int, str, str], ...] = ()


ONE_OF_EACH = (
    Copy(Status.EXCLUDED, "left"),
    Copy(Status.EXCLUDED, "left"),
    Copy(Status.EXCLUDED, "suppressed"),
    Copy(Status.PENDING, None, (GREYLISTED,)),
    Copy(Status.SENDING),
    Copy(Status.SENT, None, (QUEUED,)),
    Copy(Status.SENT, None, (GREYLISTED, QUEUED)),
    Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),
    Copy(Status.FAILED, "mailbox_full", (GREYLISTED, MAILBOX_FULL)),
    Copy(Status.SKIPPED, "left", (GREYLISTED,)),
    Copy(Status.UNCERTAIN),
)


async def a_campaign_with(
    session: AsyncSession,
    copies: Sequence[Copy] = ONE_OF_EACH,
    *,
    now: datetime,
    of: Letter | None = None,
    state: CampaignState = CampaignState.RUNNING,
    list_name: str = "membres",
    list_id: int | None = None,
    names: str = "membre{n}",
    batch_size: int = 3,
    keys: Keys = KEYS,
) -> Campaign:
    """A campaign with these copies, whose batches count them rightly, on a new list."""
    list_id = list_id or (await a_list(session, list_name, now=now)).id
    excluded = Counter(it.reason for it in copies if it.status is Status.EXCLUDED)
    what = frozen(of)
    campaign = Campaign(
        number=what.letter.number,
        title=what.letter.title,
        subject=what.letter.subject,
        language=what.letter.language,
        state=state,
        audience=Audience.FIRST,
        frozen=what.text,
        letter_hash=what.letter_hash,
        frozen_hash=what.frozen_hash,
        token_key=keys.current,
        retry_delays=[300],
        excluded=dict(excluded),
        created_at=now,
        prepared_at=now,
        started_at=now,
        finished_at=now if state is CampaignState.FINISHED else None,
    )
    session.add(campaign)
    await session.flush()
    session.add(CampaignList(campaign_id=campaign.id, list_id=list_id, position=0))
    batches: dict[int, Counter[str]] = {}
    prepared = 0
    for n, copy in enumerate(copies):
        batch = None
        if copy.status is not Status.EXCLUDED:
            batch = prepared // batch_size + 1
            batches.setdefault(batch, Counter())[copy.status.value] += 1
            prepared += 1
        name = names.format(n=f"{campaign.id}.{n}")
        person = await a_person(session, keys, name, now=now)
        row = Delivery(
            campaign_id=campaign.id,
            subscriber_id=person.id,
            list_id=list_id,
            batch=batch,
            status=copy.status,
            reason=copy.reason,
            attempts=len(copy.replies),
            next_attempt_at=now if batch else None,
        )
        session.add(row)
        await session.flush()
        session.add_all(
            Attempt(
                delivery_id=row.id,
                number=number,
                at=now + timedelta(minutes=number),
                relay="relay.example.org",
                outcome="sent" if code == 250 else "deferred" if code < 500 else "failed",
                stage=Stage.BODY if code == 250 else Stage.RCPT,
                reply_code=code,
                enhanced_code=enhanced,
                reply_text=text,
                milliseconds=5,
            )
            for number, (code, enhanced, text) in enumerate(copy.replies, 1)
        )
    session.add_all(
        Batch(
            campaign_id=campaign.id,
            number=number,
            list_id=list_id,
            provider=OTHER,
            due_at=now,
            **counts,
        )
        for number, counts in batches.items()
    )
    await session.flush()
    return campaign


def accepted() -> Outcome:
    """The outcome of a copy that the relay took."""
    return judge(Stage.BODY, 250, "2.0.0 ok")
