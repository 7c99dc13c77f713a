"""The list of every copy, on both databases."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime

import pytest
from sqlalchemy import delete, func, select, update

from mailer.links import Links, OptOutToken
from mailer.models import Audience, Delivery, Status
from mailer.outcomes import Reason
from mailer.reasons import sentence
from mailer.report import copies
from mailer.report.copies import COLUMNS
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from subscribers.models import Subscriber
from tests import factories as make
from tests.factories import IDENTITY, QUEUED, Copy


async def the_csv(database: Database, campaign_id: int, keys: Keys) -> list[dict[str, str]]:
    async with database.reading() as session:
        text = "".join([piece async for piece in copies.as_csv(session, campaign_id, keys)])
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
async def campaign_id(database: Database, now: datetime) -> int:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    return campaign.id


async def test_the_csv_has_the_columns_scripts_rely_on_and_a_row_for_every_candidate(
    database: Database, campaign_id: int, keys: Keys
) -> None:
    rows = await the_csv(database, campaign_id, keys)
    assert len(rows) == 11
    assert tuple(rows[0]) == COLUMNS
    failed = rows[8]
    assert failed | {"message_id": "", "subscriber_id": ""} == {
        "subscriber_id": "",
        "email": f"membre{campaign_id}.8@example.org",
        "list": "membres",
        "status": "failed",
        "reason": "mailbox_full",
        "attempts": "2",
        "first_attempt_at": "2026-11-24T09:01:00Z",
        "last_attempt_at": "2026-11-24T09:02:00Z",
        "relay": "relay.example.org",
        "reply_code": "552",
        "enhanced_code": "5.2.2",
        "reply_text": "5.2.2 Mailbox full",
        "message_id": "",
        "bounce": "",
        "bounce_reason": "",
        "bounced_at": "",
    }


async def test_the_message_id_is_the_copys_own_and_empty_where_nothing_was_tried(
    database: Database, campaign_id: int, keys: Keys
) -> None:
    links = Links(keys, IDENTITY.public_url, IDENTITY.domain)
    for row in await the_csv(database, campaign_id, keys):
        if row["status"] in ("excluded", "sending"):
            assert row["message_id"] == ""
        else:
            assert links.read_message_id(row["message_id"]) is not None


async def test_an_erased_person_leaves_a_row_without_a_name(
    database: Database, campaign_id: int, keys: Keys
) -> None:
    async with database.begin() as session:
        await session.execute(delete(Subscriber).where(Subscriber.email.like("membre%.5@%")))
    erased = (await the_csv(database, campaign_id, keys))[5]
    assert (erased["subscriber_id"], erased["email"], erased["status"]) == ("", "", "sent")


async def test_a_spreadsheet_gets_no_formula_and_no_second_line(
    database: Database, keys: Keys, now: datetime
) -> None:
    evil = Copy(Status.FAILED, "other", ((554, "5.0.0", "@SUM(1)\r\nsecond line"),))
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, (evil,), now=now, names="=cmd{n}")
    (row,) = await the_csv(database, campaign.id, keys)
    assert row["email"].startswith("'=cmd")
    assert row["reply_text"] == "'@SUM(1) second line"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r=", " =", "\x0b@", "＝", "\ufeff="])
def test_no_cell_is_a_formula_to_excel(sign: str) -> None:
    cell = copies.harmless_in_excel(f"{sign}cmd|'/c calc'!A1")
    assert cell.startswith("'")
    assert not re.search(r"[\x00-\x1f]", cell)
    assert copies.harmless_in_excel("a;b=c\td\r\ne") == "a;b=c d e"


async def test_the_csv_for_excel_has_a_mark_semicolons_and_every_cell_in_quotes(
    database: Database, keys: Keys, now: datetime
) -> None:
    replies = ((554, "5.0.0", '=1+1;"x";\r\n\tsecond'),)
    async with database.begin() as session:
        evil = Copy(Status.FAILED, "other", replies)
        campaign = await make.a_campaign_with(session, (evil,), now=now, names="+é{n}")
    async with database.reading() as session:
        pieces = [it async for it in copies.as_csv(session, campaign.id, keys, excel=True)]
    text = "".join(pieces)
    assert text.startswith('\ufeff"subscriber_id";"email";"list"')
    assert text.count("\r\n") == text.count("\n") == 2
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
    assert row["email"].startswith("'+é")
    assert row["reply_text"] == '\'=1+1;"x"; second'
    assert tuple(row) == COLUMNS


async def test_the_csv_that_scripts_rely_on_stays_byte_for_byte(
    database: Database, campaign_id: int, keys: Keys
) -> None:
    async with database.reading() as session:
        text = "".join([it async for it in copies.as_csv(session, campaign_id, keys)])
    assert text.startswith(",".join(COLUMNS) + "\n")
    line = text.splitlines()[9]
    assert re.sub("^[0-9]+", "N", line).startswith(
        f"N,membre{campaign_id}.8@example.org,membres,failed,mailbox_full,2,2026-11-24T09:01:00Z,"
        "2026-11-24T09:02:00Z,relay.example.org,552,5.2.2,5.2.2 Mailbox full,<"
    )
    assert "\r" not in text
    assert ',"4.7.1 Greylisted, come back later",' in text


async def test_pages_leave_out_nobody_and_take_nobody_from_another_campaign(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "PAGE", 2)
    async with database.begin() as session:
        await make.a_campaign_with(session, now=now)
        second = await make.a_campaign_with(
            session, (Copy(Status.SENT, None, (QUEUED,)),) * 5, now=now, list_name="autres"
        )
        await make.a_campaign_with(session, now=now, list_name="encore")
        await session.execute(update(Delivery).values(lease=None))
    async with database.reading() as session:
        found = [copy.email async for copy in copies.every(session, second.id)]
    assert found == [f"membre{second.id}.{n}@example.org" for n in range(5)]


async def test_failed_copies_come_with_sentence_and_answer(
    database: Database, campaign_id: int
) -> None:
    async with database.reading() as session:
        failed = await copies.by_status(session, campaign_id, status=Status.FAILED, limit=20)
    assert [(it.sentence.tell("en") if it.sentence else "", it.answer) for it in failed] == [
        ("The mailbox is full.", "552 5.2.2 Mailbox full"),
        ("The address does not exist (any more).", "550 5.1.1 No such user here"),
    ]


async def test_the_link_to_leave_by_is_the_one_in_the_latest_copy(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = Address.parse("Anne@example.org")
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        person = await make.a_person(session, keys, "anne", members, now=now)
        assert await copies.unsubscribe_link(session, address=anne, keys=keys) is None
        for audience in (Audience.FIRST, Audience.ALL):
            await make.a_campaign(session, keys, [members], now=now, audience=audience)
        latest = (await session.execute(select(func.max(Delivery.id)))).scalar_one()
        link = await copies.unsubscribe_link(session, address=anne, keys=keys)
    assert link is not None
    read = Links(keys, "", "").read_unsubscribe(link.rpartition("/")[2])
    assert read == OptOutToken(person.id, members.id, latest, keys.current)


def test_a_copy_never_offered_to_a_relay_has_a_reason_that_blames_no_relay() -> None:
    told = sentence(Status.FAILED, Reason.OTHER.value)
    assert told is not None
    assert "refused" not in str(told)
    assert "refus" not in told.tell("fr")
