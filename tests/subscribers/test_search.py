"""People found by a part, on both databases; and who said no."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pli.database import Database
from pli.keys import Keys
from subscribers import attributes, noes, optout, people, search
from subscribers.address import Address
from subscribers.models import AttributeType, SuppressionReason
from subscribers.search import SearchFault
from tests import factories as make


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("coeur", ["zoe"]),
        ("CŒUR", ["zoe"]),
        ("zoe élan", ["zoe"]),
        ("elan zoë", ["zoe"]),
        ("d'oise", ["zoe"]),
        ("40.5", ["yann"]),
        ("2026-01", ["yann"]),
        ("100%", ["yann"]),
        ("an", ["yann", "zoe"]),
        ("prénom", []),
        ("first_name", []),
    ],
)
async def test_each_word_stands_somewhere_whatever_its_case_and_accents(
    database: Database, keys: Keys, now: datetime, text: str, found: list[str]
) -> None:
    async with database.begin() as session:
        for name, type in (("n", AttributeType.NUMBER), ("le", AttributeType.DATE)):
            await attributes.declare(session, name=name, type=type, label=name)
        zoe = Address.parse("zoe@example.org")
        yann = Address.parse("yann@example.org")
        await people.add(
            session,
            address=zoe,
            keys=keys,
            first_name="Zoé",
            last_name="Élan",
            attributes={"ville": "Val d'Oise", "note": "Sacré-Cœur"},
            now=now,
        )
        await people.add(
            session,
            address=yann,
            keys=keys,
            attributes={"n": 40.5, "le": now.date().replace(month=1), "taux": "100%"},
            now=now,
        )
        shown, count = await search.find(session, text, limit=10)
        assert [it.person.email.partition("@")[0] for it in shown] == found
        assert count == len(found)


async def test_a_text_without_a_letter_finds_nobody_and_says_so(database: Database) -> None:
    async with database.reading() as session:
        for text in ("", "  ", "%", "_", "\\", "…", "\0"):
            with pytest.raises(SearchFault):
                await search.find(session, text, limit=10)
        assert await search.find(session, "x " * 5_000, limit=10) == ([], 0)


async def test_who_left_and_who_is_barred_is_listed_the_latest_first(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        council = await make.a_list(session, "conseil", now=now)
        anne = await make.a_person(session, keys, "anne", members, council, now=now)
        for n, joined in enumerate((members, council)):
            await optout.unsubscribe(
                session,
                subscriber_id=anne.id,
                list_id=joined.id,
                source="mot",
                now=now + timedelta(days=n),
            )
        found, count = await noes.leavings(session, limit=1)
        assert [(it.email, it.list, it.still_left) for it in found] == [
            ("anne@example.org", "conseil", True)
        ]
        assert count == 2
        found, count = await noes.leavings(session, list_id=members.id, limit=9)
        assert [it.list for it in found] == ["membres"]
        found, count = await noes.leavings(session, since=now + timedelta(hours=1), limit=9)
        assert ([it.list for it in found], count) == (["conseil"], 1)
        for name in ("anne", "inconnu"):
            await session.run_sync(
                optout.suppress,
                address_key=keys.address_key(f"{name}@example.org"),
                reason=SuppressionReason.COMPLAINT,
                source="lettre",
                now=now,
            )
        shown, known, unknown = await noes.barred(session, limit=9)
        assert [(it.email, it.reason, it.source) for it in shown] == [
            ("anne@example.org", SuppressionReason.COMPLAINT, "lettre")
        ]
        assert (known, unknown) == (1, 1)
