"""The copies of a campaign that are in doubt, and what a relay's log proves about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import evidence, postfix_log
from mailer.ledger.evidence import Proof
from mailer.ledger.postfix_log import Seen
from mailer.letter.snapshot import thaw
from mailer.links import Links
from mailer.models import Campaign, Delivery, Source, Status
from pli.actor import Actor
from pli.keys import Keys


@dataclass(frozen=True, slots=True)
class Doubt:
    """The copies that are in doubt, and the links that recognise them by Message-ID."""

    campaign_id: int
    copies: frozenset[int]
    links: Links

    def proofs(
        self, logs: Iterable[tuple[str, Iterable[bytes]]], seen: Seen | None = None
    ) -> Iterator[Proof]:
        """What Postfix logs, given as names with lines, prove about these copies.

        `seen` counts the lines, and those that are Postfix's.
        "Sent" means only that the relay took the copy. Whether the copy bounced later is not
        judged here; the log line that is kept as `detail` tells it.
        """
        for it in postfix_log.read(logs, self._copy, seen):
            yield Proof(it.delivery_id, Status.SENT, detail=f"{it.log}:{it.number}: {it.line}")

    def _copy(self, message_id: str) -> int | None:
        delivery_id = self.links.read_message_id(message_id)
        return delivery_id if delivery_id in self.copies else None


async def of(session: AsyncSession, campaign_id: int, keys: Keys) -> Doubt:
    """The copies of a campaign that are in doubt now, also those that wait to be sent again.

    Their Message-IDs use the domain that was frozen with the campaign.
    """
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    assert frozen is not None
    identity = thaw(frozen)[2]
    copies = await session.scalars(
        select(Delivery.id).where(Delivery.campaign_id == campaign_id, evidence.in_doubt())
    )
    links = Links(keys, identity.public_url, identity.domain)
    return Doubt(campaign_id, frozenset(copies), links)


async def settle_by_log(
    session: AsyncSession,
    campaign_id: int,
    keys: Keys,
    logs: Iterable[tuple[str, Iterable[bytes]]],
    *,
    by: Actor,
    why: str = "",
    now: datetime,
) -> int:
    """Settle the copies that short logs show as sent; how many. For long ones, read them before."""
    doubted = await of(session, campaign_id, keys)
    return await evidence.settle_by(
        session,
        campaign_id=campaign_id,
        proofs=list(doubted.proofs(logs)),
        source=Source.LOG,
        by=by,
        why=why,
        now=now,
    )
