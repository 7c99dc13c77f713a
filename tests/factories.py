"""Invented people, letters and campaigns, as few words as a story needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import false, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle
from mailer.letter.letter import Letter
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import load_theme
from mailer.models import Audience, Campaign, Stage
from mailer.outcomes import Outcome, judge
from mailer.sender import Identity
from pli.keys import Keys
from subscribers import consent
from subscribers.models import Basis, List, Subscriber, Subscription, SubscriptionState


def identity(public_url: str = "https://lettres.example.org") -> Identity:
    """A committee with all its footer lines."""
    return Identity(
        committee="Comité régional d’essai",
        address="1 place du Marché, 44000 Ville",
        phone="02 00 00 00 00",
        email="contact@example.org",
        sender="Comité régional <lettre@example.org>",
        reply_to="",
        public_url=public_url,
    )


def letter(number: int = 12, body: str = "# Une séance\n\nBonjour.\n") -> Letter:
    """A small letter."""
    return Letter(
        number=number,
        title="Une séance",
        date=date(2026, 11, 24),
        subject=f"Lettre n° {number} : une séance",
        preheader="Ce qui a été dit et voté pendant la séance plénière de novembre",
        body=body,
    )


def frozen(of: Letter | None = None) -> Frozen:
    """That letter, frozen."""
    written = of or letter()
    return Frozen.of(written, load_theme(written.theme), identity())


async def a_list(session: AsyncSession, name: str, *, now: datetime) -> List:
    """A list."""
    row = List(name=name, title=f"Liste {name}", created_at=now)
    session.add(row)
    await session.flush()
    return row


async def a_person(
    session: AsyncSession,
    keys: Keys,
    name: str,
    *lists: List,
    now: datetime,
    confirmed: bool = True,
    host: str = "example.org",
) -> Subscriber:
    """Somebody, at example.org if nothing else is said, on these lists."""
    email = f"{name}@{host}"
    row = Subscriber(
        email=email,
        email_folded=email.casefold(),
        address_key=keys.address_key(email),
        first_name=name.capitalize(),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    for it in lists:
        await consent.subscribe(
            session,
            subscriber_id=row.id,
            list_id=it.id,
            basis=Basis.MEMBER,
            source="test",
            confirmed=confirmed,
            now=now,
        )
    return row


async def members(
    session: AsyncSession, keys: Keys, list_: List, count: int, *, now: datetime
) -> list[Subscriber]:
    """So many confirmed people, p000 and so on."""
    return [await a_person(session, keys, f"p{n:03}", list_, now=now) for n in range(count)]


async def crowd(
    session: AsyncSession, keys: Keys, list_: List, count: int, *, now: datetime
) -> None:
    """So many confirmed people at once, p0 and so on, without a word on their consent."""
    addresses = [f"p{n}@example.org" for n in range(count)]
    await session.execute(
        insert(Subscriber),
        [
            {
                "email": address,
                "email_folded": address,
                "address_key": keys.address_key(address),
                "created_at": now,
            }
            for address in addresses
        ],
    )
    await session.execute(
        insert(Subscription).from_select(
            ["subscriber_id", "list_id", "state", "paused", "basis", "since"],
            select(
                Subscriber.id,
                literal(list_.id),
                literal(SubscriptionState.CONFIRMED.value),
                false(),
                literal(Basis.MEMBER.value),
                Subscriber.created_at,
            ),
        )
    )


async def a_campaign(
    session: AsyncSession,
    keys: Keys,
    lists: Sequence[List],
    *,
    now: datetime,
    of: Letter | None = None,
    rule: str = "",
    audience: Audience = Audience.FIRST,
    batch_size: int = 100,
    retry_delays: Sequence[float] = (0.05,),
    started: bool = True,
) -> Campaign:
    """A prepared campaign, started unless said otherwise."""
    campaign = await a_draft(
        session,
        keys,
        lists,
        now=now,
        of=of,
        rule=rule,
        audience=audience,
        retry_delays=retry_delays,
    )
    await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=batch_size, now=now)
    if started:
        await lifecycle.start(session, campaign_id=campaign.id, now=now)
    return campaign


async def a_draft(
    session: AsyncSession,
    keys: Keys,
    lists: Sequence[List],
    *,
    now: datetime,
    of: Letter | None = None,
    rule: str = "",
    audience: Audience = Audience.FIRST,
    retry_delays: Sequence[float] = (0.05,),
) -> Campaign:
    """A campaign of which nothing is prepared."""
    return await lifecycle.create(
        session,
        frozen=frozen(of),
        list_ids=[it.id for it in lists],
        rule=rule,
        audience=audience,
        token_key=keys.current,
        retry_delays=retry_delays,
        now=now,
    )


def accepted() -> Outcome:
    """What a relay says of a copy that it took."""
    return judge(Stage.BODY, 250, "2.0.0 ok")
