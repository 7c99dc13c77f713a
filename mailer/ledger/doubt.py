"""The copies of a campaign that are in doubt, and what a relay's log says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import evidence, postfix_log
from mailer.ledger.evidence import Proof
from mailer.letter.snapshot import thaw
from mailer.links import Links
from mailer.models import Campaign, Delivery, Status
from pli.keys import Keys


@dataclass(frozen=True, slots=True)
class Doubt:
    """The copies nobody can know of, and how to recognise one by its Message-ID."""

    campaign_id: int
    copies: frozenset[int]
    links: Links

    def proofs(self, logs: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[Proof]:
        """What Postfix logs, each its name and its lines, prove of these copies.

        That a copy was refused in the end, or came back, is no matter here: "sent" means that the
        relay took it, and the line that is kept tells the rest.
        """
        for it in postfix_log.read(logs, self._copy):
            yield Proof(it.delivery_id, Status.SENT, detail=f"{it.log}:{it.number}: {it.line}")

    def _copy(self, message_id: str) -> int | None:
        delivery_id = self.links.read_message_id(message_id)
        return delivery_id if delivery_id in self.copies else None


async def of(session: AsyncSession, campaign_id: int, keys: Keys) -> Doubt:
    """What is in doubt in a campaign, now, also while it waits to be sent again.

    Its Message-IDs are under the domain frozen with it.
    """
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    assert frozen is not None
    identity = thaw(frozen)[2]
    copies = await session.scalars(
        select(Delivery.id).where(Delivery.campaign_id == campaign_id, evidence.in_doubt())
    )
    links = Links(keys, identity.public_url, identity.domain)
    return Doubt(campaign_id, frozenset(copies), links)
