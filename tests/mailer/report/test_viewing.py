"""Who looked at whom."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mailer.report import viewing
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from subscribers.people import PersonError
from tests import factories as make

ANNE, JEAN = Actor.account(3, "Anne"), Actor.account(4, "Jean")


async def test_a_look_at_a_person_is_found_by_that_person_also_in_reports(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        seen = await make.a_person(session, keys, "p0000", members, now=now)
        other = await make.a_person(session, keys, "autre", now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now)
        of_seen, of_other = (Address.parse(it.email) for it in (seen, other))
        await viewing.note_person(session, address=of_seen, how="show", by=ANNE, now=now)
        await viewing.note_person(session, address=of_other, how="show", by=ANNE, now=now)
        later = now + timedelta(hours=1)
        for id_, count in ((campaign.id, 1), (campaign.id, 0), (campaign.id + 1, 9)):
            viewing.note_people(
                session, count=count, how="csv", campaign_id=id_, by=JEAN, now=later
            )
        viewing.note_people(session, count=2, how="find", by=JEAN, now=later)
    async with database.reading() as session:
        page = await viewing.of_person(session, address=of_seen)
        of_anne = await viewing.of_person(session, address=of_seen, account_id=3)
        late = await viewing.of_person(session, address=of_seen, since=later)
        unsent = await viewing.of_person(session, address=of_other)
        with pytest.raises(PersonError):
            await viewing.of_person(session, address=Address.parse("nobody@example.org"))
    assert [(it.actor, it.action, it.kind, it.object_id, it.count) for it in page.events] == [
        ("Jean (#4)", AuditAction.PEOPLE_VIEWED, AuditObject.CAMPAIGN, campaign.id, 1),
        ("Anne (#3)", AuditAction.PERSON_VIEWED, AuditObject.PERSON, seen.id, None),
    ]
    assert [it.actor for it in of_anne.events] == ["Anne (#3)"]
    assert [it.actor for it in late.events] == ["Jean (#4)"]
    assert [it.object_id for it in unsent.events] == [other.id]
