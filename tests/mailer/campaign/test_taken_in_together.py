"""Mails taken in together leave the rows that they leave when each is taken in by itself."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces.arrivals import Arrival, read_arrival
from mailer.bounces.handling import Came
from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign import coming_back
from mailer.links import FIRST_NUMBER
from mailer.models import (
    Batch,
    Campaign,
    CampaignState,
    Delivery,
    Evidence,
    Notice,
    NoticeKind,
    Status,
)
from pli.database import Database
from subscribers.models import (
    ConsentRecord,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from tests import factories as make
from tests.examples import examples
from tests.factories import QUEUED, Copy
from tests.mailer.bounces.coming_back import (
    BLAMED,
    FULL,
    GONE,
    LIKELY,
    SENT,
    UNTOLD,
    bounce_of,
    complaint_of,
    copies_of,
)
from tests.specimens.bounces.pieces import TOKENS

DAY = timedelta(days=1)
EARLIER, NOW_SENT = 4, 24
RULES = (
    USUAL,
    USUAL,
    BounceRules(likely_days=0, suppress_stale=True, stale_letters=2, stale_days=0),
)


class _Undo(Exception):
    """Undoes a transaction, so that the next begins with the same rows."""


async def furnish(session: AsyncSession, now: datetime) -> Sequence[tuple[int, str]]:
    """Two letters to some of the same people, with what came back before; copies and addresses."""
    earlier = await make.a_campaign_with(
        session, [SENT] * EARLIER, now=now - 20 * DAY, state=CampaignState.FINISHED,
        list_name="avant", names="avant{n}",
    )  # fmt: skip
    earlier.number = 1
    doubted = [Copy(Status.PENDING, None, (QUEUED,)), Copy(Status.UNCERTAIN, None, (QUEUED,))]
    latest = await make.a_campaign_with(
        session, [*doubted, *[SENT] * (NOW_SENT - 2)], now=now, batch_size=8,
    )  # fmt: skip
    latest.number = 2
    await session.flush()
    for number, provider in enumerate(("orange", "sfr", "other"), 1):
        its = Batch.campaign_id == latest.id, Batch.number == number
        await session.execute(update(Batch).where(*its).values(provider=provider))
    of = select(Delivery).order_by(Delivery.id)
    old = (await session.scalars(of.where(Delivery.campaign_id == earlier.id))).all()
    new = (await session.scalars(of.where(Delivery.campaign_id == latest.id))).all()
    new[0].doubted = True
    for before, after in zip(old[:3], new[2:5], strict=True):
        before.subscriber_id = after.subscriber_id
    new[5].subscriber_id = None
    await session.flush()
    said: dict[str, Any] = {
        "provider": "orange", "action": "failed", "status": "5.0.0", "diagnostic": "",
        "remote": "", "how": "text",
    }  # fmt: skip
    for copy, at, reason, weight, effect in (
        (old[0], now - 10 * DAY, "unknown_user", "likely", Effect.NONE),
        (old[1], now - 10 * DAY, "full", "temporary", Effect.NONE),
        (new[6], now - DAY, "unknown_user", "certain", Effect.UNDONE),
    ):
        session.add(
            Bounce(
                delivery_id=copy.id, campaign_id=copy.campaign_id, at=at, reason=reason,
                weight=weight, effect=effect, counts=False, **said,
            )
        )  # fmt: skip
    for copy, why in ((new[7], "objection"), (new[8], "hard_bounce")):
        person = await session.get_one(Subscriber, copy.subscriber_id)
        session.add(
            Suppression(address_key=person.address_key, reason=SuppressionReason(why), at=now)
        )
    session.add(
        Notice(
            id=1, kind=NoticeKind.TEST, address="a@example.org", address_key=b"a" * 16,
            content="{}", status=Status.SENT, created_at=now,
        )
    )  # fmt: skip
    await session.flush()
    rows = await session.execute(
        select(Delivery.id, Subscriber.email)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .order_by(Delivery.id)
    )
    return [(row.id, row.email or "gone@example.org") for row in rows]


def some_mails(chance: random.Random, copies: Sequence[tuple[int, str]]) -> list[Arrival]:
    """Mails of all kinds: of one person, the same twice, too many of a kind, of nobody."""
    common = chance.choice((GONE, LIKELY, FULL))
    mails: list[bytes] = []
    if chance.random() < 0.4:  # perhaps a burst
        mails += [bounce_of(*it, chance.choice((GONE, LIKELY))) for it in chance.sample(copies, 14)]
    for n in range(chance.randint(1, 26)):
        said = chance.choice((common, common, GONE, LIKELY, FULL, BLAMED))
        more = f"X-Number: {n}\n" if chance.random() < 0.5 else ""
        mails += _drawn(chance, *chance.choice(copies), said, more, mails)
    chance.shuffle(mails)
    return [read_arrival(raw=it, came_to="", door="test", tokens=TOKENS) for it in mails]


def _drawn(
    chance: random.Random,
    number: int,
    address: str,
    said: tuple[str, str],
    more: str,
    before: Sequence[bytes],
) -> list[bytes]:
    match chance.randrange(16):
        case 0:
            return [complaint_of(number, address)]
        case 1:
            raw = complaint_of(number, address)
            return [raw.replace(b"Feedback-Type: abuse", b"Feedback-Type: opt-out")]
        case 2:
            return [bounce_of(number, address, ("4.4.1", "timed out"), action="delayed")]
        case 3:
            return [bounce_of(number, "new@example.org", said, written=address)]
        case 4:
            return [bounce_of(number, "old@example.org", said)]
        case 5:
            return [UNTOLD.format(chance.choice((address, "who@example.org"))).encode()]
        case 6:
            number = chance.choice((FIRST_NUMBER + 1, FIRST_NUMBER + 2, 999_999))
            return [bounce_of(number, address, said, more=more)]
        case 7 if before:
            return [chance.choice(before)]
        case 8:
            return [bounce_of(number, address, said, more=f"Y: {it}\n") for it in range(12)]
        case 9:
            return [bounce_of(number, address, ("2.0.0", "250 ok"), action="delivered")]
        case _:
            return [bounce_of(number, address, said, more=more)]


def _kept(session: Session) -> Mapping[str, list[Any]]:
    """All that a mail may change; ids of new rows stand for what they are of."""
    digests = {
        row.id: row.digest.hex()
        for row in session.execute(select(BounceMail.id, BounceMail.digest))
    }
    names: dict[str, str] = {}
    bounces = []
    for it in session.scalars(select(Bounce).order_by(Bounce.id)):
        row = _values(it, "id", "mail_id") | {"mail": digests.get(it.mail_id or 0)}
        names[f"bounce {it.id},"] = f"bounce of {row['mail']},"
        bounces.append(row)
    # Those of notices are written after those of copies; neither knows of the other.
    bounces.sort(key=lambda it: it["notice_id"] is not None)
    suppressed = []
    for that in session.scalars(select(Suppression).order_by(Suppression.address_key)):
        begin = " ".join(that.source.split()[:2])
        source = that.source.replace(begin, names.get(begin, begin)) if begin else ""
        suppressed.append(_values(that) | {"source": source})
    found: dict[str, list[Any]] = {"bounces": bounces, "suppressed": suppressed}
    for model in (BounceMail, Evidence, ConsentRecord):
        rows = session.scalars(select(model).order_by(model.id))
        # Which of two copies is settled first is nothing that anybody asks.
        found[model.__name__] = sorted((_values(it, "id") for it in rows), key=repr)
    for changed in (Delivery, Batch, Campaign, Subscription):
        its = session.scalars(select(changed).order_by(changed.id))
        found[changed.__name__] = [_values(it) for it in its]
    return found


def _values(row: Any, *without: str) -> dict[str, Any]:
    names = [it.key for it in row.__mapper__.column_attrs if it.key not in without]
    return {it: getattr(row, it) for it in names}


def _told(came: Came, mails: Mapping[int, str]) -> tuple[Any, ...]:
    mail = mails.get(came.mail_id or 0)
    return mail, came.new, came.kind, came.number, came.bounce_id is None, came.effect


async def taken_in(
    database: Database, parts: Sequence[Sequence[Arrival]], rules: BounceRules, now: datetime
) -> tuple[list[Any], Mapping[str, list[Any]]]:
    """What became of mails that were taken in by so many calls, and the rows; then undo it."""
    found: list[tuple[list[Any], Mapping[str, list[Any]]]] = []

    def take(session: Session) -> None:
        came = [
            one
            for some in parts
            for one in coming_back.take_in_all(session, some, rules=rules, now=now)
        ]
        session.expire_all()
        mails = {it.id: it.digest.hex() for it in session.scalars(select(BounceMail))}
        found.append(([_told(it, mails) for it in came], _kept(session)))
        raise _Undo

    with suppress(_Undo):
        await database.perform(take)
    return found[0]


def _pairs(
    together: Mapping[str, list[Any]], alone: Mapping[str, list[Any]]
) -> list[tuple[list[Any], list[Any]]]:
    return [(together[it], alone[it]) for it in alone]


async def test_mails_taken_in_together_leave_the_rows_that_each_would_leave_by_itself(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        copies = await furnish(session, now)
    seen: set[Effect] = set()
    for seed in range(examples(60)):
        chance = random.Random(seed)
        mails, rules = some_mails(chance, copies), chance.choice(RULES)
        together = await taken_in(database, [mails], rules, now)
        alone = await taken_in(database, [[it] for it in mails], rules, now)
        for told, kept in ((together[0], alone[0]), *_pairs(together[1], alone[1])):
            assert told == kept, seed
        seen |= {it["effect"] for it in together[1]["bounces"]}
    assert seen >= {Effect.SUPPRESSED, Effect.HELD, Effect.UNDONE, Effect.FORMER, Effect.NONE}


async def both_ways(
    database: Database, mails: Sequence[bytes], now: datetime
) -> tuple[dict[int, Effect], dict[int, Effect]]:
    """What follows for each copy, taken in together and alone."""
    read = [read_arrival(raw=it, came_to="", door="test", tokens=TOKENS) for it in mails]
    found = []
    for parts in ([read], [[it] for it in read]):
        _, kept = await taken_in(database, parts, USUAL, now)
        found.append({it["delivery_id"]: it["effect"] for it in kept["bounces"]})
    return found[0], found[1]


async def test_a_burst_that_another_hid_for_a_while_takes_back_what_was_suppressed_meanwhile(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        copies = await furnish(session, now)
        await session.execute(update(Batch).where(Batch.provider == "other").values(sent=100))
    orange, sfr = copies[EARLIER : EARLIER + 8], copies[EARLIER + 8 : EARLIER + 16]
    second = orange[2]
    first = [orange[it] for it in (0, 1, 3, 4, 7)]
    mails = [bounce_of(*it, LIKELY) for it in (*first, *sfr[:7], second)]
    hidden, alone = await both_ways(database, mails, now)
    assert hidden == alone
    assert hidden[second[0]] is Effect.SUPPRESSED
    mails.append(bounce_of(*orange[1], ("5.5.0", "550 user unknown")))
    seen, alone = await both_ways(database, mails, now)
    assert seen == alone
    assert seen[second[0]] is Effect.HELD


async def test_a_doubt_that_a_mail_settles_counts_before_the_next_mail_is_judged(
    database: Database, now: datetime
) -> None:
    doubted = Copy(Status.PENDING, None, (QUEUED,))
    async with database.begin() as session:
        campaign = await make.a_campaign_with(
            session, [doubted, *[SENT] * 20], now=now, batch_size=30
        )
        await session.execute(update(Delivery).values(doubted=Delivery.status == Status.PENDING))
        # 20 are a burst of 400 copies that were answered, and none of 401.
        await session.execute(update(Batch).values(provider="orange", sent=400))
        copies = await copies_of(session, campaign.id)
    gone = [bounce_of(*it, GONE) for it in copies[1:]]
    settles = bounce_of(*copies[0], FULL)
    for mails, held in ((gone, True), ([settles, *gone], False), ([*gone, settles], True)):
        together, alone = await both_ways(database, mails, now)
        assert together == alone
        assert (Effect.HELD in together.values()) is held
