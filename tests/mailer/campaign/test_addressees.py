"""Who is set aside, that it is frozen with the campaign, and foreseen as it is written."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import addressees, freezing, lifecycle
from mailer.campaign.addressees import Addressees, Aside
from mailer.campaign.finding import CampaignError
from mailer.ledger import balance
from mailer.letter.snapshot import addressees_in
from mailer.models import Audience, Campaign, Delivery
from mailer.report.foresee import Foreseen, Last, LetterNumber, foresee
from pli.actor import NOBODY
from pli.database import Database
from pli.keys import Keys
from subscribers import optout, segments
from subscribers.models import Attribute, AttributeType
from subscribers.rules import RuleError
from tests import factories as make

WITHOUT_ANNE = 'email = "anne@example.org"'


async def reasons_of(session: AsyncSession, campaign: Campaign) -> Counter[str]:
    rows = await session.execute(
        select(Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign.id)
        .group_by(Delivery.reason)
    )
    return Counter({reason or "": n for reason, n in rows})


async def test_who_is_set_aside_has_a_row_with_that_reason_asked_last(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        elected = await make.a_list(session, "elus", now=now)
        others = await make.a_list(session, "autres", now=now)
        await make.a_person(session, keys, "anne", members, now=now)
        await make.a_person(session, keys, "bruno", members, elected, now=now)
        gone = await make.a_person(session, keys, "carla", members, elected, now=now)
        left_aside = await make.a_person(session, keys, "denis", members, elected, now=now)
        await make.members(session, keys, members, 3, now=now)
        await make.a_person(session, keys, "elsewhere", others, elected, now=now)
        await optout.unsubscribe(
            session, subscriber_id=gone.id, list_id=members.id, source="test", now=now
        )
        # Who left the list that is set aside is not on it any more.
        await optout.unsubscribe(
            session, subscriber_id=left_aside.id, list_id=elected.id, source="test", now=now
        )
        aside = Aside((elected.id,), (("", WITHOUT_ANNE),))
        campaign = await freezing.create(
            session,
            frozen=make.frozen(),
            list_ids=[members.id],
            aside=aside,
            token_key=keys.current,
            retry_delays=(),
            by=NOBODY,
            now=now,
        )
        foreseen = await foresee(session, await addressees.addressees_of(session, campaign))
        await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=100, now=now)
        assert await reasons_of(session, campaign) == {"": 4, "left": 1, "set_aside": 2}
        assert (foreseen.receiving, dict(foreseen.excluded)) == (4, {"left": 1, "set_aside": 2})
        await session.refresh(campaign)
        assert campaign.excluded == {"left": 1, "set_aside": 2}
        assert await balance.faults(session, campaign_id=campaign.id) == []


async def test_whom_it_is_for_is_in_the_hash_and_who_changed_the_rows_cannot_start_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "anne", members, now=now)
        plain = await make.a_draft(session, keys, [members], now=now)
        text = await freezing.frozen_text(session, plain.id)
        aside = Addressees((members.id,), aside=Aside((), (("", WITHOUT_ANNE),)))
        assert make.frozen().to(aside.document()).frozen_hash != plain.frozen_hash
        assert make.frozen().to(aside.document()).letter_hash == plain.letter_hash
        assert addressees_in(text) == Addressees((members.id,)).document()
        await lifecycle.approve(session, campaign_id=plain.id, by=NOBODY, now=now)
        plain.aside = aside.aside.document() | {"segments": [["", 'first_name = "Zoé"']]}
        await session.flush()
        await lifecycle.prepare(session, campaign_id=plain.id, batch_size=10, now=now)
        with pytest.raises(CampaignError, match="not what was approved"):
            await lifecycle.start(session, campaign_id=plain.id, now=now)


async def test_what_is_foreseen_is_what_is_written_and_compared_with_the_last_letter(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        first = await make.a_list(session, "premiere", now=now)
        second = await make.a_list(session, "seconde", now=now)
        people = await make.members(session, keys, first, 10, now=now)
        last = await make.a_campaign(session, keys, [first], of=make.letter(number=293), now=now)
        for it in people[:3]:
            await optout.unsubscribe(
                session, subscriber_id=it.id, list_id=first.id, source="test", now=now
            )
        await make.a_person(session, keys, "nouveau", first, second, now=now)
        to = Addressees((first.id,))
        found = await foresee(session, to, LetterNumber(294, "x"), examples=True)
        assert (found.receiving, dict(found.excluded), found.candidates) == (8, {"left": 3}, 11)
        assert found.last is not None
        seen = found.last
        assert (seen.campaign, seen.letter, seen.prepared) == (last.id, 293, 10)
        assert (seen.new, seen.gone) == (1, 3)
        assert found.alarm is None  # two of ten fewer is a fifth, and not more
        assert {reason: len(it) for reason, it in found.examples.items()} == {"": 8, "left": 3}
        again = await foresee(session, to, LetterNumber(293, last.letter_hash))
        assert dict(again.excluded) == {"left": 3, "already": 7}
        everybody = Addressees((first.id, second.id), audience=Audience.ALL)
        wide = await foresee(session, everybody, LetterNumber(293, last.letter_hash))
        assert (wide.receiving, dict(wide.excluded)) == (8, {"left": 3})
        campaign = await make.a_draft(session, keys, [first, second], now=now)
        await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=100, now=now)
        written = await reasons_of(session, campaign)
        assert (written[""], written["left"]) == (wide.receiving, 3)


def test_an_alarm_is_told_in_words_above_a_fifth() -> None:
    def last(prepared: int) -> Foreseen:
        return Foreseen(1204, {}, Last(1, 293, None, prepared, 0, 0))

    assert last(1500).alarm is None
    told = last(3870).alarm
    assert told is not None
    assert told.tell("fr").startswith("1\u202f204 cette fois, 3\u202f870 la dernière")
    assert last(0).alarm is not None


async def test_a_rule_whose_attribute_is_gone_is_told_and_nothing_is_written(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "anne", members, now=now)
        session.add(Attribute(name="mandat", type=AttributeType.TEXT, label="Mandat"))
        await session.flush()
        _, rule = await segments.resolve(session, "mandat = titulaire")
        to = Addressees((members.id,), aside=Aside((), (("", str(rule)),)))
        assert (await foresee(session, to)).receiving == 1
        await session.execute(delete(Attribute))
        with pytest.raises(RuleError, match="mandat"):
            await foresee(session, to)
