"""A person leaves by the link of one copy: off the list, and the copy is known to have arrived.

A letter may go to several lists, and a person on two of them gets one copy, under the first. Who
leaves that list alone would get the next letter by the other one, so both can be left at once. The
waiting copy itself never goes by another list: its list is fixed when it is prepared.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import evidence
from mailer.ledger.evidence import Proof
from mailer.links import OptOutToken
from mailer.models import CampaignList, Delivery, Source, Status
from subscribers import optout
from subscribers.models import List


class Reach(enum.StrEnum):
    """What a person leaves: the list of the link, all lists of that letter, or every list."""

    LIST = "list"
    LETTER = "letter"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Left:
    """One list that a person has left by this call, and the consent record of it."""

    list_id: int
    title: str
    record: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person may leave now.

    `letter` are the titles of the lists to which the letter went and that the person is on, that of
    the link first. `lists` is how many lists the person is on in all.
    """

    letter: tuple[str, ...]
    lists: int


async def choices(session: AsyncSession, *, token: OptOutToken) -> Choices:
    """What the holder of a link may leave."""
    there = await optout.still_on(session, subscriber_id=token.subscriber_id)
    of_the_letter = await _of_the_letter(session, token)
    shown = sorted(
        (it for it in there if it.id in of_the_letter), key=lambda it: of_the_letter.index(it.id)
    )
    return Choices(tuple(it.title for it in shown), len(there))


async def leave(
    session: AsyncSession,
    *,
    token: OptOutToken,
    reach: Reach = Reach.LIST,
    source: str,
    now: datetime,
) -> list[Left]:
    """Leave the list that the token names, or more; what this very call did, in a fixed order."""
    left = []
    for it in await _within(session, token, reach):
        record = await optout.unsubscribe(
            session,
            subscriber_id=token.subscriber_id,
            list_id=it.id,
            delivery_id=token.delivery_id,
            source=source,
            now=now,
        )
        if record is not None:
            left.append(Left(it.id, it.title, record))
    await _prove_arrival(session, token, now)
    return left


async def _within(session: AsyncSession, token: OptOutToken, reach: Reach) -> list[List]:
    there = await optout.still_on(session, subscriber_id=token.subscriber_id)
    if reach is Reach.ALL:
        return there
    ids: Sequence[int] = [token.list_id]
    if reach is Reach.LETTER:
        ids = await _of_the_letter(session, token)
    return [it for it in there if it.id in ids]


async def _of_the_letter(session: AsyncSession, token: OptOutToken) -> list[int]:
    """The lists to which the copy's letter went, that of the link first.

    The link's list alone if its numbers are those of another person's copy: an installation that
    was begun anew with old keys counts its copies from one again.
    """
    found = await session.scalars(
        select(CampaignList.list_id)
        .join(Delivery, Delivery.campaign_id == CampaignList.campaign_id)
        .where(
            Delivery.id == token.delivery_id,
            Delivery.subscriber_id == token.subscriber_id,
            Delivery.list_id == token.list_id,
        )
        .order_by(CampaignList.position)
    )
    return list(dict.fromkeys([token.list_id, *found]))


async def _prove_arrival(session: AsyncSession, token: OptOutToken, now: datetime) -> None:
    """Settle the token's copy as sent if it was in doubt: no other copy has this link."""
    campaign_id = await session.scalar(
        select(Delivery.campaign_id).where(
            Delivery.id == token.delivery_id,
            Delivery.subscriber_id == token.subscriber_id,
            Delivery.list_id == token.list_id,
            evidence.in_doubt(),
        )
    )
    if campaign_id is not None:
        proof = Proof(token.delivery_id, Status.SENT)
        await evidence.settle_by(
            session, campaign_id=campaign_id, proofs=[proof], source=Source.OPT_OUT, now=now
        )
